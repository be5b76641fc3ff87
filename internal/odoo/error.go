package odoo

import "fmt"

// Kind classes what went wrong in Odoo, the same for every version and
// transport.
type Kind int

// The kinds of errors. Dialects turn a Kind into their own status and body.
const (
	// Server is an error of Odoo's that fits no other kind.
	Server Kind = iota
	// SessionExpired: nobody is logged in with that session.
	SessionExpired
	// CheckIdentity: logged in, but the person must confirm who they are
	// before Odoo goes on (auth_timeout, or an unknown device on 20).
	CheckIdentity
	// AccessDenied: the credential is refused.
	AccessDenied
	// AccessError: the person has no right to that model, record or field.
	AccessError
	// Missing: a record does not exist any more.
	Missing
	// Validation: a constraint or a missing required field.
	Validation
	// User: a failure that Odoo words for people.
	User
	// UnknownModel: the database has no such model.
	UnknownModel
	// UnknownMethod: the model has no such method.
	UnknownMethod
	// BadRequest: unknown field, wrong arguments, malformed domain.
	BadRequest
	// Busy: somebody else holds or has just changed the same records; what was
	// asked may be asked again.
	Busy
	// Unsupported: this version of Odoo can not do what was asked. Message is
	// the gateway's own, and made of the caller's words alone.
	Unsupported
	// Unavailable: Odoo cannot be reached, is overloaded, answers 5xx or cut
	// its answer short. It says nothing about the person's rights.
	Unavailable
	// TooLarge: the answer is larger than the gateway takes.
	TooLarge
	// Canceled: the caller has gone.
	Canceled
)

// Error is a failed call. Message is Odoo's own text, which may name fields
// and records that an application must not see: only package scheme and the
// audit trail may use it unfiltered.
type Error struct {
	Kind    Kind
	Name    string // Odoo's class, such as "odoo.exceptions.AccessError"; "" if none
	Message string
	Err     error // the cause, if any
}

// Error implements error.
func (e *Error) Error() string {
	switch {
	case e.Name != "":
		return fmt.Sprintf("odoo: %s: %s", e.Name, e.Message)
	case e.Err != nil:
		return fmt.Sprintf("odoo: %s: %v", e.Message, e.Err)
	default:
		return "odoo: " + e.Message
	}
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
