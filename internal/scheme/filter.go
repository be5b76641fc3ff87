package scheme

import (
	"context"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Filter removes from the answer to a checked call what must not leave,
// whatever Odoo has sent. The shapes are:
//
//   - search_read, and so read and name_search: a list of records with the
//     fields asked for and id. Those of a read are in the order of its ids,
//     without those that do not exist for the application. Where they are to be
//     loaded without names, a many2one is its id.
//   - search: a list of ids. search_count: a number. create: an id, or a list
//     of ids. write and unlink: true. Rights: a truth value.
//   - read_group and formatted_read_group: groups, with what was asked of them.
//   - default_get: plain values. Methods: a truth value or a number, and true
//     in place of anything else unless the configuration passes it on.
//   - fields_get: an object of open fields with the attributes asked for;
//     relation is shown only where the scheme opens that model, and the models
//     that a reference may be of are not.
//
// A many2one keeps its [id, name]; where the scheme opens the other model but
// not its name, or not that record, the name is "model,id", as Odoo writes a
// record without one. Which records the other model's filter opens is asked of
// src, where there are any.
//
// The error is the one of src as it is, or an *odoo.Error of kind Server for
// an answer of another shape.
func (s *Scheme) Filter(ctx context.Context, src Source, checked Checked, res odoo.Result) (odoo.Result, error) {
	j := s.judge(ctx, src)
	m, err := j.model(checked.Model)
	if err != nil {
		return odoo.Result{}, err
	}
	switch checked.shape {
	case shapeRecords:
		return j.records(m, src, checked, res)
	case shapeFields:
		return j.described(m, checked, res)
	case shapeGroups:
		return j.groupsOf(m, src, checked.groups, res)
	case shapeDefaults:
		return j.defaults(m, checked, res)
	case shapeIDs:
		_, err = odoo.IDs(res.Value)
	case shapeCreated:
		if id, ok := odoo.Int(res.Value); !ok || id <= 0 {
			_, err = odoo.IDs(res.Value)
		}
	case shapeCount:
		if _, ok := odoo.Int(res.Value); !ok {
			err = odoo.ErrShape
		}
	case shapeTruth:
		if k := res.Value.Kind(); k != 't' && k != 'f' || !res.Value.IsValid() {
			err = odoo.ErrShape
		}
	case shapeDone:
		// An addon's own write may answer nothing. An object or a text is nobody's
		// answer to a change: it must not be told as done.
		if k := res.Value.Kind(); k == '{' || k == '"' {
			err = odoo.ErrShape
		}
		res.Value = jsontext.Value("true")
	case shapeMethod:
		res.Value = checked.method.answer(res.Value)
	default:
		return odoo.Result{}, deny(CodeOperation, "method", m.name, "", "method %q is not allowed", checked.Method)
	}
	if err != nil {
		return odoo.Result{}, unexpected(err)
	}
	// Without the records that were found in the value as it came.
	return odoo.Result{Value: res.Value}, nil
}

// answer is what may leave of a method's answer. The call has run: an answer
// that may not be shown is no error.
func (m *Method) answer(v jsontext.Value) jsontext.Value {
	if m.AnyAnswer {
		return v
	}
	switch v.Kind() {
	case 't', 'f', 'n', '0':
		if v.IsValid() {
			return v
		}
	}
	return jsontext.Value("true")
}

func unexpected(err error) error {
	return &odoo.Error{Kind: odoo.Server, Message: "unexpected answer", Err: err}
}

// argument reads a list that Check has written.
func argument(call Checked, name string) []string {
	items, _ := call.Kwargs[name].([]any)
	out := make([]string, 0, len(items))
	for _, item := range items {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (j *judge) records(m *model, src Source, call Checked, res odoo.Result) (odoo.Result, error) {
	records, err := res.Records()
	if err != nil {
		return odoo.Result{}, unexpected(err)
	}
	wanted := argument(call, "fields")
	var names map[string]shown
	if !call.bare {
		if names, err = j.shownNames(m, src, wanted, records); err != nil {
			return odoo.Result{}, err
		}
	}
	short, err := j.shortened(m)
	if err != nil {
		return odoo.Result{}, err
	}
	known, err := j.fields(m.name)
	if err != nil {
		return odoo.Result{}, err
	}
	var columns []column
	for i, r := range records {
		if short {
			shorten(m.name, r)
		}
		kept := r[:0]
		for at, member := range r {
			// Records of one answer have the same members in the same order.
			if at == len(columns) {
				columns = append(columns, column{})
			}
			c := &columns[at]
			if c.name != member.Name || !c.judged {
				*c = column{
					judged: true, name: member.Name, kind: known[member.Name].Type,
					leaves: m.opens(member.Name) && (member.Name == "id" || slices.Contains(wanted, member.Name)),
				}
				c.shown, c.masked = names[member.Name]
			}
			if !c.leaves {
				continue
			}
			if c.masked {
				if member.Value, err = c.shown.mask(member.Value); err != nil {
					return odoo.Result{}, unexpected(err)
				}
			}
			switch c.kind {
			case "properties":
				if member.Value, err = j.properties(m, member.Value); err != nil {
					return odoo.Result{}, err
				}
			case "binary":
				member.Value = content(member.Value)
			case "many2one":
				if call.bare {
					if member.Value, err = unnamed(member.Value); err != nil {
						return odoo.Result{}, unexpected(err)
					}
				}
			}
			kept = append(kept, member)
		}
		records[i] = kept
	}
	if call.ids != nil {
		if records, err = inOrder(call.ids, records); err != nil {
			return odoo.Result{}, unexpected(err)
		}
	}
	return odoo.ResultOf(records, len(res.Value)), nil
}

// column is what becomes of the members at one place of the records.
type column struct {
	judged bool
	name   string
	leaves bool
	kind   string // of the field
	masked bool
	shown  shown
}

// unnamed is a many2one without the name.
func unnamed(v jsontext.Value) (jsontext.Value, error) {
	id, named, err := reference(v)
	if err != nil || !named {
		return v, err
	}
	return strconv.AppendInt(nil, id, 10), nil
}

// content is a file in base64 as all versions have it: 20 answers an object
// that holds it, with its size and name.
func content(v jsontext.Value) jsontext.Value {
	if v.Kind() != '{' {
		return v
	}
	if file, err := members(v); err == nil {
		if text := file.Get("content"); text != nil {
			return text
		}
	}
	return jsontext.Value("false")
}

func inOrder(ids []int64, records []odoo.Record) ([]odoo.Record, error) {
	if areInOrder(ids, records) {
		return records, nil
	}
	byID := make(map[int64]odoo.Record, len(records))
	for _, r := range records {
		id, ok := r.ID()
		if !ok {
			return nil, odoo.ErrShape
		}
		byID[id] = r
	}
	out := make([]odoo.Record, 0, len(ids))
	for _, id := range ids {
		if r, ok := byID[id]; ok {
			out = append(out, r)
		}
	}
	return out, nil
}

// areInOrder tells whether the records are those with these ids already.
func areInOrder(ids []int64, records []odoo.Record) bool {
	return slices.EqualFunc(ids, records, func(id int64, r odoo.Record) bool {
		found, ok := r.ID()
		return ok && found == id
	})
}

func (j *judge) described(m *model, call Checked, res odoo.Result) (odoo.Result, error) {
	fields, err := members(res.Value)
	if err != nil {
		return odoo.Result{}, unexpected(err)
	}
	known, err := j.fields(m.name)
	if err != nil {
		return odoo.Result{}, err
	}
	wanted, attrs := argument(call, "allfields"), argument(call, "attributes")
	kept := make(odoo.Record, 0, len(fields))
	for _, f := range fields {
		if !m.opens(f.Name) && !m.writes(f.Name) || !slices.Contains(wanted, f.Name) {
			continue
		}
		described, err := members(f.Value)
		if err != nil {
			return odoo.Result{}, unexpected(err)
		}
		// What a reference may be chosen from is a list of models.
		models := known[f.Name].Type == "reference"
		f.Value = odoo.AppendRecord(nil, slices.DeleteFunc(described, func(a odoo.Member) bool {
			return !slices.Contains(attrs, a.Name) || a.Name == "relation" && !j.scheme.names(a.Value) ||
				a.Name == "selection" && models
		}))
		kept = append(kept, f)
	}
	return odoo.Result{Value: odoo.AppendRecord(nil, kept)}, nil
}

// names tells whether a JSON string is the name of an open model.
func (s *Scheme) names(v jsontext.Value) bool {
	name, err := odoo.ParseJSON(v, odoo.DefaultLimits)
	if err != nil {
		return false
	}
	text, _ := name.(string)
	return s.Opens(text)
}

// members splits a JSON object.
func members(v jsontext.Value) (odoo.Record, error) {
	list := append(append(jsontext.Value{'['}, v...), ']')
	records, err := odoo.Records(list)
	if err != nil {
		return nil, err
	}
	if len(records) != 1 {
		return nil, odoo.ErrShape
	}
	return records[0], nil
}
