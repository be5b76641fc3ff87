package odootest

import (
	"fmt"
	"html"
	"net/http"
)

// fault is a Python exception on its way to the client.
type fault struct {
	name      string // Python class with its module
	message   string
	arguments []any
	code      int // error.code where it is neither the version's ordinary one nor 100
	status    int // HTTP status on routes that have real ones; 0 = by name
	session   bool
	identity  bool
}

func (f *fault) Error() string { return f.name + ": " + f.message }

// raise makes a fault with its message as the only argument, as Python
// exceptions have by default.
func raise(name, message string) *fault {
	return &fault{name: name, message: message, arguments: []any{message}}
}

func accessDenied() *fault { return raise("odoo.exceptions.AccessDenied", "Access Denied") }

func accessError(message string) *fault { return raise("odoo.exceptions.AccessError", message) }

func userError(message string) *fault { return raise("odoo.exceptions.UserError", message) }

func typeError(message string) *fault { return raise("builtins.TypeError", message) }

// notFound is werkzeug's NotFound inside a JSON-RPC answer.
func notFound() *fault {
	return &fault{
		name:    "werkzeug.exceptions.NotFound",
		message: "404 Not Found: The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.",
		code:    404, status: 404,
	}
}

// httpFault is a werkzeug exception with its status as second argument.
func httpFault(status int, class, message string) *fault {
	return &fault{name: "werkzeug.exceptions." + class, message: message, arguments: []any{message, int64(status)}, status: status}
}

func (t traits) sessionExpired(message string) *fault {
	if message == "" {
		message = "Session expired"
		if t.version >= 20 {
			message = "user is not connected"
		}
	}
	f := raise(t.expiredName, message)
	f.session, f.status = true, http.StatusForbidden
	return f
}

func (t traits) checkIdentity(uid int64) *fault {
	f := raise(t.identityName, fmt.Sprintf("User %d needs to confirm his identity", uid))
	f.session, f.identity, f.status = true, true, http.StatusForbidden
	return f
}

// httpStatus is the status of a fault on a json2 route.
func (f *fault) httpStatus() int {
	if f.status != 0 {
		return f.status
	}
	switch f.name {
	case "odoo.exceptions.AccessError", "odoo.exceptions.AccessDenied":
		return http.StatusForbidden
	case "odoo.exceptions.MissingError":
		return http.StatusNotFound
	case "odoo.exceptions.UserError", "odoo.exceptions.ValidationError":
		return http.StatusUnprocessableEntity
	case "odoo.exceptions.LockError":
		return http.StatusConflict
	}
	return http.StatusInternalServerError
}

// debug is a stand-in for the traceback that Odoo sends to everybody. It
// names a server path so that a test can see whether one gets out.
func (f *fault) debug() string {
	return "Traceback (most recent call last):\n  File \"/usr/lib/python3/dist-packages/odoo/http.py\", line 1, in _serve_db\n" + f.name + ": " + f.message + "\n"
}

// data is the error object of both JSON forms.
func (f *fault) data() object {
	args := f.arguments
	if args == nil {
		args = []any{}
	}
	return object{
		{"name", f.name}, {"message", f.message}, {"arguments", args},
		{"context", object{}}, {"debug", f.debug()},
	}
}

// errorPage is werkzeug's bare error page.
func errorPage(status int, description string) []byte {
	return fmt.Appendf(nil, "<!doctype html>\n<html lang=en>\n<title>%d %s</title>\n<h1>%s</h1>\n<p>%s</p>\n",
		status, http.StatusText(status), http.StatusText(status), description)
}

// redirectPage is the body of werkzeug's redirects.
func redirectPage(location string) []byte {
	l := html.EscapeString(location)
	return fmt.Appendf(nil, "<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n<h1>Redirecting...</h1>\n<p>You should be redirected automatically to the target URL: <a href=\"%s\">%s</a>. If not, click the link.\n", l, l)
}
