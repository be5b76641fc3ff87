package scheme

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Source is what Filter asks of Odoo, as the person in question.
type Source interface {
	odoo.FieldSource
	// Run runs a call of the rules' own, whose answer nobody is shown.
	Run(ctx context.Context, call odoo.Call) (odoo.Result, error)
}

// shown tells of which records of a model the name may be shown.
type shown struct {
	model string
	ids   map[int64]bool
}

// shownNames tells, for each many2one field among those asked for, whose names
// may be shown. A field that is missing shows all.
func (j *judge) shownNames(m *model, src Source, wanted []string, records []odoo.Record) (map[string]shown, error) {
	if !j.scheme.reserved {
		return nil, nil
	}
	all, err := j.fields(m.name)
	if err != nil {
		return nil, err
	}
	out := make(map[string]shown)
	filtered := make(map[*model][]string)
	for _, name := range wanted {
		f := all[name]
		switch other := j.scheme.models[f.Relation]; {
		case f.Type != "many2one" || other == nil:
		case !other.opens("display_name"):
			out[name] = shown{model: other.name}
		case !other.filter.IsEverything():
			filtered[other] = append(filtered[other], name)
		}
	}
	for other, names := range filtered {
		ids, err := related(records, names)
		if err != nil {
			return nil, unexpected(err)
		}
		matching, err := j.matching(other, src, ids)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			out[name] = shown{model: other.name, ids: matching}
		}
	}
	return out, nil
}

// matching are those of the records of m that exist for the application. Where
// the person may not search the model, or its filter cannot be enforced, none do.
func (j *judge) matching(m *model, src Source, ids []int64) (map[int64]bool, error) {
	out := make(map[int64]bool, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	if err := j.enforceable(m); err != nil {
		if d, ok := errors.AsType[*Denied](err); ok && d.Code == CodeClosed {
			return out, nil
		}
		return nil, err
	}
	domain, err := odoo.Where("id", "in", odoo.IDList(ids))
	if err != nil {
		return nil, err
	}
	res, err := src.Run(j.ctx, odoo.Call{
		Model: m.name, Method: "search",
		Kwargs:  map[string]any{"domain": domain.And(m.filter).Value(), "limit": int64(len(ids)), "order": "id"},
		Context: map[string]any{"active_test": false},
	})
	if e, ok := errors.AsType[*odoo.Error](err); ok && e.Kind == odoo.AccessError {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	found, err := odoo.IDs(res.Value)
	if err != nil {
		return nil, unexpected(err)
	}
	for _, id := range found {
		out[id] = true
	}
	return out, nil
}

// related are the ids in the many2one fields of that name, each once.
func related(records []odoo.Record, names []string) ([]int64, error) {
	var out []int64
	for _, r := range records {
		for _, name := range names {
			id, named, err := reference(r.Get(name))
			if err != nil {
				return nil, err
			}
			if named {
				out = append(out, id)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// mask replaces the name in a many2one's [id, name] unless it may be shown.
func (s shown) mask(v jsontext.Value) (jsontext.Value, error) {
	id, named, err := reference(v)
	if err != nil || !named || s.ids[id] {
		return v, err
	}
	return odoo.MarshalValue([]any{id, s.model + "," + strconv.FormatInt(id, 10)})
}

// reference reads a many2one's [id, name]. named is false for whatever has no
// name: false, null, or an id alone.
func reference(v jsontext.Value) (id int64, named bool, err error) {
	if v.Kind() != '[' {
		return 0, false, nil
	}
	parsed, err := odoo.ParseJSON(v, odoo.DefaultLimits)
	if err != nil {
		return 0, false, err
	}
	pair := parsed.([]any)
	if len(pair) != 2 {
		return 0, false, odoo.ErrShape
	}
	id, ok := pair[0].(int64)
	if !ok {
		return 0, false, odoo.ErrShape
	}
	return id, true, nil
}
