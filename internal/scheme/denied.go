package scheme

import "fmt"

// The codes of a Denied.
const (
	CodeModel     = "model_not_allowed"     // the scheme does not open the model
	CodeOperation = "operation_not_allowed" // the method is not among those allowed
	CodeField     = "field_not_allowed"     // the field is hidden, whether it exists or not
	// CodeFieldUnknown: the field would be open, but Odoo did not describe it
	// when its fields were read.
	CodeFieldUnknown = "field_unknown"
	CodeArgument     = "argument_not_allowed" // an argument that the method's signature lacks
	CodeInvalid      = "invalid_argument"     // an argument of the wrong shape
	CodeDomain       = "invalid_domain"       // not a domain, or one too large
	CodeOperator     = "operator_not_allowed" // an operator that would search fields nobody named
	CodeSearch       = "field_not_searchable" // Odoo cannot search by the field
	CodeOrder        = "order_not_allowed"    // Odoo cannot sort by the field, or not by its own values alone
	CodeGroup        = "group_not_allowed"    // records cannot be grouped by it, or not so summed up
	CodeLimit        = "limit_exceeded"       // more records than a call may ask for
	CodeClosed       = "model_closed"         // the configuration's own filter cannot be enforced
	CodeMetadata     = "metadata_missing"     // the model's fields are unknown
	CodeFilter       = "value_not_allowed"    // a value that is fixed, or would take a record out of what is open
	CodeReport       = "report_not_allowed"   // no model of the scheme has the report
)

// Codes are all of them.
var Codes = []string{
	CodeModel, CodeOperation, CodeField, CodeFieldUnknown, CodeArgument, CodeInvalid, CodeDomain, CodeOperator, CodeSearch,
	CodeOrder, CodeGroup, CodeLimit, CodeClosed, CodeMetadata, CodeFilter, CodeReport,
}

// Denied is a call that the scheme refuses. Its message repeats only what the
// caller has said, so it may be shown to an application: whether a hidden
// field exists does not follow from it.
type Denied struct {
	Code  string // one of the Code constants
	Model string
	Field string // the field or path at fault, else ""
	// Configuration is the configured name where CodeClosed is the
	// configuration's fault, else "". Field is then the path in its filter,
	// and Message names neither.
	Configuration string
	Operation     string // the method of the call
	Rule          string // what was being judged: model, method, fields, domain, order, …
	Message       string // for people
}

// Error implements error.
func (d *Denied) Error() string { return d.Message }

// Invalid tells a malformed request from a forbidden one.
func (d *Denied) Invalid() bool {
	switch d.Code {
	case CodeArgument, CodeInvalid, CodeDomain, CodeLimit, CodeFieldUnknown:
		return true
	}
	return false
}

func deny(code, rule, model, field, format string, args ...any) *Denied {
	return &Denied{Code: code, Rule: rule, Model: model, Field: field, Message: fmt.Sprintf(format, args...)}
}

// hidden is the one answer for a field that is not open, whether it exists or not.
func hidden(rule, model, field string) *Denied {
	return deny(CodeField, rule, model, field, "field %q of model %q is not allowed", field, model)
}

// unknown is the answer for a field that is open but does not exist.
func unknown(rule, model, field string) *Denied {
	return deny(CodeFieldUnknown, rule, model, field, "model %q has no field %q", model, field)
}
