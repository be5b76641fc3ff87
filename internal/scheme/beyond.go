package scheme

import (
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// reachable is how far into other models a path leads that a field depends on.
type reachable int

const (
	ownModel reachable = iota // a value looked up by other records, or a sum over them
	records                   // a value of the record in a many2one
	lists                     // a value of the records in lists, too
)

// follow tells how far to follow a path of a field. What has the very name of
// what it is made of is that value, or a sum that tells it: a product's cost
// is the one of its variant. So has a line that Odoo makes with the name of a
// record: invoice_partner_display_name.
func follow(f odoo.Field, path string) reachable {
	switch {
	case f.Related != "", strings.HasSuffix(path, "."+f.Name):
		return lists
	case len(f.Depends) == 1, f.Type == "char" && f.Readonly && nameOf(path):
		return records
	default:
		return ownModel
	}
}

// nameOf tells whether a path leads to the name of another record.
func nameOf(path string) bool {
	return strings.HasSuffix(path, ".name") || strings.HasSuffix(path, ".display_name")
}

// beyond finds the model that a relation leads to. It is nil, and closed, where
// the scheme closes that model or some of its records: a copy would show them.
// It is nil alone where a whitelist says nothing of the model: a field taken
// from there is then one of the model that is open, such as all the fields that
// a variant has of its product.
func (j *judge) beyond(relation string) (next *model, closed bool) {
	if next = j.open(relation); next != nil {
		if !next.filter.IsEverything() {
			return nil, true
		}
		return next, false
	}
	return nil, j.scheme.limit != LimitWhitelist || j.configured(relation) != nil || j.scheme.closed[relation] != "" || sensitive(relation)
}

// startless are fields that a record has for itself, whatever a record beside
// it has under the same name.
var startless = map[string]bool{"name": true, "company_id": true, "currency_id": true, "team_id": true, "user_id": true}

// filled are what Odoo fills fields with without saying so.
var filled = map[place][]string{
	{"crm.lead", "contact_name"}: {"partner_id.name"},
	{"crm.lead", "lang_id"}:      {"partner_id.lang"},
	{"crm.lead", "partner_name"}: {"partner_id.parent_id", "partner_id.company_name"},
	{"crm.lead", "probability"}:  {"email_state", "phone_state"},
}

// starts tells whether a stored field that people may change starts as what a
// hidden field of the same kind holds, and is seldom anything else:
// peppol_endpoint, where vat is hidden, the invoice address, where the customer
// is, or the e-mail address of a lead, where that of contacts is. Where Odoo
// names no more than the record, it is the field of the same name: the street
// of a lead. What Odoo looks up by a hidden field, such as the terms of payment
// of a customer, is of another kind.
func (j *judge) starts(m *model, f odoo.Field, path string) (bool, error) {
	step, rest, dotted := strings.Cut(path, ".")
	all, err := j.fields(m.name)
	if err != nil {
		return false, err
	}
	from := all[step]
	switch {
	case !dotted && sameKind(from, f):
		if !m.opens(step) || m.limit == LimitWhitelist {
			return !m.opens(step), nil
		}
		return j.copied(m, from)
	case dotted && many(from) && follow(f, path) != lists, from.Relation == "":
		return false, nil
	case !dotted && (many(from) || step == f.Name || startless[f.Name]):
		return false, nil
	case !dotted:
		rest = f.Name
	}
	next, closed := j.beyond(from.Relation)
	switch {
	case closed, !m.opens(step) && !many(from):
		return j.taken(from.Relation, rest, f)
	case next == nil:
		return false, nil
	}
	return j.starts(next, f, rest)
}

// taken tells whether a path leads to a field of the same kind.
func (j *judge) taken(model, path string, f odoo.Field) (bool, error) {
	var end odoo.Field
	for step := range strings.SplitSeq(path, ".") {
		if model == "" {
			return false, nil
		}
		all, err := j.fields(model)
		if err != nil {
			return false, err
		}
		end = all[step]
		model = end.Relation
	}
	return sameKind(end, f), nil
}

// fed tells whether a field that people may change is a value of a record of
// another model. Odoo writes many of them back to where they are from.
func (j *judge) fed(m *model, f odoo.Field) (bool, error) {
	paths, err := j.feeding(m.name, f)
	return len(paths) > 0, err
}

// feeding are the paths to what a field is such a value of.
func (j *judge) feeding(model string, f odoo.Field) (paths []string, err error) {
	for _, path := range f.Depends {
		if !strings.Contains(path, ".") || follow(f, path) == ownModel {
			continue
		}
		fed, err := j.taken(model, path, f)
		if err != nil {
			return nil, err
		}
		if fed {
			paths = append(paths, path)
		}
	}
	return paths, nil
}

func sameKind(a, b odoo.Field) bool { return a.Type == b.Type && a.Relation == b.Relation }
