package page

import (
	"net/http"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// Admin is what all pages of the console for administrators share.
type Admin struct {
	// Name and Login are the administrator as Odoo knows them.
	Name, Login string
	// Database is the Odoo database.
	Database string
	// Base is the path of the console.
	Base string
	// Section is the one of the sections that the page belongs to.
	Section string
}

// sections are those of the console: the names of their texts, and where they
// are below Base.
var sections = []struct{ name, path string }{
	{"applications", ""}, {"schemes", "/schemes"}, {"authorizations", "/authorizations"},
	{"codes", "/codes"}, {"audit", "/audit"}, {"settings", "/settings"},
}

// Section is a link to a section of the console.
type Section struct {
	// Text is the key of what it is called.
	Text, URL string
	Current   bool
}

// Sections are all of them.
func (a Admin) Sections() []Section {
	all := make([]Section, len(sections))
	for i, s := range sections {
		all[i] = Section{Text: "admin.nav." + s.name, URL: a.Base + s.path, Current: s.name == a.Section}
	}
	return all
}

// AdminPage is a page of the console.
type AdminPage interface {
	file() string
	images() bool
}

// WriteAdmin writes a page of the console.
func WriteAdmin(w http.ResponseWriter, r *http.Request, p AdminPage) {
	write(w, r, http.StatusOK, p.file(), policy{formAction: "'self'", images: p.images()}, p)
}

// AdminApplications lists applications.
type AdminApplications struct {
	Admin
	Items []administration.Application
	// Archived tells that they are the archived ones, Text what was searched for.
	Archived bool
	Text     string
}

// AdminApplication is one application.
type AdminApplication struct {
	Admin
	Item administration.Application
	// Logo is the path of its logo, "" where there is none.
	Logo string
	// May is what it may do.
	May []scheme.Statement
}

// Application is its title.
func (a AdminApplication) Application() string { return a.Item.Title }

// AdminSchemes lists model schemes and model configurations.
type AdminSchemes struct {
	Admin
	Schemes        []administration.Scheme
	Configurations []administration.Configuration
}

// AdminScheme is one model scheme.
type AdminScheme struct {
	Admin
	Item administration.Scheme
}

// AdminConfiguration is one model configuration.
type AdminConfiguration struct {
	Admin
	Item administration.Configuration
}

// AdminAuthorizations lists authorizations.
type AdminAuthorizations struct {
	Admin
	Items []AdminAuthorization
	// Applications are those to choose from.
	Applications []administration.Application
	// Application, Person and Subject are what was searched for, and Whose is
	// what the subject is called.
	Application, Person, Subject, Whose string
	// Revoked tells that revoked ones are among them, and Done how many the form
	// before has revoked.
	Revoked bool
	Done    int
	// Action is where the forms are posted to.
	Action string
	// Mass is the token of the form that revokes all that the filter names, ""
	// where there is none; MassTitle is the title of the application that it
	// names, "" for all.
	Mass, MassTitle string
	// Next is where the list goes on, "" at its end.
	Next string
}

// MassText is the key of what the form for many does.
func (a AdminAuthorizations) MassText() string {
	switch {
	case a.Subject != "" && a.MassTitle != "":
		return "admin.revoke.both"
	case a.Subject != "":
		return "admin.revoke.person"
	case a.MassTitle != "":
		return "admin.revoke.application"
	default:
		return "admin.revoke.all"
	}
}

// AdminAuthorization is one authorization with the token of the form that
// revokes it.
type AdminAuthorization struct {
	administration.Authorization
	Token string
}

// Says is the key of the text for how the gateway acts as the person.
func (a AdminAuthorization) Says() string {
	c := a.Connection
	switch {
	case !a.RevokedAt.IsZero():
		return "admin.connection.revoked"
	case !c.Live && c.EndReason != "":
		return "admin.connection.ended_by"
	case !c.Live:
		return "admin.connection.ended"
	case c.Kind == "service":
		return "admin.connection.service"
	case c.Kind == "api_key" && !c.ExpiresAt.IsZero():
		return "admin.connection.key_until"
	case c.Kind == "api_key":
		return "admin.connection.key"
	default:
		return "admin.connection.session"
	}
}

// AdminCodes lists authorization codes that are kept for audit.
type AdminCodes struct {
	Admin
	Items        []administration.Code
	Applications []administration.Application
	Application  string
	Next         string
}

// AdminAudit lists events of the audit trail.
type AdminAudit struct {
	Admin
	Items []administration.Event
	// Kinds are those to choose from.
	Kinds        []string
	Applications []administration.Application
	// Kind, Application, Subject and Whom, which is a login, are what was searched
	// for, and Whose is what the subject is called.
	Kind, Application, Subject, Whom, Whose string
	// Looks tells that administrators who looked are among them. LeftOut is how
	// many of those are not, and AllURL where they are listed too.
	Looks   bool
	LeftOut int
	AllURL  string
	Next    string
}

// AdminSettings tells of the gateway itself.
type AdminSettings struct {
	Admin
	// Gateway is the configured name.
	Gateway, Issuer string
	History         *administration.History
}

func (AdminApplications) file() string   { return "admin_applications.html" }
func (AdminApplication) file() string    { return "admin_application.html" }
func (AdminSchemes) file() string        { return "admin_schemes.html" }
func (AdminScheme) file() string         { return "admin_scheme.html" }
func (AdminConfiguration) file() string  { return "admin_configuration.html" }
func (AdminAuthorizations) file() string { return "admin_authorizations.html" }
func (AdminCodes) file() string          { return "admin_codes.html" }
func (AdminAudit) file() string          { return "admin_audit.html" }
func (AdminSettings) file() string       { return "admin_settings.html" }

func (Admin) images() bool              { return false }
func (a AdminApplication) images() bool { return a.Logo != "" }

// Span is a duration in the largest unit that fits it.
func (v Voice) Span(s administration.Seconds) string {
	for _, unit := range []struct {
		key     string
		seconds administration.Seconds
	}{{"span.days", 24 * 60 * 60}, {"span.hours", 60 * 60}, {"span.minutes", 60}} {
		if s >= unit.seconds && s%unit.seconds == 0 {
			return v.Text(unit.key, "count", int(s/unit.seconds))
		}
	}
	return v.Text("span.seconds", "count", int(s))
}
