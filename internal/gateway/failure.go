package gateway

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/caddy-odoo/gateway/internal/ceiling"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// retryAfter is what callers are told to wait when Odoo or the store is away.
const retryAfter = 5 * time.Second

// codeStore is the code of a failure of the store.
const codeStore = "store_unavailable"

// failures words every kind of Odoo error for an application. Odoo's own text
// is never used: it names fields and records that the application may not know.
var failures = map[odoo.Kind]dialect.Failure{
	odoo.Server:         {Kind: dialect.Internal, Code: "odoo_error", Message: "Odoo failed to answer this request"},
	odoo.SessionExpired: {Kind: dialect.Unauthorized, Code: "connection_ended", Message: "The connection to Odoo has ended; connect the application again"},
	// Over a session that is a method's own refusal; the session lives.
	odoo.AccessDenied:  {Kind: dialect.Forbidden, Code: "access_denied", Message: "Odoo does not give this person access"},
	odoo.CheckIdentity: {Kind: dialect.Unauthorized, Code: "identity_check", Message: "Odoo waits for the person to confirm who they are"},
	odoo.AccessError:   {Kind: dialect.Forbidden, Code: "access_error", Message: "Odoo does not give this person access"},
	odoo.Missing:       {Kind: dialect.NotFound, Code: "record_not_found", Message: "Record not found"},
	odoo.Validation:    {Kind: dialect.Invalid, Code: "validation_error", Message: "Odoo refuses these values"},
	odoo.User:          {Kind: dialect.Invalid, Code: "user_error", Message: "Odoo refuses this operation"},
	odoo.UnknownModel:  {Kind: dialect.Invalid, Code: "model_unknown", Message: "Odoo does not know this model"},
	odoo.UnknownMethod: {Kind: dialect.Invalid, Code: "method_unknown", Message: "Odoo does not know this method"},
	odoo.BadRequest:    {Kind: dialect.Invalid, Code: "invalid_arguments", Message: "Odoo does not accept these arguments"},
	odoo.Busy:          {Kind: dialect.Unavailable, Code: "record_busy", Message: "Somebody else works on the same records", RetryAfter: time.Second},
	odoo.Unsupported:   {Kind: dialect.Invalid, Code: "version_unsupported"}, // Message is the error's own
	odoo.Unavailable:   {Kind: dialect.Unavailable, Code: "odoo_unavailable", Message: "Odoo can not be reached", RetryAfter: retryAfter},
	odoo.TooLarge:      {Kind: dialect.Invalid, Code: "answer_too_large", Message: "The answer is too large; ask for fewer records or fields"},
	odoo.Canceled:      {Kind: dialect.Unavailable, Code: "canceled", Message: "The request was canceled", RetryAfter: time.Second},
}

// failure turns any error of rules, connection or store into what an
// application may see.
func failure(err error) *dialect.Failure {
	var known *dialect.Failure
	if errors.As(err, &known) {
		return known
	}
	var denied *scheme.Denied
	if errors.As(err, &denied) {
		return refusal(denied)
	}
	if errors.Is(err, connection.ErrNotAllowed) {
		return unauthorized("This person may not connect the application any more")
	}
	if errors.Is(err, ceiling.ErrFull) {
		return &dialect.Failure{Kind: dialect.Unavailable, Code: "odoo_busy", Message: "Too many calls wait for Odoo", RetryAfter: time.Second}
	}
	if errors.Is(err, connection.ErrNoDatabase) {
		f := failures[odoo.Unavailable]
		f.Message = "Odoo does not have the gateway's database"
		return &f
	}
	var fromOdoo *odoo.Error
	if errors.As(err, &fromOdoo) {
		f, ok := failures[fromOdoo.Kind]
		if !ok {
			f = failures[odoo.Server]
		}
		if fromOdoo.Kind == odoo.Unsupported {
			f.Message = fromOdoo.Message
		}
		if large, ok := errors.AsType[*http.MaxBytesError](err); ok && fromOdoo.Kind == odoo.TooLarge {
			return dialect.TooLarge(large.Limit)
		}
		return challenged(f)
	}
	switch {
	case errors.Is(err, grant.ErrEnded), errors.Is(err, grant.ErrNotFound):
		return challenged(failures[odoo.SessionExpired])
	case errors.Is(err, grant.ErrUnavailable):
		return &dialect.Failure{Kind: dialect.Unavailable, Code: codeStore, Message: "The gateway can not reach its store", RetryAfter: retryAfter}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		f := failures[odoo.Canceled]
		return &f
	default:
		return &dialect.Failure{Kind: dialect.Internal, Code: "internal_error", Message: "The gateway failed to answer this request"}
	}
}

// refusal is what an application may see of a refusal by its model scheme: the
// rules say nothing that the application has not asked.
func refusal(d *scheme.Denied) *dialect.Failure {
	kind := dialect.Forbidden
	if d.Invalid() {
		kind = dialect.Invalid
	}
	return &dialect.Failure{Kind: kind, Code: d.Code, Message: d.Message}
}

// challenged returns a copy, with the challenge that a 401 must carry.
func challenged(f dialect.Failure) *dialect.Failure {
	if f.Kind == dialect.Unauthorized {
		f.Challenge = challenge("invalid_token", f.Message)
	}
	return &f
}
