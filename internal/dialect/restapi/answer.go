package restapi

import (
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// failed is {"code":…,"message":…}.
func failed(status int, message string) odoo.Record {
	text, _ := jsontext.AppendQuote(nil, message) // invalid UTF-8 is replaced
	return odoo.Record{
		{Name: "code", Value: jsontext.Value(strconv.Itoa(status))},
		{Name: "message", Value: text},
	}
}

// flat writes {"code":…,"message":…}.
func flat(w http.ResponseWriter, status int, message string) {
	dialect.Code(w.Header(), status)
	dialect.Write(w, status, odoo.AppendRecord(nil, failed(status, message)))
}

// nested writes {"error":{"code":…,"message":…}}.
func nested(w http.ResponseWriter, status int, message string) {
	dialect.Code(w.Header(), status)
	dialect.Write(w, status, nestedBody(status, message))
}

func nestedBody(status int, message string) []byte {
	inner := odoo.AppendRecord(nil, failed(status, message))
	return odoo.AppendRecord(nil, odoo.Record{{Name: "error", Value: inner}})
}

// TooLarge is the body, with status 403, for an answer of more than so many
// bytes.
func TooLarge(limit int64) []byte {
	return nestedBody(http.StatusForbidden, dialect.TooLarge(limit).Message)
}

func malformed(w http.ResponseWriter, err error) {
	nested(w, http.StatusBadRequest, err.Error())
}

// fail writes a failure in the original's words: 401 and 404 always the same,
// 403 with the reason for whatever Odoo or the rules refuse, malformed values
// among them.
func fail(w http.ResponseWriter, err error) {
	f := dialect.FailureOf(err)
	f.Announce(w.Header())
	switch f.Kind {
	case dialect.Unauthorized:
		flat(w, http.StatusUnauthorized, "Authentication required")
	case dialect.Malformed:
		flat(w, http.StatusBadRequest, f.Message)
	case dialect.NotFound:
		flat(w, http.StatusNotFound, "Record not found")
	case dialect.Forbidden, dialect.Invalid:
		nested(w, http.StatusForbidden, f.Message)
	case dialect.Unavailable:
		flat(w, http.StatusServiceUnavailable, f.Message)
	case dialect.TooMany:
		flat(w, http.StatusTooManyRequests, f.Message)
	default:
		nested(w, http.StatusInternalServerError, f.Message)
	}
}
