package scheme

import (
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// place is a field of a model.
type place struct{ model, field string }

// maxPlaces bounds what the filters of a scheme may depend on: beyond it
// nothing is written.
const maxPlaces = 5000

// reach are the fields, beyond those that a filter names itself on its own
// model, whose values decide which records filters admit: on the way of a
// path, those that Odoo computes a field of a filter from, and those by which
// it finds the records of a list, of a tree, or of a name.
type reach struct {
	places map[place]bool
	lists  map[place]bool // of a many2many: its model and the other one
	full   bool
}

// reached works out once for a call what the filters of the scheme depend on.
func (j *judge) reached() (*reach, error) {
	if j.reach != nil {
		return j.reach, nil
	}
	r := &reach{places: map[place]bool{}, lists: map[place]bool{}}
	for _, name := range j.scheme.order {
		if err := j.reachDomain(r, name, j.scheme.models[name].filter, true); err != nil {
			return nil, err
		}
	}
	j.reach = r
	return r, nil
}

func (j *judge) reachDomain(r *reach, model string, d odoo.Domain, own bool) error {
	_, err := d.Rewrite(func(l odoo.Leaf) (odoo.Domain, error) {
		if l.Constant {
			return odoo.Everything(), nil
		}
		direct := own && l.Sub == nil && !strings.Contains(l.Path, ".")
		at, err := j.reachPath(r, model, l.Path, direct)
		switch {
		case err != nil, at == "":
		case l.Sub != nil:
			err = j.reachDomain(r, at, *l.Sub, false)
		case slices.Contains(treeOperators, l.Operator):
			err = j.reachTree(r, at)
		}
		if err == nil && at != "" && named(l.Value) {
			err = j.reachNames(r, at)
		}
		return odoo.Everything(), err
	})
	return err
}

// reachTree adds what decides which records of a model are below or above one.
// By which of its fields a model is a tree Odoo does not tell: where there is
// no parent_id, it may be by any.
func (j *judge) reachTree(r *reach, model string) error {
	all, err := j.fields(model)
	if err != nil {
		return err
	}
	usual := all["parent_id"].Relation == model
	for _, name := range sortedKeys(all) {
		if f := all[name]; f.Type == "many2one" && f.Relation == model && (name == "parent_id" || !usual) {
			if err := j.reachField(r, model, f, false); err != nil {
				return err
			}
		}
	}
	r.found(model)
	return nil
}

// named tells whether the value of a leaf has a text in it, which on a relation
// is the name of records.
func named(v any) bool {
	isText := func(v any) bool { _, ok := v.(string); return ok }
	list, _ := v.([]any)
	return isText(v) || slices.ContainsFunc(list, isText)
}

// reachNames adds what decides which records of a model a name finds. By which
// fields Odoo finds them it does not tell: any may be among them.
func (j *judge) reachNames(r *reach, model string) error {
	for _, name := range []string{searchField, "display_name"} {
		if _, err := j.reachPath(r, model, name, false); err != nil {
			return err
		}
	}
	all, err := j.fields(model)
	for name := range all {
		r.places[place{model, name}] = true
	}
	return err
}

// found adds what takes records out of lists that name nobody.
func (r *reach) found(model string) {
	for _, name := range archiving {
		r.places[place{model, name}] = true
	}
}

// reachPath adds the fields on a path, and returns the model whose records it
// leads to, or "".
func (j *judge) reachPath(r *reach, model, path string, direct bool) (string, error) {
	for step := range strings.SplitSeq(path, ".") {
		if model == "" {
			return "", nil
		}
		all, err := j.fields(model)
		if err != nil {
			return "", err
		}
		f, ok := all[step]
		if !ok {
			return "", nil
		}
		if err := j.reachField(r, model, f, direct); err != nil {
			return "", err
		}
		if step != "id" {
			model = f.Relation
		}
	}
	return model, nil
}

func (j *judge) reachField(r *reach, model string, f odoo.Field, direct bool) error {
	at := place{model, f.Name}
	if r.places[at] || r.full {
		return nil
	}
	if len(r.places) >= maxPlaces {
		r.full = true
		return nil
	}
	if !direct {
		r.places[at] = true
	}
	switch {
	case f.Type == "one2many" && f.Inverse != "":
		if _, err := j.reachPath(r, f.Relation, f.Inverse, false); err != nil {
			return err
		}
		r.places[place{f.Relation, f.Inverse}] = true
	case f.Type == "many2many":
		r.lists[place{f.Relation, model}] = true
	}
	if many(f) {
		r.found(f.Relation)
	}
	for _, path := range sources(f) {
		if _, err := j.reachPath(r, model, path, false); err != nil {
			return err
		}
	}
	return nil
}

// sources are the paths to what a field is computed from or shows.
func sources(f odoo.Field) []string {
	return slices.DeleteFunc(append(slices.Clone(f.Depends), f.Related), func(path string) bool { return path == "" })
}

// moves tells whether writing a field may change which records a filter
// admits, other than by the value that the filter names itself.
func (j *judge) moves(model string, f odoo.Field) (bool, error) {
	if !j.scheme.filtered {
		return false, nil
	}
	r, err := j.reached()
	if err != nil {
		return false, err
	}
	if r.full || r.places[place{model, f.Name}] || f.Type == "many2many" && r.lists[place{model, f.Relation}] {
		return true, nil
	}
	// What is written to it goes where it is taken from.
	paths, end := sources(f), false
	switch {
	case f.Related != "" || !f.Store:
	case f.Readonly:
		return false, nil
	default: // a value that Odoo may write back, and nothing else on the way
		if paths, err = j.feeding(model, f); err != nil {
			return false, err
		}
		end = true
	}
	for _, path := range paths {
		moved, err := j.movesPath(r, model, path, end)
		if moved || err != nil {
			return moved, err
		}
	}
	return false, nil
}

// movesPath tells whether a filter looks at what is on a path, or at its end alone.
func (j *judge) movesPath(r *reach, model, path string, end bool) (moved bool, err error) {
	for step := range strings.SplitSeq(path, ".") {
		all, err := j.fields(model)
		if err != nil {
			return false, err
		}
		f, ok := all[step]
		if !ok {
			return true, nil
		}
		m := j.scheme.models[model]
		moved = r.places[place{model, step}] || m != nil && m.touches[step]
		if moved && !end {
			return true, nil
		}
		if model = f.Relation; model == "" {
			break
		}
	}
	return moved, nil
}
