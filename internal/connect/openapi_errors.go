package connect

// family is how an interface words its errors.
type family struct {
	// body is the schema of the body.
	body string
	// statuses are those of errors, and when they come.
	statuses map[string]string
}

var failures = map[string]family{
	"json2": {"json2-error", map[string]string{
		"400": badWords, "401": unauthorizedWords, "403": "The model scheme, the scope, or Odoo refuses it.",
		"404": "The record is not there, or is none that can be seen.", "409": "Somebody else changes the same record; try again.",
		"413": "The body is too large.", "415": "The body is not JSON.", "422": "Odoo, or the model scheme, does not accept the arguments.",
		"429": tooManyWords, "500": internalWords, "503": unavailableWords,
	}},
	"restapi": {"restapi-error", map[string]string{
		"400": badWords, "401": unauthorizedWords, "403": "The model scheme, the scope, or Odoo refuses it, or the values.",
		"404": "Nothing is found: the list is empty, or the record is none that can be seen.", "413": "The body is too large.",
		"429": tooManyWords, "500": internalWords, "503": unavailableWords,
	}},
	"orestapi": {"orestapi-error", map[string]string{
		"400": badWords, "401": "The token is not accepted, the model scheme or Odoo refuses it, or nothing is found: this interface has one status for all.",
		"404": "There is nothing at this path, or the model has no icon.", "429": tooManyWords, "500": internalWords, "503": unavailableWords,
	}},
}

const (
	badWords          = "The request can not be understood."
	unauthorizedWords = "The token is missing, over, revoked, or its connection to Odoo has ended."
	tooManyWords      = "The application asks too often; try again later."
	internalWords     = "Odoo or the gateway failed to answer."
	unavailableWords  = "Odoo or the gateway's store is out of reach, or the record is busy; try again."
)

// errorSchemas are the bodies of errors.
func errorSchemas() object {
	plain := object{
		"type": "object", "properties": object{"code": object{"type": "integer"}, "message": object{"type": "string"}},
		"required": []string{"code", "message"},
	}
	return object{
		"restapi-error": object{"anyOf": []object{plain, {
			"type": "object", "properties": object{"error": plain}, "required": []string{"error"},
		}}},
		"orestapi-error": object{
			"type": "object", "properties": object{"orestapi_code": object{"type": "string"}, "orestapi_message": object{"type": "string"}},
			"required": []string{"orestapi_code", "orestapi_message"},
		},
		"json2-error": object{
			"type": "object", "properties": object{
				"name": object{"type": "string", "examples": []string{"odoo.exceptions.AccessError"}}, "message": object{"type": "string"},
				"arguments": object{"type": "array", "items": object{}}, "context": object{"type": "object"},
				"code": object{"type": "string", "examples": []string{"field_not_allowed"}},
			},
			"required": []string{"name", "message", "arguments", "context"},
		},
	}
}

// responses are the errors of all interfaces.
func (d *describing) responses() object {
	all := object{}
	for name, f := range failures {
		for status, words := range f.statuses {
			headers := object{d.Endpoints.Code: ref("headers", d.Endpoints.Code)}
			switch status {
			case "401":
				headers["WWW-Authenticate"] = ref("headers", "WWW-Authenticate")
			case "409", "429", "503":
				headers["Retry-After"] = ref("headers", "Retry-After")
			}
			all[name+"-"+status] = object{"description": words, "headers": headers, "content": inJSON(ref("schemas", f.body))}
		}
	}
	return all
}
