package page

import "net/http"

// Kind is what went wrong.
type Kind int

// The problems that a person may meet in a browser.
const (
	// BadRequest: the link that led here is malformed.
	BadRequest Kind = iota
	// UnknownApplication: no such client_id, or an archived one.
	UnknownApplication
	// UnknownRedirect: the redirect_uri is not registered, or archived.
	UnknownRedirect
	// MissingRedirect: there is no redirect_uri.
	MissingRedirect
	// OtherDatabase: logged in to another Odoo database.
	OtherDatabase
	// NotInternal: only internal users may connect the application.
	NotInternal
	// NotAPerson: internal and portal users may, which leaves the public user
	// and the superuser.
	NotAPerson
	// NotInGroup: only members of Problem.Group may connect the application.
	NotInGroup
	// OdooUnavailable: Odoo did not answer.
	OdooUnavailable
	// DatabaseMissing: Odoo answers, and does not have the configured database.
	DatabaseMissing
	// StoreUnavailable: the gateway can not write its own data.
	StoreUnavailable
	// LoginLoop: Odoo keeps saying both that the person is logged in and not.
	LoginLoop
	// FormRefused: the consent form is too old, was used before, or does not
	// come from this page.
	FormRefused
	// ListRefused: the same of a form of the list of authorizations.
	ListRefused
	// NotAWindow: a page was not asked for by the navigation of a window.
	NotAWindow
	// NotAdministrator: only administrators of Odoo may see the page.
	NotAdministrator
	// NotConfigured: nothing of that name is configured.
	NotConfigured
	// WrongMethod: not GET or POST.
	WrongMethod
)

// Advice is what only administrators of Odoo read on the page.
type Advice struct {
	// ClientID is set where no active application has it; Archived is the title
	// of the application that has it all the same.
	ClientID, Archived string
	// Received is the redirect URI of the request, Registered are those of the
	// application.
	Received   string
	Registered []Registered
}

// Registered is a redirect URI of an application.
type Registered struct {
	URI      string
	Archived bool
}

// Problem is a page that says what happened, the likely cause and what to do.
type Problem struct {
	Kind Kind
	// Application is its title where it is known.
	Application string
	// Group is the XML id of the Odoo group of NotInGroup.
	Group string
	// RequestID finds the entry in the gateway's log.
	RequestID string
	// URL is a way on, "" where there is none. Its text depends on the Kind.
	URL string
	// Mine is where people see what they have connected.
	Mine string
	// Advice is nil for everybody but administrators.
	Advice *Advice
}

// Describe says what a problem is, the likely cause and what to do, for
// programs: in English.
func (k Kind) Describe() string {
	v, key := Voice{catalogue: english}, "problem."+k.String()+"."
	return v.Text(key+"what") + " " + v.Text(key+"cause") + " " + v.Text(key+"do")
}

// String is the name of a problem in logs.
func (k Kind) String() string {
	switch k {
	case UnknownApplication:
		return "unknown_application"
	case UnknownRedirect:
		return "unknown_redirect"
	case MissingRedirect:
		return "missing_redirect"
	case OtherDatabase:
		return "other_database"
	case NotInternal:
		return "not_internal"
	case NotAPerson:
		return "not_a_person"
	case NotInGroup:
		return "not_in_group"
	case OdooUnavailable:
		return "odoo_unavailable"
	case DatabaseMissing:
		return "database_missing"
	case StoreUnavailable:
		return "store_unavailable"
	case LoginLoop:
		return "login_loop"
	case FormRefused:
		return "form_refused"
	case ListRefused:
		return "list_refused"
	case NotAWindow:
		return "not_a_window"
	case NotAdministrator:
		return "not_administrator"
	case NotConfigured:
		return "not_configured"
	case WrongMethod:
		return "wrong_method"
	default:
		return "bad_request"
	}
}

// Status is the HTTP status of a problem.
func (k Kind) Status() int {
	switch k {
	case OtherDatabase, NotInternal, NotAPerson, NotInGroup, LoginLoop, FormRefused, ListRefused, NotAWindow, NotAdministrator:
		return http.StatusForbidden
	case OdooUnavailable, DatabaseMissing, StoreUnavailable:
		return http.StatusServiceUnavailable
	case NotConfigured:
		return http.StatusNotFound
	case WrongMethod:
		return http.StatusMethodNotAllowed
	default:
		return http.StatusBadRequest
	}
}

// WriteProblem writes the page.
func WriteProblem(w http.ResponseWriter, r *http.Request, p Problem) {
	status := p.Kind.Status()
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "10")
	}
	write(w, r, status, "problem.html", policy{formAction: "'none'"}, p)
}
