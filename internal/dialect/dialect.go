// Package dialect holds what every wire interface needs: who asks, the one
// way to run a call, and the one kind of failure. A dialect decodes requests
// into odoo.Call and encodes results; it decides nothing about rights.
package dialect

import (
	"context"
	"net/http"
	"time"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Authenticator tells for whom a request is made. Its error is a *Failure of
// kind Unauthorized, Malformed, Unavailable or TooMany.
type Authenticator interface {
	Authenticate(r *http.Request) (Runner, error)
}

// Runner runs calls for one application as one person. Every error is a
// *Failure.
type Runner interface {
	// Do checks the call against the model scheme, runs it in Odoo and
	// removes from the answer what must not leave.
	Do(ctx context.Context, call odoo.Call) (odoo.Result, error)
	// Models are the models that the application may use and the person may
	// read, in the order of the configuration.
	Models(ctx context.Context) ([]Model, error)
	// Model tells about one model that the application may use and the person
	// may read; any other is a failure of kind Forbidden.
	Model(ctx context.Context, model string) (Model, error)
	// Window tells the window action and menu that show a model in Odoo; ok
	// is false where there is none or the person may not see it.
	Window(ctx context.Context, model string) (w Window, ok bool)
	// Report checks a report against the model scheme and prints it for the
	// records, as one PDF.
	Report(ctx context.Context, name string, ids []int64) ([]byte, error)
	// File reads a file of a record's, as Do reads the field that holds it. One
	// that is empty is NotFound, as a record that is not there.
	File(ctx context.Context, model string, id int64, field string) (File, error)
	// Compat tells whether the application keeps the quirks of the original
	// /restapi answers.
	Compat() bool
}

// File is a file of a record's.
type File struct {
	// Name is what somebody called it, "" where nobody has.
	Name    string
	Content []byte
}

// Model is a model that an application may use.
type Model struct {
	Model string // technical name
	Name  string // display name
	// Icon is the zero value where there is none.
	Icon Icon
}

// Icon is an image file.
type Icon struct {
	Type string // media type, such as "image/png"
	Data []byte
}

// Window is where Odoo's web client shows a model.
type Window struct {
	Action int64
	Menu   int64
}

// Kind is the class of a Failure.
type Kind int

// The kinds of failures.
const (
	// Internal is the gateway's own fault, or an error of Odoo's of no other kind.
	Internal Kind = iota
	// Unauthorized: no valid token, or the connection has ended.
	Unauthorized
	// Forbidden: refused by the model scheme or by Odoo's access rights.
	Forbidden
	// NotFound: no such record, or none that may be seen.
	NotFound
	// Malformed: the credentials of the request are not one that can be read,
	// such as two tokens. A request without any is Unauthorized.
	Malformed
	// Invalid: malformed input, unknown field, constraint, wrong arguments.
	Invalid
	// Unavailable: Odoo or the store is out of reach; try again.
	Unavailable
	// TooMany: the application asks more often than it may; try again.
	TooMany
)

// Failure is an error in a form that may be shown to an application: its
// message names nothing that the application may not know.
type Failure struct {
	Kind Kind
	// Code is stable and machine readable, such as "model_not_allowed".
	Code string
	// Message is for people.
	Message string
	// Challenge is the WWW-Authenticate value of an Unauthorized, Malformed or
	// insufficient_scope failure, else "".
	Challenge string
	// RetryAfter is the wait for Unavailable and TooMany, at least a second.
	RetryAfter time.Duration
}

// Error implements error.
func (f *Failure) Error() string { return f.Message }
