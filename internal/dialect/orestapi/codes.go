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
	notAllowed   string // the words for that
	field        string
}

var (
	modelCodes = codes{
		unauthorized: "OrestapiApplicationGetModel-0010",
		unreadable:   "OrestapiApplicationGetModel-0010",
		closed:       "OrestapiApplicationGetModel-0020",
		notAllowed:   "Invalid model scheme settings. Please contact an Odoo administrator.",
		field:        "OrestapiApplicationGetModel-0020",
	}
	searchCodes = codes{
		unauthorized: "OrestapiNameSearch-0010",
		unreadable:   "OrestapiNameSearch-0021",
		closed:       "OrestapiNameSearch-0022",
		notAllowed:   "Model not allowed",
		field:        "OrestapiNameSearch-0030",
	}
	readCodes = codes{
		unauthorized: "OrestapiContentRecordRead-0010",
		unreadable:   "OrestapiContentRecordRead-0021",
		closed:       "OrestapiContentRecordRead-0030",
		notAllowed:   "Model not allowed",
		field:        "OrestapiContentRecordRead-0060",
	}
	fieldCodes = codes{
		unauthorized: "OrestapiModelFields-0010", // with an s
		unreadable:   "OrestapiModelField-0021",
		closed:       "OrestapiModelField-0022",
		notAllowed:   "Model is not allowed",
		field:        fieldNotFound,
	}
	// The original promised icons and had no endpoint for them: these codes
	// follow the others.
	iconCodes = codes{
		unauthorized: "OrestapiModelIcon-0010",
		unreadable:   "OrestapiModelIcon-0021",
		closed:       "OrestapiModelIcon-0022",
		notAllowed:   "Model not allowed",
		field:        "OrestapiModelIcon-0022",
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
	fieldWithoutModel  = "OrestapiModelField-0020"
	namesMissing       = "OrestapiModelField-0030"
	namesMalformed     = "OrestapiModelField-0031"
	namesNoList        = "OrestapiModelField-0032"
	dataMalformed      = "OrestapiModelField-0040"
	fieldNotFound      = "OrestapiModelField-0040" // the same
	dataNoList         = "OrestapiModelField-0041"
	iconWithoutModel   = "OrestapiModelIcon-0020"
	iconNotFound       = "OrestapiModelIcon-0030"
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

// modelUnknown is the code of a failure: Odoo has no such model. The original
// failed on it.
const modelUnknown = "model_unknown"

// forbidden finds the code and words for a Forbidden failure.
func (c codes) forbidden(f *dialect.Failure) (code, message string) {
	switch f.Code {
	case "insufficient_scope":
		return c.unauthorized, "Not authorized"
	case "scheme_closed", "model_not_allowed":
		return c.closed, c.notAllowed
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
	dialect.Code(w.Header(), status)
	quotedCode, _ := jsontext.AppendQuote(nil, code) // invalid UTF-8 is replaced
	quotedMessage, _ := jsontext.AppendQuote(nil, message)
	dialect.Write(w, status, odoo.AppendRecord(nil, odoo.Record{
		{Name: "orestapi_code", Value: quotedCode},
		{Name: "orestapi_message", Value: quotedMessage},
	}))
}
