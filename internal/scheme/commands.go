package scheme

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// maxDepth is how many lists of records may be written within one another.
const maxDepth = 3

// The commands of Odoo for lists of records.
const (
	commandCreate = iota
	commandUpdate
	commandDelete
	commandUnlink
	commandLink
	commandClear
	commandSet
)

// commands judges what a call does to a list of records: commands alone, never
// a list of ids, whose meaning differs.
func (j *judge) commands(w *writing, m *model, f odoo.Field, v any, depth int) (any, error) {
	list, ok := v.([]any)
	if absent(v) {
		list, ok = nil, true
	}
	if !ok || len(list) > maxCommands {
		return nil, deny(CodeInvalid, "values", m.name, f.Name, "field %q of model %q takes a list of commands", f.Name, m.name)
	}
	if depth >= maxDepth {
		return nil, deny(CodeLimit, "values", m.name, f.Name, "lists of records are written at most %d within one another", maxDepth)
	}
	other := j.configured(f.Relation)
	if other == nil && len(list) > 0 {
		return nil, deny(CodeField, "values", m.name, f.Name, "field %q of model %q takes records of a model that is not allowed", f.Name, m.name)
	}
	out := make([]any, 0, len(list))
	for _, item := range list {
		command, err := j.command(w, listOf{m, f, other}, item, depth)
		if err != nil {
			return nil, err
		}
		out = append(out, command)
	}
	return out, nil
}

// listOf is a field that lists records of another model.
type listOf struct {
	m     *model
	f     odoo.Field
	other *model
}

func (l listOf) malformed() error {
	return deny(CodeInvalid, "values", l.m.name, l.f.Name, "field %q of model %q takes commands such as [0, 0, {…}] or [6, 0, [ids]]", l.f.Name, l.m.name)
}

func (j *judge) command(w *writing, l listOf, item any, depth int) (any, error) {
	parts, ok := item.([]any)
	if !ok || len(parts) == 0 || len(parts) > 3 {
		return nil, l.malformed()
	}
	code, ok := parts[0].(int64)
	if !ok {
		return nil, l.malformed()
	}
	var id int64
	var last any
	if len(parts) > 1 && !absent(parts[1]) {
		if id, ok = parts[1].(int64); !ok {
			return nil, l.malformed()
		}
	}
	if len(parts) > 2 {
		last = parts[2]
	}
	if err := j.enforceable(l.other); err != nil {
		return nil, err
	}
	switch code {
	case commandCreate:
		if err := j.ownership(l, Create); err != nil || len(parts) != 3 {
			return nil, firstError(err, l.malformed())
		}
		vals, err := j.newRecord(w, l.other, last, l.inverse(), depth+1)
		return []any{code, int64(0), vals}, err
	case commandUpdate:
		if err := l.allows(Write); err != nil || len(parts) != 3 || id <= 0 {
			return nil, firstError(err, l.malformed())
		}
		w.out.guard(l.other, []int64{id})
		vals, err := j.changes(w, l.other, last, "", depth+1)
		return []any{code, id, vals}, err
	case commandDelete:
		if err := l.allows(Unlink); err != nil || id <= 0 {
			return nil, firstError(err, l.malformed())
		}
		w.out.guard(l.other, []int64{id})
		return []any{code, id, int64(0)}, w.count(l.m, 1)
	case commandUnlink, commandLink:
		if id <= 0 {
			return nil, l.malformed()
		}
		return []any{code, id, int64(0)}, j.relinked(w, l, []int64{id}, code != commandLink, false)
	case commandClear:
		return []any{code, int64(0), int64(0)}, j.relinked(w, l, nil, true, true)
	case commandSet:
		ids, ok := odoo.ValueIDs(last)
		if _, isList := last.([]any); !ok || !isList {
			return nil, l.malformed()
		}
		return []any{code, int64(0), odoo.IDList(ids)}, j.relinked(w, l, ids, true, true)
	}
	return nil, l.malformed()
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// inverse is the field of the other model by which a one2many lists it.
func (l listOf) inverse() string {
	if l.f.Type == "one2many" {
		return l.f.Inverse
	}
	return ""
}

func (l listOf) allows(op Operation) error {
	if l.other.may(op) {
		return nil
	}
	return deny(CodeOperation, "values", l.other.name, "", "operation %q on model %q is not allowed", op, l.other.name)
}

// ownership judges a command that changes whose records those of a one2many
// are: Odoo writes the many2one on the other side, so no filter may depend on
// it.
func (j *judge) ownership(l listOf, op Operation) error {
	if err := l.allows(op); err != nil || l.f.Type != "one2many" || !j.scheme.filtered {
		return err
	}
	all, err := j.fields(l.other.name)
	if err != nil {
		return err
	}
	f, ok := all[l.f.Inverse]
	moved := !ok || l.other.touches[f.Name]
	if !moved {
		moved, err = j.moves(l.other.name, f)
	}
	if err == nil && moved {
		err = deny(CodeFilter, "values", l.m.name, l.f.Name, "field %q of model %q cannot be written: a filter depends on it", l.f.Name, l.m.name)
	}
	return err
}

// relinked judges commands that add records to a list or take some away. Those
// of a one2many are changed by it, in the field that says whose they are, and
// deleted where they cannot be without their owner. removes: records may leave the list; whole: which ones, ids does
// not tell, so that the other model must have no filter that they could be
// outside of.
func (j *judge) relinked(w *writing, l listOf, ids []int64, removes, whole bool) error {
	if l.f.Type == "one2many" {
		if err := j.ownership(l, Write); err != nil {
			return err
		}
		if _, err := j.writable(l.other, l.f.Inverse); err != nil {
			return err
		}
		if removes {
			if err := l.allows(Unlink); err != nil {
				return err
			}
		}
	}
	if whole && !l.other.filter.IsEverything() {
		return deny(CodeFilter, "values", l.m.name, l.f.Name, "field %q of model %q holds records of a model with a filter: take them away one by one", l.f.Name, l.m.name)
	}
	return j.link(w, l.m, l.f, ids)
}

// writableText tells whether a text can be stored in such a field.
func writableText(kind, s string) bool {
	switch kind {
	case "date", "datetime":
		return len(s) <= 32 && clean(s)
	case "selection":
		return clean(s)
	}
	return len(s) <= maxStored && !strings.ContainsRune(s, 0)
}

// maxStored is the longest text or file of a value, in bytes.
const maxStored = 10 << 20

// base64Text tells whether s is base64, as Odoo takes files.
func base64Text(s string) bool {
	if len(s) > maxStored {
		return false
	}
	_, err := base64.StdEncoding.DecodeString(s)
	return err == nil
}

// clone shares nothing with v.
func clone(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = clone(item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, item := range v {
			out[name] = clone(item)
		}
		return out
	}
	return v
}

// same compares a value with one that the configuration forces.
func same(a, b any) bool {
	if list, ok := a.([]any); ok {
		other, ok := b.([]any)
		return ok && slices.EqualFunc(list, other, same)
	}
	if object, ok := a.(map[string]any); ok {
		other, ok := b.(map[string]any)
		if !ok || len(object) != len(other) {
			return false
		}
		for name, v := range object {
			if w, ok := other[name]; !ok || !same(v, w) {
				return false
			}
		}
		return true
	}
	return a == b || absent(a) && absent(b)
}
