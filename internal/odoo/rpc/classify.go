package rpc

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

const (
	// codeSession marks the two errors about the session itself, in every
	// version. All others have 0, 200 or 404.
	codeSession = 100
	// codeNotFound marks a model that does not exist, from 18 on.
	codeNotFound = 404

	// maxMessage bounds what is kept of Odoo's text, in bytes.
	maxMessage = 4096
)

// kinds class errors by the last part of their Python class. The modules
// before it move between versions.
var kinds = map[string]odoo.Kind{
	"CheckIdentityException": odoo.CheckIdentity,

	"AccessDenied":    odoo.AccessDenied,
	"AccessError":     odoo.AccessError,
	"Forbidden":       odoo.AccessError,
	"MissingError":    odoo.Missing,
	"ValidationError": odoo.Validation,
	"UserError":       odoo.User,
	"RedirectWarning": odoo.User,
	"LockError":       odoo.Busy,

	// Odoo has tried again several times before it says so.
	"ConcurrencyError":         odoo.Busy,
	"SerializationFailure":     odoo.Busy,
	"TransactionRollbackError": odoo.Busy,
	"DeadlockDetected":         odoo.Busy,
	"LockNotAvailable":         odoo.Busy,

	// Python's, for arguments that a method can not work with.
	"ValueError":          odoo.BadRequest,
	"TypeError":           odoo.BadRequest,
	"IndexError":          odoo.BadRequest,
	"KeyError":            odoo.BadRequest,
	"AttributeError":      odoo.BadRequest,
	"AssertionError":      odoo.BadRequest,
	"JSONDecodeError":     odoo.BadRequest,
	"BadRequest":          odoo.BadRequest,
	"UnprocessableEntity": odoo.BadRequest,

	// PostgreSQL's, for values that do not fit a column.
	"DataError":                 odoo.BadRequest,
	"ProgrammingError":          odoo.BadRequest,
	"InvalidTextRepresentation": odoo.BadRequest,
	"NumericValueOutOfRange":    odoo.BadRequest,
	"InvalidDatetimeFormat":     odoo.BadRequest,
	"DatetimeFieldOverflow":     odoo.BadRequest,
	"StringDataRightTruncation": odoo.BadRequest,
	"UndefinedFunction":         odoo.BadRequest,
	"IntegrityError":            odoo.Validation,
	"NotNullViolation":          odoo.Validation,
	"ForeignKeyViolation":       odoo.Validation,
	"UniqueViolation":           odoo.Validation,
	"CheckViolation":            odoo.Validation,
	"OperationalError":          odoo.Unavailable,
	"InterfaceError":            odoo.Unavailable,
	"PoolError":                 odoo.Unavailable,
	"TooManyConnections":        odoo.Unavailable,
	"AdminShutdown":             odoo.Unavailable,
	"QueryCanceled":             odoo.Unavailable,
	"ReadOnlySqlTransaction":    odoo.Unavailable,
	"InFailedSqlTransaction":    odoo.Unavailable,
}

// classify turns the error member of a JSON-RPC answer to a call of a method
// into an error. The traceback that Odoo sends along is dropped here.
func classify(raw jsontext.Value, model, method string) *odoo.Error {
	parsed, err := odoo.ParseJSON(raw, odoo.DefaultLimits)
	if err != nil {
		return &odoo.Error{Kind: odoo.Server, Message: "the error is malformed", Err: err}
	}
	object, _ := parsed.(map[string]any)
	code, _ := object["code"].(int64)
	data, _ := object["data"].(map[string]any)
	e := &odoo.Error{Name: text(data["name"]), Message: clip(text(data["message"]))}
	if e.Message == "" {
		e.Message = clip(text(object["message"]))
	}
	e.Kind = kindOf(e, code, model, method)
	concealSQL(e)
	return e
}

// concealSQL drops a text of the database's: it quotes SQL, or names the server.
func concealSQL(e *odoo.Error) {
	if strings.HasPrefix(e.Name, "psycopg") {
		e.Message, e.Err = "the database refused", concealed(e.Message)
	}
}

// concealed is a text of the database's, to be judged and never shown.
type concealed string

func (concealed) Error() string { return "concealed" }

func kindOf(e *odoo.Error, code int64, model, method string) odoo.Kind {
	class := e.Name[strings.LastIndexByte(e.Name, '.')+1:]
	switch {
	case class == "SessionExpiredException":
		// This error ends connections: half of the mark is no proof.
		if code == codeSession {
			return odoo.SessionExpired
		}
		return odoo.Server
	case class == "AccessDenied" && strings.HasPrefix(e.Message, "Too many login failures"):
		// Odoo refuses whoever comes from this address, for a while: that says
		// nothing about anybody's key.
		return odoo.Unavailable
	case class == "NotFound" && code == codeNotFound, class == "KeyError" && e.Message == model,
		class == "UserError" && model != "" && e.Message == "Object "+model+" doesn't exist":
		// 16 and 17 look an unknown model up without further ado; a KeyError
		// with another text is an unknown field (19) or argument. /jsonrpc has
		// a sentence for it.
		return odoo.UnknownModel
	case class == "KeyError" && e.Message == "lang":
		// 16 fails to word a constraint where the context names no language.
		return odoo.Validation
	case class == "AttributeError" && method != "" && namesMethod(e.Message, method):
		return odoo.UnknownMethod
	}
	return kinds[class] // Server where the class is not listed
}

// namesMethod tells whether the text of an AttributeError is about the method
// that was called. Others come from inside a method that got odd arguments.
func namesMethod(message, method string) bool {
	return strings.HasSuffix(message, " has no attribute '"+method+"'") ||
		strings.HasPrefix(message, "The method '") &&
			(strings.Contains(message, "'"+method+"'") || strings.Contains(message, "."+method+"'"))
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// clip bounds a text and keeps it UTF-8.
func clip(s string) string {
	if len(s) > maxMessage {
		s = strings.ToValidUTF8(s[:maxMessage], "")
	}
	return s
}
