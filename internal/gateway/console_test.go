package gateway

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/console"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// consoleWorld has a console, two people who have connected something, and
// things that must never be shown.
func consoleWorld(t *testing.T, version int) *world {
	t.Helper()
	w := newWorld(t, version)
	w.console, w.auditRetention = &Console{}, 10000*24*time.Hour
	w.apps[0].OwnID, w.apps[0].OwnSecret = "erp", application.Hide("own-secret")
	w.apps[0].Service = &application.Service{Login: "robot", APIKey: application.Hide("robot-key")}
	w.apps[1].Active = false
	w.described = Described{
		Schemes:        []scheme.Definition{{Name: "sales", Title: "Sales", Configurations: []scheme.Configuration{w.model}}},
		Configurations: []scheme.Configuration{w.model}, ChangedBy: "Jane Doe",
	}
	w.reload()
	return w
}

// insider is a browser that is logged in to Odoo.
type insider struct {
	w       *world
	session string
}

func (w *world) insider(login string) insider { return insider{w, w.odoo.NewSession(login)} }

func (v insider) send(method, path, body string, header ...string) (int, http.Header, string) {
	v.w.t.Helper()
	r, err := http.NewRequestWithContext(v.w.t.Context(), method, v.w.url+path, strings.NewReader(body))
	if err != nil {
		v.w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if v.session != "" {
		r.Header.Set("Cookie", "session_id="+v.session)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		v.w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		v.w.t.Fatal(err)
	}
	// Where an address may be broken is nothing that people read.
	return resp.StatusCode, resp.Header, strings.ReplaceAll(string(text), "<wbr>", "")
}

func (v insider) page(path string) string {
	v.w.t.Helper()
	status, _, text := v.send(http.MethodGet, path, "")
	if status != http.StatusOK {
		v.w.t.Fatalf("%s: %d %s", path, status, text)
	}
	return text
}

// form is the token of the form behind a text on a page.
func form(t *testing.T, page, behind string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, behind)
	_, rest, also := strings.Cut(rest, `name="token" value="`)
	token, _, _ := strings.Cut(rest, `"`)
	if !found || !also || token == "" {
		t.Fatalf("no form behind %q: %s", behind, page)
	}
	return url.Values{"token": {token}}.Encode()
}

// consolePages are all pages, as links lead to them.
func consolePages() []string {
	named := map[string]string{console.ApplicationPath: "?name=wiki", console.ConnectPath: "?name=wiki", console.SchemePath: "?name=sales", console.ConfigurationPath: "?name=customer"}
	var all []string
	for _, path := range console.Paths() {
		all = append(all, path+named[path])
	}
	slices.Sort(all)
	return all
}

// Administrators see everything but secrets, before every version of Odoo.
func TestConsoleShows(t *testing.T) {
	for version := 16; version <= 20; version++ {
		w := consoleWorld(t, version)
		bearer, demo := w.connect("wiki", "demo")
		w.get(recordPath, bearer)
		code := grant.NewToken()
		if err := w.store.IssueCode(t.Context(), grant.Code{
			Hash: grant.HashToken(code), Authorization: demo.ID, Application: "wiki", RedirectURI: callback, IssuedAt: w.clock.Now(),
			ExpiresAt: w.clock.Now().Add(time.Minute), RetainUntil: w.clock.Now().Add(time.Hour),
		}); err != nil {
			t.Fatal(err)
		}
		admin := w.insider("admin")
		admin.page(console.SettingsPath) // which the audit trail then shows
		for path, wants := range map[string][]string{
			console.Path:                                 {"Team wiki", "wiki-id", callback, "Signed in as"},
			console.Path + "?state=archived":             {"Team other"},
			console.Path + "?q=TEAM+W":                   {"Team wiki"},
			console.ApplicationPath + "?name=wiki":       {"Team wiki", "One is set; it is not shown", "Internal users", "robot", "read <strong>Customer</strong>: name, email, country_id", "1 hour"},
			console.ConnectPath + "?name=wiki":           {"Team wiki", w.url + oauth.AuthorizePath, "wiki-id", callback, "client_credentials", w.url + "/json/2", "client_secret@-", "outboundAuth", "OpenAPI"},
			console.SchemesPath:                          {"Sales", "Customer", "res.partner"},
			console.SchemePath + "?name=sales":           {"Sales", "Those of its model configurations and no others", "wiki"},
			console.ConfigurationPath + "?name=customer": {"res.partner", "sales"},
			console.AuthorizationsPath:                   {"demo", "Team wiki", "By their Odoo session", "Revoke all authorizations"},
			console.CodesPath:                            {audit.Fingerprint(code), "Team wiki"},
			console.AuditPath + "?all=true":              {"administration_read", "admin", "127.0.0.1"},
			console.SettingsPath:                         {"erp", w.url, w.odoo.Database()},
		} {
			w.events()
			text := admin.page(path)
			if got := w.events(); len(got) == 0 || got[len(got)-1].Kind != audit.AdministrationRead || got[len(got)-1].Detail["admin_login"] != "admin" ||
				slices.ContainsFunc(got[:len(got)-1], func(e audit.Event) bool { return e.Kind != audit.ConfigurationChanged }) {
				t.Errorf("%d: %s leaves %+v", version, path, got)
			}
			for _, want := range wants {
				if !strings.Contains(text, want) {
					t.Errorf("%d: %s lacks %q: %s", version, path, want, text)
				}
			}
			for _, secret := range []string{"wiki-secret", "own-secret", "robot-key", code, bearer, sessionOf(t, w, demo), admin.session} {
				if strings.Contains(text, secret) {
					t.Errorf("%d: %s shows %q", version, path, secret)
				}
			}
		}
		for path, lacks := range map[string]string{
			console.Path: "Team other", console.Path + "?state=archived": "Team wiki", console.Path + "?q=nonsense": "Team wiki",
			console.AuthorizationsPath + "?person=nobody": "Team wiki</a>", console.AuthorizationsPath + "?application=other": "Team wiki</a>",
			console.AuditPath + "?kind=consent": "<code>administration_read",
		} {
			if text := admin.page(path); strings.Contains(text, lacks) {
				t.Errorf("%d: %s shows %q", version, path, lacks)
			}
		}
		for _, path := range []string{console.ApplicationPath + "?name=nonsense", console.ConnectPath, console.SchemePath, console.ConfigurationPath + "?name="} {
			if status, _, _ := admin.send(http.MethodGet, path, ""); status != http.StatusNotFound {
				t.Errorf("%d: %s: %d", version, path, status)
			}
		}
		for _, path := range []string{console.AuditPath, console.CodesPath} {
			if status, h, _ := admin.send(http.MethodGet, path+"?after=nonsense", ""); status != http.StatusSeeOther || h.Get("Location") != path {
				t.Errorf("%d: %s: %d to %s", version, path, status, h.Get("Location"))
			}
		}
	}
}

// Nobody but administrators gets in, whatever is asked for, and what they are
// told is the same for what exists and what does not.
func TestConsoleRefuses(t *testing.T) {
	w := consoleWorld(t, 19)
	_, demo := w.connect("wiki", "demo")
	admin := w.insider("admin")
	revoke := form(t, admin.page(console.AuthorizationsPath), "<h3>")
	refused := func(who string, v insider, want int, header ...string) {
		t.Helper()
		before := len(w.audit.Events())
		for _, path := range append(consolePages(), console.ApplicationPath+"?name=nonsense") {
			status, _, text := v.send(http.MethodGet, path, "", header...)
			for _, leak := range []string{"Team", "wiki", "sales", "Sales", "customer", "demo", demo.ID} {
				if strings.Contains(strings.NewReplacer(w.odoo.Database(), "", path, "").Replace(text), leak) {
					t.Errorf("%s: %s leaks %q: %.1500s", who, path, leak, text)
				}
			}
			if status != want {
				t.Errorf("%s: GET %s: %d", who, path, status)
			}
		}
		if status, _, _ := v.send(http.MethodPost, console.RevokePath, revoke, header...); status != want {
			t.Errorf("%s: POST: %d", who, status)
		}
		if a, err := w.store.Authorization(t.Context(), demo.ID); err != nil || !a.Live() {
			t.Fatalf("%s has revoked it, %v", who, err)
		}
		for _, e := range w.audit.Events()[before:] {
			if e.Kind == audit.AdministrationRead {
				t.Errorf("%s: %+v", who, e)
			}
		}
	}
	refused("an internal user", w.insider("demo"), http.StatusForbidden)
	refused("a portal user", w.insider("portal"), http.StatusForbidden)
	refused("nobody", insider{w: w}, http.StatusSeeOther)
	refused("a dead session", insider{w, "nonsense"}, http.StatusSeeOther)
	refused("a script", admin, http.StatusForbidden, "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Site", "same-origin")
	refused("a frame", admin, http.StatusForbidden, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe", "Sec-Fetch-Site", "same-origin")

	// Demoted between two requests of the same session.
	w.odoo.SetGroup("admin", "base.group_system", false)
	refused("a demoted administrator", admin, http.StatusForbidden)
	w.odoo.SetGroup("admin", "base.group_system", true)

	// A group beside; a person of the portal stays out of it.
	const group = "sales_team.group_sale_manager"
	w.console = &Console{Group: group}
	w.reload()
	w.odoo.SetGroup("demo", group, false)
	refused("not in the group", w.insider("demo"), http.StatusForbidden)
	const open = "base.group_partner_manager" // makes nobody an internal user
	w.console = &Console{Group: open}
	w.reload()
	w.odoo.SetGroup("portal", open, true)
	refused("portal, in the group", w.insider("portal"), http.StatusForbidden)
	w.console = &Console{Group: group}
	w.reload()
	w.odoo.SetGroup("demo", group, true)
	if text := w.insider("demo").page(console.Path); !strings.Contains(text, "Team wiki") {
		t.Errorf("a member of the group sees %s", text)
	}
	if text := admin.page(console.Path); !strings.Contains(text, "Team wiki") {
		t.Errorf("an administrator sees %s", text)
	}
	// The superuser, whom an administrator can become, is nobody.
	if status, _, _ := admin.send(http.MethodGet, "/web/become", ""); status != http.StatusSeeOther {
		t.Fatalf("become: %d", status)
	}
	refused("the superuser", admin, http.StatusForbidden)
}

// Without the console, and outside of its networks, its paths are like any that
// nothing is at, and Odoo is not asked.
func TestConsoleIsNotThere(t *testing.T) {
	w := consoleWorld(t, 19)
	admin := w.insider("admin")
	want, wantHeader, wantText := admin.send(http.MethodGet, "/restapi/1.0/nonsense", "")
	for name, c := range map[string]*Console{"off": nil, "another network": {Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}}} {
		w.console = c
		w.reload()
		w.odoo.ForgetRequests()
		for _, path := range append(consolePages(), console.RevokePath, console.Path+"/nonsense", console.Path+"/") {
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut} {
				status, header, text := admin.send(method, path, "", "X-Forwarded-For", "10.0.0.1")
				if status != want || text != wantText || !slices.Equal(slices.Sorted(maps.Keys(header)), slices.Sorted(maps.Keys(wantHeader))) {
					t.Errorf("%s: %s %s: %d %v %s", name, method, path, status, header, text)
				}
			}
		}
		if asked := w.odoo.Requests(); len(asked) > 0 {
			t.Errorf("%s: Odoo was asked %d times", name, len(asked))
		}
	}
	w.console = &Console{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	w.reload()
	admin.page(console.Path)
	if status, _, _ := admin.send(http.MethodPut, console.Path, ""); status != http.StatusMethodNotAllowed {
		t.Errorf("PUT: %d", status)
	}
}

// Forms revoke what they say, for the administrator and the session that they
// were made for, from our own page, and the audit trail tells who it was.
func TestConsoleRevokes(t *testing.T) {
	w := consoleWorld(t, 19)
	w.apps[1].Active = true
	w.reload()
	admin := w.insider("admin")
	connect := func() (ids [3]string) {
		for i, who := range [3][2]string{{"wiki", "demo"}, {"wiki", "admin"}, {"other", "demo"}} {
			_, a := w.connect(who[0], who[1])
			ids[i] = a.ID
		}
		return ids
	}
	ids := connect()
	lives := func() (all [3]bool) {
		t.Helper()
		for i, id := range ids {
			a, err := w.store.Authorization(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			all[i] = a.Live()
		}
		return all
	}
	one := form(t, admin.page(console.AuthorizationsPath+"?application=other"), "<h3>")
	for name, send := range map[string]func() int{
		"another site": func() int {
			status, _, _ := admin.send(http.MethodPost, console.RevokePath, one, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
			return status
		},
		"another origin": func() int {
			status, _, _ := admin.send(http.MethodPost, console.RevokePath, one, "Origin", "https://evil.example")
			return status
		},
		"a sub-domain": func() int {
			status, _, _ := admin.send(http.MethodPost, console.RevokePath, one, "Sec-Fetch-Site", "same-site")
			return status
		},
		"another session": func() int {
			status, _, _ := w.insider("admin").send(http.MethodPost, console.RevokePath, one)
			return status
		},
		"no token": func() int { status, _, _ := admin.send(http.MethodPost, console.RevokePath, "x=y"); return status },
		"two tokens": func() int {
			status, _, _ := admin.send(http.MethodPost, console.RevokePath, one+"&"+one)
			return status
		},
		"a forged token": func() int {
			status, _, _ := admin.send(http.MethodPost, console.RevokePath, one[:len(one)-2]+"AA")
			return status
		},
		"a token of another page": func() int {
			token := form(t, admin.page(oauth.AuthorizationsPath), "<h2>")
			status, _, _ := admin.send(http.MethodPost, console.RevokePath, token)
			return status
		},
	} {
		if status := send(); status != http.StatusForbidden || lives() != [3]bool{true, true, true} {
			t.Errorf("%s: %d, %v", name, status, lives())
		}
	}
	if status, _, _ := admin.send(http.MethodGet, console.RevokePath+"?"+one, ""); status != http.StatusMethodNotAllowed || lives() != [3]bool{true, true, true} {
		t.Errorf("GET: %d, %v", status, lives())
	}
	w.clock.Advance(time.Hour)
	if status, _, _ := admin.send(http.MethodPost, console.RevokePath, one); status != http.StatusForbidden || lives() != [3]bool{true, true, true} {
		t.Errorf("an old form: %d, %v", status, lives())
	}

	demo, err := w.store.Authorization(t.Context(), ids[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		query, behind string
		left          [3]bool
	}{
		{"?application=other", "<h3>", [3]bool{true, true, false}},
		{"?application=wiki", "<details", [3]bool{false, false, true}},
		{"?subject=" + demo.Subject, "<details", [3]bool{false, true, false}},
		{"?application=wiki&subject=" + demo.Subject, "<details", [3]bool{false, true, true}},
		{"", "<details", [3]bool{false, false, false}},
	} {
		ids = connect()
		w.events()
		text := admin.page(console.AuthorizationsPath + test.query)
		status, h, body := admin.send(http.MethodPost, console.RevokePath, form(t, text, test.behind), "Origin", "null", "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")
		if status != http.StatusSeeOther || h.Get("Location") != console.AuthorizationsPath+test.query {
			t.Fatalf("%q: %d to %s %s", test.query, status, h.Get("Location"), body)
		}
		if lives() != test.left {
			t.Errorf("%q leaves %v, want %v", test.query, lives(), test.left)
		}
		// A form is for what was there when it was shown, and is taken once.
		before := ids
		ids = connect()
		if status, _, _ := admin.send(http.MethodPost, console.RevokePath, form(t, text, test.behind)); status != http.StatusForbidden || lives() != [3]bool{true, true, true} {
			t.Errorf("%q again: %d, %v", test.query, status, lives())
		}
		ids = before
		revoked := map[string]int{}
		for _, e := range w.events() {
			if e.Kind == audit.AuthorizationRevoked {
				revoked[e.Authorization]++
				if e.Address != "127.0.0.1" || e.RequestID == "" || e.Detail["actor"] != "admin" || e.Detail["via"] != "console" || e.Detail["admin_login"] != "admin" ||
					e.Detail["admin"] != oauth.Subject(w.gw.issuer, w.odoo.Database(), w.odoo.UID("admin")) {
					t.Errorf("%q: %+v", test.query, e)
				}
			}
		}
		for i, id := range ids {
			if want := map[bool]int{true: 0, false: 1}[test.left[i]]; revoked[id] != want {
				t.Errorf("%q: %d events for %s", test.query, revoked[id], fmt.Sprint(i))
			}
		}
	}
	// A part of a name does not revoke many.
	connect()
	if text := admin.page(console.AuthorizationsPath + "?person=dem"); strings.Contains(text, "<details") || !strings.Contains(text, "demo") {
		t.Errorf("a search offers %s", text)
	}
}
