package scheme

import (
	"slices"
	"strings"
	"time"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// enforceable tells whether a model's own filter can be enforced for this
// person: every field of it must exist and be searchable, otherwise the leaf
// would be an error, or true, and the model is closed. The fields need not be
// open to the application, nor their models: the administrator wrote it.
func (j *judge) enforceable(m *model) error {
	err := j.exist(m.name, m.filterLeaves)
	if at, ok := err.(*unenforceable); ok {
		d := deny(CodeClosed, "filter", m.name, at.path, "model %q is closed by its configuration: the filter cannot be enforced", m.name)
		d.Configuration = m.label
		return d
	}
	return err
}

// unenforceable is a path in a filter that cannot be searched.
type unenforceable struct{ path string }

func (u *unenforceable) Error() string { return "scheme: no searchable field " + u.path }

// filterLeaf is a leaf of a filter, with its path in steps.
type filterLeaf struct {
	path  string
	hops  []string
	value any
	sub   []filterLeaf // of the domain of any and not any
	down  bool         // there is one
}

// filterLeaves are those of a domain.
func filterLeaves(d odoo.Domain) []filterLeaf {
	var out []filterLeaf
	_, _ = d.Rewrite(func(l odoo.Leaf) (odoo.Domain, error) {
		if l.Constant {
			return odoo.Everything(), nil
		}
		leaf := filterLeaf{path: l.Path, hops: strings.Split(l.Path, "."), value: l.Value, down: l.Sub != nil}
		if leaf.down {
			leaf.sub = filterLeaves(*l.Sub)
		}
		out = append(out, leaf)
		return odoo.Everything(), nil
	})
	return out
}

// exist tells whether all leaves of a filter can be searched.
func (j *judge) exist(model string, leaves []filterLeaf) error {
	for i := range leaves {
		if err := j.leafExists(model, &leaves[i]); err != nil {
			return err
		}
	}
	return nil
}

func (j *judge) leafExists(model string, l *filterLeaf) error {
	for i, hop := range l.hops {
		all, err := j.fields(model)
		if err != nil {
			return err
		}
		f, ok := all[hop]
		// What Odoo searches for a display name is not known.
		if !ok || !f.Searchable || hop == "display_name" {
			return &unenforceable{l.path}
		}
		if err := j.searchedFreely(model, f); err != nil {
			return err
		}
		if i < len(l.hops)-1 || l.down {
			if f.Relation == "" {
				return &unenforceable{l.path}
			}
			model = f.Relation
		} else {
			// A text that a relation is compared with is looked for in the language of the call.
			byName := (f.Relation != "" || hop == "id") && named(l.value)
			j.byLanguage = j.byLanguage || f.Translated || byName
			j.byZone = j.byZone || dayOf(f.Type, l.value)
		}
	}
	return j.exist(model, l.sub)
}

// archivedApart tells whether a filter looks into lists in which archived records
// do not count. Behind a many2one Odoo counts them, in the filter of the model that
// it leads to as well: that would be another one there.
func (j *judge) archivedApart(model string, leaves []filterLeaf) (bool, error) {
	for i := range leaves {
		if apart, err := j.leafApart(model, &leaves[i]); apart || err != nil {
			return apart, err
		}
	}
	return false, nil
}

func (j *judge) leafApart(model string, l *filterLeaf) (bool, error) {
	for i, hop := range l.hops {
		if i == len(l.hops)-1 && !l.down {
			return false, nil
		}
		all, err := j.fields(model)
		if err != nil {
			return false, err
		}
		f := all[hop]
		if !many(f) {
			return false, nil // what is behind it is the same everywhere
		}
		model = f.Relation
		if all, err = j.fields(model); err != nil {
			return false, err
		}
		if slices.ContainsFunc(archiving, func(name string) bool { return all[name].Type == "boolean" }) {
			return true, nil
		}
	}
	return j.archivedApart(model, l.sub)
}

// maxRelated is how many fields that show another one may stand behind one another.
const maxRelated = 8

// searchedFreely notes where a field of a filter is one that Odoo computes when it
// is asked for: the method that searches it may compare names in the language of
// the call, or look for what day it is where the person is.
func (j *judge) searchedFreely(model string, f odoo.Field) error {
	for range maxRelated {
		if f.Store || f.Related == "" {
			break
		}
		at := model
		for step := range strings.SplitSeq(f.Related, ".") {
			all, err := j.fields(at)
			if err != nil {
				return err
			}
			f, model = all[step], at // what is not known is not stored
			if at = f.Relation; at == "" {
				break
			}
		}
	}
	if !f.Store {
		j.byLanguage, j.byZone = true, true
	}
	return nil
}

// dayOf tells whether the time zone decides what a date or a time is compared
// with: since 19 a day, and one that is told from today, begin where the person is.
func dayOf(kind string, v any) bool {
	if items, ok := v.([]any); ok {
		return slices.ContainsFunc(items, func(item any) bool { return dayOf(kind, item) })
	}
	s, ok := v.(string)
	if !ok {
		return false
	}
	switch kind {
	case "date":
		_, err := time.Parse(time.DateOnly, s)
		return err != nil
	case "datetime":
		_, err := time.Parse(time.DateTime, s)
		return err != nil
	}
	return false
}

// selecting are the methods whose call carries the filters. Of all others guards
// prove the records, without a context.
var selecting = map[string]bool{
	"read": true, "search_read": true, "search": true, "search_count": true, "name_search": true, "read_group": true, "formatted_read_group": true,
}

// unheeded takes out of a context what would decide what a filter means that takes
// part: 'not "Won"' is true of a translation of it, and a record that the filter
// leaves out would be there for whoever asks in another language.
func (j *judge) unheeded(method string, env map[string]any) map[string]any {
	if !selecting[method] || len(env) == 0 || !j.byLanguage && !j.byZone {
		return env
	}
	if j.byLanguage {
		delete(env, "lang")
	}
	if j.byZone {
		delete(env, "tz")
	}
	if len(env) == 0 {
		return nil
	}
	return env
}
