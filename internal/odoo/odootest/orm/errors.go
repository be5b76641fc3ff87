package orm

import (
	"fmt"
	"sort"
	"strings"
)

// Error is a Python exception as the object service of Odoo reports it: what
// stands in data.name, data.message and data.arguments of an answer.
type Error struct {
	Name      string // python class, such as "odoo.exceptions.AccessError"
	Message   string
	Arguments []any
}

// Error implements error.
func (e *Error) Error() string { return e.Name + ": " + e.Message }

// The python classes that the simulation raises.
const (
	AccessError       = "odoo.exceptions.AccessError"
	AccessDenied      = "odoo.exceptions.AccessDenied"
	MissingError      = "odoo.exceptions.MissingError"
	ValidationError   = "odoo.exceptions.ValidationError"
	UserError         = "odoo.exceptions.UserError"
	KeyError          = "builtins.KeyError"
	ValueError        = "builtins.ValueError"
	TypeError         = "builtins.TypeError"
	IndexError        = "builtins.IndexError"
	AttributeError    = "builtins.AttributeError"
	AssertionError    = "builtins.AssertionError"
	InvalidText       = "psycopg2.errors.InvalidTextRepresentation"
	UniqueViolation   = "psycopg2.errors.UniqueViolation"
	NotFound          = "werkzeug.exceptions.NotFound"
	UnprocessableData = "werkzeug.exceptions.UnprocessableEntity"
)

// NewError returns an Error whose only argument is its message, as Python
// exceptions have it.
func NewError(name, format string, args ...any) *Error {
	message := fmt.Sprintf(format, args...)
	return &Error{Name: name, Message: message, Arguments: []any{message}}
}

// throw ends the call. It is recovered in one place, DB.run, which undoes what
// the call has written: the same shape as an exception that unwinds a
// transaction, and the reason why the evaluator needs no error result at each
// of its recursive steps.
func throw(name, format string, args ...any) {
	panic(NewError(name, format, args...))
}

var operationVerb = map[string]string{
	"read": "access", "write": "modify", "create": "create", "unlink": "delete",
}

func (t *tx) modelDenied(m *model, operation string) *Error {
	var names []string
	for xmlid, rights := range m.acl {
		if xmlid != "" && strings.Contains(rights, operation[:1]) {
			names = append(names, t.db.groupName(xmlid))
		}
	}
	sort.Strings(names)
	allowed := "No group currently allows this operation."
	if len(names) > 0 {
		allowed = "This operation is allowed for the following groups:\n\t- " + strings.Join(names, "\n\t- ")
	}
	return NewError(AccessError, "You are not allowed to %s '%s' (%s) records.\n\n%s\n\nContact your administrator to request access if necessary.",
		operationVerb[operation], m.label, m.name, allowed)
}

func (t *tx) ruleDenied(m *model, operation string) *Error {
	if t.db.version <= 16 {
		return NewError(AccessError, "Due to security restrictions, you are not allowed to access '%s' (%s) records.\n\nContact your administrator to request access if necessary.", m.label, m.name)
	}
	return NewError(AccessError, "Uh-oh! Looks like you have stumbled upon some top-secret records.\n\nSorry, %s (id=%d) doesn't have '%s' access to:\n- %s (%s)\n\nIf you really, really need access, perhaps you can win over your friendly administrator with a batch of freshly baked cookies.",
		t.userName(), t.uid, operation, m.label, m.name)
}

func (t *tx) fieldDenied(m *model, f *field, operation string) *Error {
	allowed := "always forbidden"
	if f.groups != forbidden {
		var names []string
		for xmlid := range strings.SplitSeq(f.groups, ",") {
			names = append(names, "'"+t.db.groupName(xmlid)+"'")
		}
		allowed = "allowed for groups " + strings.Join(names, ", ")
	}
	switch {
	case t.db.version <= 17:
		return NewError(AccessError, "The requested operation can not be completed due to security restrictions.\n\nDocument type: %s (%s)\nOperation: %s\nUser: %d\nFields:\n- %s (%s)",
			m.label, m.name, operation, t.uid, f.name, allowed)
	case t.db.version == 18:
		return NewError(AccessError, "You do not have enough rights to access the fields \"%s\" on %s (%s). Please contact your system administrator.\n\nOperation: %s\nUser: %d\nFields:\n- %s (%s)",
			f.name, m.label, m.name, operation, t.uid, f.name, allowed)
	default:
		return NewError(AccessError, "You do not have enough rights to access the field \"%s\" on %s (%s). Please contact your system administrator.\n\nOperation: %s\nUser: %d\nGroups: %s",
			f.name, m.label, m.name, operation, t.uid, allowed)
	}
}

func (t *tx) missing(m *model, id int64) *Error {
	return NewError(MissingError, "Record does not exist or has been deleted.\n(Record: %s(%d,), User: %d)", m.name, id, t.uid)
}

func (t *tx) requiredMissing(m *model, f *field) *Error {
	if t.db.version >= 19 {
		return NewError(ValidationError, "The operation cannot be completed: Missing required value for the field '%s' (%s).\nModel: '%s' (%s)\n- create/update: a mandatory field is not set\n- delete: another model requires the record being deleted, you can archive it instead\n",
			f.label, f.name, m.label, m.name)
	}
	return NewError(ValidationError, "The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n- Delete: another model requires the record being deleted. If possible, archive it instead.\n\nModel: %s (%s)\nField: %s (%s)\n",
		m.label, m.name, f.label, f.name)
}

// brokenReference is the answer to a many2one that points nowhere: the ORM
// finds out on 16–18, the database on 19 and later.
func (t *tx) brokenReference(m *model, f *field, id int64) *Error {
	if t.db.version >= 19 {
		return NewError(ValidationError, "The operation cannot be completed: Another model is using the record you are trying to delete.\n\nThe troublemaker is: '%s' (%s)\nThanks to the following constraint: '%s' (%s)\nHow about archiving the record instead?",
			m.label, m.name, f.label, f.name)
	}
	return NewError(MissingError, "Record does not exist or has been deleted.\n(Record: %s(%d,), User: %d)", f.relation, id, t.uid)
}

func (t *tx) unknownMethod(m *model, method string) *Error {
	switch t.db.version {
	case 16:
		return NewError(AttributeError, "type object '%s' has no attribute '%s'", m.name, method)
	case 17:
		return NewError(AttributeError, "The method '%s' does not exist on the model '%s'", method, m.name)
	default:
		return NewError(AttributeError, "The method '%s.%s' does not exist", m.name, method)
	}
}

func (t *tx) privateMethod(m *model, method string) *Error {
	if t.db.version <= 17 {
		return NewError(AccessError, "Private methods (such as %s) cannot be called remotely.", method)
	}
	return NewError(AccessError, "Private methods (such as '%s.%s') cannot be called remotely.", m.name, method)
}

func (t *tx) unknownField(m *model, name string) *Error {
	if t.db.version >= 19 {
		return NewError(ValueError, "Invalid field '%s' on '%s'", name, m.name)
	}
	return NewError(ValueError, "Invalid field '%s' on model '%s'", name, m.name)
}

func (t *tx) unknownFieldWritten(m *model, name string) *Error {
	if t.db.version >= 19 {
		return NewError(KeyError, "%s", name)
	}
	return NewError(ValueError, "Invalid field '%s' on model '%s'", name, m.name)
}

func (t *tx) unknownModel(name string) *Error {
	if t.db.version >= 18 {
		return &Error{Name: NotFound, Message: "404 Not Found: The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.", Arguments: []any{}}
	}
	return NewError(KeyError, "%s", name)
}
