// Package console is the console for administrators of Odoo, in a browser:
// pages of what package administration knows. It reads and revokes.
package console

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/page"
)

// Path is where the console is; all its paths are below it.
const Path = "/restapi/1.0/admin"

// The paths of its pages, and of the one form.
const (
	ApplicationPath    = Path + "/application"
	ConnectPath        = Path + "/connect"
	DownloadPath       = Path + "/connect/download" // a file, not a page
	SchemesPath        = Path + "/schemes"
	SchemePath         = Path + "/scheme"
	ConfigurationPath  = Path + "/configuration"
	AuthorizationsPath = Path + "/authorizations"
	CodesPath          = Path + "/codes"
	AuditPath          = Path + "/audit"
	SettingsPath       = Path + "/settings"
	RevokePath         = Path + "/revoke"
)

// pageSize is how many entries a page lists.
const pageSize = 50

// maxText bounds what is searched for, in bytes.
const maxText = 200

// Door tells who administers, and answers for everybody else; *oauth.Server is
// one.
type Door interface {
	Administrator(w http.ResponseWriter, r *http.Request, rt http.RoundTripper, group, home string) (oauth.Administrator, *http.Request, bool)
	SealForm(a oauth.Administrator, means any) (string, error)
	OpenForm(r *http.Request, a oauth.Administrator, means any) bool
	RefuseForm(w http.ResponseWriter, r *http.Request, home string)
	NotConfigured(w http.ResponseWriter, r *http.Request, home string)
	StoreFailed(w http.ResponseWriter, r *http.Request, err error)
	NoteRevoked(w http.ResponseWriter, a oauth.Administrator, home string, count int)
	TakeRevoked(w http.ResponseWriter, r *http.Request, a oauth.Administrator, home string) int
	Actor(r *http.Request, a oauth.Administrator) administration.Actor
}

// Config configures New. Everything is required, but Group.
type Config struct {
	// Gateway is the configured name, Issuer the public origin.
	Gateway, Issuer string
	// Group is the XML id of an Odoo group whose members may use the console
	// beside those who may change Odoo's settings; "" is none.
	Group string
	Door  Door
	Desk  func(context.Context, administration.Actor) *administration.Desk
}

// Console serves the pages.
type Console struct{ Config }

// New returns a console.
func New(c Config) *Console { return &Console{c} }

// Allowed tells whether an address is in one of the networks; all are where
// there are none.
func Allowed(networks []netip.Prefix, addr netip.Addr) bool {
	return len(networks) == 0 || slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(addr.Unmap()) })
}

// visit is one request of an administrator.
type visit struct {
	w    http.ResponseWriter
	r    *http.Request
	who  oauth.Administrator
	desk *administration.Desk
}

// pages are the sections of the console and what shows them.
var pages = map[string]struct {
	section string
	show    func(*Console, visit, page.Admin) (page.AdminPage, error)
}{
	Path:               {"applications", (*Console).applications},
	ApplicationPath:    {"applications", (*Console).application},
	ConnectPath:        {"applications", (*Console).connect},
	SchemesPath:        {"schemes", (*Console).schemes},
	SchemePath:         {"schemes", (*Console).scheme},
	ConfigurationPath:  {"schemes", (*Console).configuration},
	AuthorizationsPath: {"authorizations", (*Console).authorizations},
	CodesPath:          {"codes", (*Console).codes},
	AuditPath:          {"audit", (*Console).audit},
	SettingsPath:       {"settings", (*Console).settings},
}

// Paths are those of all pages.
func Paths() []string {
	all := make([]string, 0, len(pages))
	for path := range pages {
		all = append(all, path)
	}
	return all
}

// Show serves a page. rt carries calls in the name of this browser.
func (c *Console) Show(w http.ResponseWriter, r *http.Request, rt http.RoundTripper) {
	v, ok := c.enter(w, r, rt)
	if !ok {
		return
	}
	at := pages[r.URL.Path]
	p, err := at.show(c, v, page.Admin{
		Name: v.who.Name, Login: v.who.Login, Database: v.who.Database, Base: Path, Section: at.section,
	})
	switch {
	case errors.Is(err, administration.ErrUnknown):
		c.Door.NotConfigured(w, v.r, Path)
	case errors.As(err, &administration.ErrNoKind{}), errors.Is(err, grant.ErrNotFound):
		// The entry that the page would go on from is kept no more, or somebody
		// has made up a kind of event.
		http.Redirect(w, v.r, r.URL.Path, http.StatusSeeOther)
	case err != nil:
		c.Door.StoreFailed(w, v.r, err)
	default:
		page.WriteAdmin(w, v.r, p)
	}
}

func (c *Console) enter(w http.ResponseWriter, r *http.Request, rt http.RoundTripper) (visit, bool) {
	who, r, ok := c.Door.Administrator(w, r, rt, c.Group, Path)
	if !ok {
		return visit{}, false
	}
	return visit{w: w, r: r, who: who, desk: c.Desk(r.Context(), c.Door.Actor(r, who))}, true
}

// parameter is one of the request's, "" where it is too long to mean anything.
func (v visit) parameter(name string) string {
	value := v.r.URL.Query().Get(name)
	if len(value) > maxText {
		return ""
	}
	return value
}

func (v visit) page() administration.Page {
	return administration.Page{After: v.parameter("after"), Limit: pageSize}
}

// next is the address at which a list goes on, "" at its end.
func (v visit) next(after string, kept ...string) string {
	if after == "" {
		return ""
	}
	return v.with("after", after, kept...)
}

// with is the address of the page with one parameter more, beside those that
// are kept.
func (v visit) with(name, value string, kept ...string) string {
	query := url.Values{name: {value}}
	for _, name := range kept {
		if value := v.parameter(name); value != "" {
			query.Set(name, value)
		}
	}
	return v.r.URL.Path + "?" + query.Encode()
}
