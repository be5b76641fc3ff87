package scheme

import (
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// copied tells whether a field shows what a hidden field holds: one that Odoo
// computes from a hidden field of the same model (email_normalized, where
// email is hidden), one that it takes from the record in a hidden many2one
// (country_code, where country_id is hidden) or from what is hidden of another
// model: see beyond. A computed field that a person may change is a copy where
// it is not stored (company_type, of is_company); one that is stored only
// starts with that value: see starts. For display_name, see shortened.
func (j *judge) copied(m *model, f odoo.Field) (bool, error) {
	paths := f.Depends
	switch {
	case f.Name == "display_name":
		return j.copiedName(m)
	case f.Name == "parent_path":
		return j.ancestors(m)
	case f.Related != "":
		paths = []string{f.Related}
	}
	key := m.name + "." + f.Name
	if j.asked[key] {
		return false, nil // a circle: decided further up
	}
	if j.asked == nil {
		j.asked = map[string]bool{}
	}
	j.asked[key] = true
	defer delete(j.asked, key)
	editable := f.Related == "" && f.Store && !f.Readonly
	for _, path := range paths {
		copied, err := false, error(nil)
		if editable {
			copied, err = j.starts(m, f, path)
		} else {
			copied, err = j.shows(m, path, follow(f, path))
		}
		if copied || err != nil {
			return copied, err
		}
	}
	for _, path := range filled[place{m.name, f.Name}] {
		if copied, err := j.shows(m, path, lists); copied || err != nil {
			return copied, err
		}
	}
	return j.listed(m, f.Related)
}

// ancestors tells whether the parents of a record are hidden, which parent_path
// lists. By which of its fields a model is a tree Odoo does not tell.
func (j *judge) ancestors(m *model) (bool, error) {
	all, err := j.fields(m.name)
	if err != nil {
		return false, err
	}
	for name, f := range all {
		if f.Type == "many2one" && f.Relation == m.name && !m.opens(name) {
			return true, nil
		}
	}
	return false, nil
}

// listed tells whether a field is related to one of a list of records that is
// hidden, or of a sensitive model.
func (j *judge) listed(m *model, related string) (bool, error) {
	step, _, dotted := strings.Cut(related, ".")
	if !dotted {
		return false, nil
	}
	all, err := j.fields(m.name)
	list := all[step]
	return many(list) && (!m.opens(step) || sensitive(list.Relation)), err
}

// shows tells whether a path that a field depends on ends in what is hidden.
func (j *judge) shows(m *model, path string, far reachable) (bool, error) {
	step, rest, dotted := strings.Cut(path, ".")
	all, err := j.fields(m.name)
	if err != nil {
		return false, err
	}
	f, ok := all[step]
	switch {
	case !m.opens(step) && !(dotted && many(f)):
		return true, nil
	case !ok:
		return false, nil
	case step == "display_name":
		if short, err := j.shortened(m); short || err != nil {
			return short, err
		}
		return j.copiedName(m)
	case !dotted:
		if m.limit == LimitWhitelist {
			return false, nil // it is named, and so is what it shows
		}
		return j.copied(m, f)
	case far == ownModel, many(f) && far != lists:
		return false, nil
	}
	next, closed := j.beyond(f.Relation)
	if next == nil {
		return closed && rest != "id", nil
	}
	return j.shows(next, rest, far)
}

// inverted tells whether a list shows from the other side what a hidden field
// holds: the contacts of a company, where the company of a contact is hidden.
// Of a many2many Odoo does not tell the other side: it is taken to be hidden
// where no many2many of the other model that leads here is open.
func (j *judge) inverted(m *model, f odoo.Field) (bool, error) {
	other := j.configured(f.Relation)
	if other == nil || other.limit == LimitNone {
		return false, nil
	}
	if f.Type == "one2many" {
		return f.Inverse != "" && !other.opens(f.Inverse), nil
	}
	all, err := j.fields(other.name)
	if err != nil {
		return false, err
	}
	hidden := false
	for name, back := range all {
		if back.Type != "many2many" || back.Relation != m.name || m.name == other.name && name == f.Name {
			continue
		}
		if other.opens(name) {
			return false, nil
		}
		hidden = true
	}
	return hidden, nil
}

// drawn tells whether a list is made of another that is of a sensitive model:
// message_partner_ids, of message_follower_ids.
func (j *judge) drawn(m *model, f odoo.Field) (bool, error) {
	all, err := j.fields(m.name)
	return slices.ContainsFunc(f.Depends, func(path string) bool {
		return many(all[path]) && sensitive(all[path].Relation)
	}), err
}
