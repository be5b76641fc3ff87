package orestapi

import (
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// codes are the literal error codes of an endpoint. The original has no code
// for a field that is not allowed, because it never refused one.
type codes struct {
	unauthorized string
	unreadable   string // the person may not read the model
	closed       string // the application may not
	field        string
}

var (
	modelCodes = codes{
		unauthorized: "OrestapiApplicationGetModel-0010",
		unreadable:   "OrestapiApplicationGetModel-0010",
		closed:       "OrestapiApplicationGetModel-0020",
		field:        "OrestapiApplicationGetModel-0020",
	}
	searchCodes = codes{
		unauthorized: "OrestapiNameSearch-0010",
		unreadable:   "OrestapiNameSearch-0021",
		closed:       "OrestapiNameSearch-0022",
		field:        "OrestapiNameSearch-0030",
	}
	readCodes = codes{
		unauthorized: "OrestapiContentRecordRead-0010",
		unreadable:   "OrestapiContentRecordRead-0021",
		closed:       "OrestapiContentRecordRead-0030",
		field:        "OrestapiContentRecordRead-0060",
	}
)

// Codes of the original that belong to one place.
const (
	searchWithoutModel = "OrestapiNameSearch-0020"
	readWithoutModel   = "OrestapiContentRecordRead-0020"
	readWithoutIDs     = "OrestapiContentRecordRead-0040"
	recordNotFound     = "OrestapiContentRecordRead 0050" // with a space
	offsetNoInteger    = "OrestapiApplicationGetModel-0050"
	limitNoInteger     = "OrestapiApplicationGetModel-0060"
)

// Codes of the gateway's own, with statuses of their own: the original
// answered these with 500, or not at all.
const (
	malformed   = "OrestapiGateway-0400"
	notFound    = "OrestapiGateway-0404"
	wrongMethod = "OrestapiGateway-0405"
	tooMany     = "OrestapiGateway-0429"
	internal    = "OrestapiGateway-0500"
	unavailable = "OrestapiGateway-0503"
)

// forbidden finds the code and words for a Forbidden failure.
func (c codes) forbidden(f *dialect.Failure) (code, message string) {
	switch f.Code {
	case "model_not_allowed":
		return c.closed, "Model not allowed"
	case "model_closed":
		return c.closed, f.Message
	case "field_not_allowed", "field_not_searchable", "operator_not_allowed", "order_not_allowed":
		return c.field, f.Message
	}
	return c.unreadable, "User does not have read permission to the model"
}

// refusal is an error of the dialect itself.
type refusal struct {
	status  int
	code    string
	message string
}

func (r *refusal) Error() string { return r.message }

// denied is a refusal with the original's status for all of them.
func denied(code, message string) error {
	return &refusal{status: http.StatusUnauthorized, code: code, message: message}
}

// WrongMethod answers a request whose method its path does not have; the
// caller has set Allow.
func WrongMethod(w http.ResponseWriter) {
	refuse(w, http.StatusMethodNotAllowed, wrongMethod, "Method not allowed")
}

// refuse writes {"orestapi_code":…,"orestapi_message":…}.
func refuse(w http.ResponseWriter, status int, code, message string) {
	quotedCode, _ := jsontext.AppendQuote(nil, code) // invalid UTF-8 is replaced
	quotedMessage, _ := jsontext.AppendQuote(nil, message)
	dialect.Write(w, status, odoo.AppendRecord(nil, odoo.Record{
		{Name: "orestapi_code", Value: quotedCode},
		{Name: "orestapi_message", Value: quotedMessage},
	}))
}
