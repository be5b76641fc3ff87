package json2

import (
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// The names that Odoo 19 gives its errors: clients tell them apart by these.
const (
	badRequest    = "werkzeug.exceptions.BadRequest"
	unauthorized  = "werkzeug.exceptions.Unauthorized"
	notFound      = "werkzeug.exceptions.NotFound"
	unsupported   = "werkzeug.exceptions.UnsupportedMediaType"
	tooLarge      = "werkzeug.exceptions.RequestEntityTooLarge"
	unprocessable = "werkzeug.exceptions.UnprocessableEntity"
	tooMany       = "werkzeug.exceptions.TooManyRequests"
	internal      = "werkzeug.exceptions.InternalServerError"
	unavailable   = "werkzeug.exceptions.ServiceUnavailable"
	accessError   = "odoo.exceptions.AccessError"
	missing       = "odoo.exceptions.MissingError"
	validation    = "odoo.exceptions.ValidationError"
	userError     = "odoo.exceptions.UserError"
	lockError     = "odoo.exceptions.LockError"
	valueError    = "builtins.ValueError"
)

// invalid names the kinds of input that Odoo has names of its own for, by the
// code of the failure, and their statuses. An unknown field is 500 in Odoo;
// here it is the client's error, which must not be tried again.
var invalid = map[string]struct {
	status int
	name   string
}{
	"model_unknown":    {http.StatusNotFound, notFound},
	"method_unknown":   {http.StatusNotFound, notFound},
	"validation_error": {http.StatusUnprocessableEntity, validation},
	"user_error":       {http.StatusUnprocessableEntity, userError},
	"field_unknown":    {http.StatusUnprocessableEntity, valueError},
	"invalid_domain":   {http.StatusUnprocessableEntity, valueError},
}

// fail writes a failure as Odoo 19 words its own.
func fail(w http.ResponseWriter, err error) {
	f := dialect.FailureOf(err)
	f.Announce(w.Header())
	status, name := http.StatusInternalServerError, internal
	switch f.Kind {
	case dialect.Unauthorized:
		status, name = http.StatusUnauthorized, unauthorized
	case dialect.Malformed:
		status, name = http.StatusBadRequest, badRequest
	case dialect.Forbidden:
		status, name = http.StatusForbidden, accessError
	case dialect.NotFound:
		status, name = http.StatusNotFound, missing
	case dialect.Invalid:
		status, name = http.StatusUnprocessableEntity, unprocessable
		if known, ok := invalid[f.Code]; ok {
			status, name = known.status, known.name
		}
	case dialect.TooMany:
		status, name = http.StatusTooManyRequests, tooMany
	case dialect.Unavailable:
		status, name = http.StatusServiceUnavailable, unavailable
		if f.Code == "record_busy" {
			status, name = http.StatusConflict, lockError
		}
	}
	writeCode(w, status, name, f.Message, f.Code)
}

// write writes an error that has no code of the gateway's.
func write(w http.ResponseWriter, status int, name, message string) {
	writeCode(w, status, name, message, "")
}

// writeCode writes an error object of Odoo 19's, without its debug. The code
// is the gateway's own and stable, such as "field_not_allowed".
func writeCode(w http.ResponseWriter, status int, name, message, code string) {
	dialect.Code(w.Header(), status)
	text := quote(message)
	arguments := "[" + string(text)
	if len(name) > len("werkzeug") && name[:len("werkzeug")] == "werkzeug" {
		arguments += "," + strconv.Itoa(status) // an HTTP exception's second argument
	}
	body := odoo.Record{
		{Name: "name", Value: quote(name)},
		{Name: "message", Value: text},
		{Name: "arguments", Value: jsontext.Value(arguments + "]")},
		{Name: "context", Value: jsontext.Value("{}")},
	}
	if code != "" {
		body = append(body, odoo.Member{Name: "code", Value: quote(code)})
	}
	dialect.Write(w, status, odoo.AppendRecord(nil, body))
}

func quote(s string) jsontext.Value {
	text, _ := jsontext.AppendQuote(nil, s) // invalid UTF-8 is replaced
	return text
}
