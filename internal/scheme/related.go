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
	// names are those to show, nil for the one that came.
	names map[int64]jsontext.Value
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
	asked := make(map[*model][]string)
	for _, name := range wanted {
		f := all[name]
		if f.Type != "many2one" {
			continue
		}
		if m.hideNames || j.scheme.blacklisted(f.Relation) {
			out[name] = shown{model: f.Relation}
			continue
		}
		other := j.open(f.Relation)
		if other == nil {
			continue
		}
		short, err := j.shortened(other)
		if err != nil {
			return nil, err
		}
		displays, err := j.displays(other)
		switch {
		case err != nil:
			return nil, err
		case !displays:
			out[name] = shown{model: other.name}
		case short, !other.filter.IsEverything():
			asked[other] = append(asked[other], name)
		}
	}
	for other, fields := range asked {
		ids, err := related(records, fields)
		if err != nil {
			return nil, unexpected(err)
		}
		names, err := j.names(other, src, ids)
		if err != nil {
			return nil, err
		}
		for _, name := range fields {
			out[name] = shown{model: other.name, names: names}
		}
	}
	return out, nil
}

// names are the names of those records of m that exist for the application.
// Where the person may not search the model, or its filter cannot be enforced,
// none do.
func (j *judge) names(m *model, src Source, ids []int64) (map[int64]jsontext.Value, error) {
	out := make(map[int64]jsontext.Value, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	if err := j.enforceable(m); err != nil {
		if d, ok := errors.AsType[*Denied](err); ok && d.Code == CodeClosed {
			return out, nil
		}
		return nil, err
	}
	short, err := j.shortened(m)
	if err != nil {
		return nil, err
	}
	all, err := j.fields(m.name)
	if err != nil {
		return nil, err
	}
	field := "id"
	if _, named := all[searchField]; short && named {
		field = searchField
	}
	domain, err := odoo.Where("id", "in", odoo.IDList(ids))
	if err != nil {
		return nil, err
	}
	if domain, err = j.archivedToo(m.name, domain); err != nil {
		return nil, err
	}
	res, err := src.Run(j.ctx, odoo.Call{
		Model: m.name, Method: "search_read",
		Kwargs: map[string]any{
			"domain": domain.And(m.filter).Value(), "fields": []any{field}, "limit": int64(len(ids)), "order": "id",
		},
	})
	if e, ok := errors.AsType[*odoo.Error](err); ok && e.Kind == odoo.AccessError {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	found, err := odoo.Records(res.Value)
	if err != nil {
		return nil, unexpected(err)
	}
	for _, r := range found {
		id, ok := r.ID()
		if !ok {
			return nil, unexpected(odoo.ErrShape)
		}
		out[id] = nil
		if short {
			out[id] = nameOr(m.name, id, r.Get(searchField))
		}
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
	if err != nil || !named {
		return v, err
	}
	name, exists := s.names[id]
	switch {
	case !exists:
		name = nameOr(s.model, id, nil)
	case name == nil:
		return v, nil
	}
	return slices.Concat([]byte{'['}, strconv.AppendInt(nil, id, 10), []byte{','}, name, []byte{']'}), nil
}

// reference reads a many2one's [id, name]. named is false for whatever has no
// name: false, null, or an id alone. Any other form may have one in it.
func reference(v jsontext.Value) (id int64, named bool, err error) {
	switch v.Kind() {
	case '[':
	case 'f', 'n', '0', 0: // 0 where the record lacks it
		return 0, false, nil
	default:
		return 0, false, odoo.ErrShape
	}
	if id, ok := odoo.Reference(v); ok {
		return id, true, nil
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
