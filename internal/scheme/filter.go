package scheme

import (
	"context"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Filter removes from the answer to a checked call what must not leave,
// whatever Odoo has sent. The shapes are:
//
//   - search_read, and so read and name_search: a list of records with the
//     fields asked for and id. Those of a read are in the order of its ids,
//     without those that do not exist for the application.
//   - search: a list of ids. search_count: a number.
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
func (s *Scheme) Filter(ctx context.Context, src Source, call odoo.Call, res odoo.Result) (odoo.Result, error) {
	j := s.judge(ctx, src)
	m, err := j.model(call.Model)
	if err != nil {
		return odoo.Result{}, err
	}
	switch call.Method {
	case "search_read":
		return j.records(m, src, call, res)
	case "search":
		_, err = odoo.IDs(res.Value)
	case "search_count":
		if _, ok := odoo.Int(res.Value); !ok {
			err = odoo.ErrShape
		}
	case "fields_get":
		return j.described(m, call, res)
	default:
		return odoo.Result{}, deny(CodeOperation, "method", m.name, "", "method %q is not allowed", call.Method)
	}
	if err != nil {
		return odoo.Result{}, unexpected(err)
	}
	return res, nil
}

func unexpected(err error) error {
	return &odoo.Error{Kind: odoo.Server, Message: "unexpected answer", Err: err}
}

// argument reads a list that Check has written.
func argument(call odoo.Call, name string) []string {
	items, _ := call.Kwargs[name].([]any)
	out := make([]string, 0, len(items))
	for _, item := range items {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (j *judge) records(m *model, src Source, call odoo.Call, res odoo.Result) (odoo.Result, error) {
	records, err := odoo.Records(res.Value)
	if err != nil {
		return odoo.Result{}, unexpected(err)
	}
	wanted := argument(call, "fields")
	names, err := j.shownNames(m, src, wanted, records)
	if err != nil {
		return odoo.Result{}, err
	}
	short, err := j.shortened(m)
	if err != nil {
		return odoo.Result{}, err
	}
	known, err := j.fields(m.name)
	if err != nil {
		return odoo.Result{}, err
	}
	for i, r := range records {
		if short {
			shorten(m.name, r)
		}
		kept := make(odoo.Record, 0, len(r))
		for _, member := range r {
			if !m.opens(member.Name) || member.Name != "id" && !slices.Contains(wanted, member.Name) {
				continue
			}
			if shown, ok := names[member.Name]; ok {
				if member.Value, err = shown.mask(member.Value); err != nil {
					return odoo.Result{}, unexpected(err)
				}
			}
			if known[member.Name].Type == "properties" {
				if member.Value, err = j.properties(member.Value); err != nil {
					return odoo.Result{}, err
				}
			}
			kept = append(kept, member)
		}
		records[i] = kept
	}
	if ids, ok := requested(call); ok {
		if records, err = inOrder(ids, records); err != nil {
			return odoo.Result{}, unexpected(err)
		}
	}
	return odoo.Result{Value: odoo.AppendRecords(nil, records)}, nil
}

// requested are the ids of a call that was a read: see judge.read.
func requested(call odoo.Call) ([]int64, bool) {
	if call.Context["active_test"] != false {
		return nil, false
	}
	domain, _ := call.Kwargs["domain"].([]any)
	for _, item := range domain {
		leaf, ok := item.([]any)
		if !ok {
			continue
		}
		if len(leaf) != 3 || leaf[0] != "id" || leaf[1] != "in" {
			return nil, false
		}
		return odoo.ValueIDs(leaf[2])
	}
	return nil, false
}

func inOrder(ids []int64, records []odoo.Record) ([]odoo.Record, error) {
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

func (j *judge) described(m *model, call odoo.Call, res odoo.Result) (odoo.Result, error) {
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
		if !m.opens(f.Name) || !slices.Contains(wanted, f.Name) {
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
	_, ok := s.models[text]
	return ok
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
