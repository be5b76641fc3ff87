package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/console"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/oauth"
)

// door is a Door that notes who was sent away, and how. The forms that it seals
// are their own text.
type door struct {
	closed bool
	noted  int
	said   []string
}

func (d *door) Administrator(w http.ResponseWriter, r *http.Request, _ http.RoundTripper, group, _ string) (oauth.Administrator, *http.Request, bool) {
	if d.closed {
		d.said = append(d.said, "closed to all but "+group)
		w.WriteHeader(http.StatusForbidden)
	}
	return oauth.Administrator{Person: oauth.Person{Login: "admin"}, Subject: "sub-admin"}, r, !d.closed
}

func (d *door) SealForm(_ oauth.Administrator, means any) (string, error) {
	text, err := json.Marshal(means)
	return string(text), err
}

func (d *door) OpenForm(r *http.Request, _ oauth.Administrator, means any) bool {
	return json.Unmarshal([]byte(r.PostFormValue("token")), means) == nil
}

func (d *door) RefuseForm(w http.ResponseWriter, _ *http.Request, home string) {
	d.say(w, http.StatusForbidden, "form refused, back to "+home)
}

func (d *door) NotConfigured(w http.ResponseWriter, _ *http.Request, _ string) {
	d.say(w, http.StatusNotFound, "not configured")
}

func (d *door) StoreFailed(w http.ResponseWriter, _ *http.Request, _ error) {
	d.say(w, http.StatusServiceUnavailable, "store failed")
}

func (d *door) say(w http.ResponseWriter, status int, what string) {
	d.said = append(d.said, what)
	w.WriteHeader(status)
}

func (d *door) NoteRevoked(_ http.ResponseWriter, _ oauth.Administrator, _ string, count int) {
	d.noted = count
}

func (d *door) TakeRevoked(http.ResponseWriter, *http.Request, oauth.Administrator, string) int {
	defer func() { d.noted = 0 }()
	return d.noted
}

func (d *door) Actor(*http.Request, oauth.Administrator) administration.Actor {
	return administration.Actor{Via: administration.ViaConsole, Subject: "sub-admin", Login: "admin"}
}

// shelf is a store of three authorizations, one of which is revoked.
type shelf struct {
	grant.Store
	fails   error
	revoked []string
	query   grant.AuditQuery
	leftOut int
}

func (s *shelf) all() []grant.Authorization {
	return []grant.Authorization{
		{ID: "a1", Application: "wiki", Subject: "sub-1", Login: "demo", Name: "Marc Demo", Connection: grant.Connection{Kind: grant.Session, Hash: "h"}},
		{ID: "a2", Application: "wiki", Subject: "sub-2", Login: "mitch", Name: "Mitchell", Connection: grant.Connection{Kind: grant.APIKey, Hash: "h"}},
		{ID: "a3", Application: "shop", Subject: "sub-1", Login: "demo", Name: "Marc Demo", RevokedAt: time.Unix(1, 0)},
	}
}

func (s *shelf) Authorizations(_ context.Context, q grant.AuthorizationQuery) ([]grant.Authorization, error) {
	return slices.DeleteFunc(s.all(), func(a grant.Authorization) bool {
		return !a.Live() && !q.Revoked || q.Application != "" && a.Application != q.Application || q.Subject != "" && a.Subject != q.Subject
	}), s.fails
}

func (s *shelf) Authorization(_ context.Context, id string) (grant.Authorization, error) {
	for _, a := range s.all() {
		if a.ID == id {
			return a, s.fails
		}
	}
	return grant.Authorization{}, grant.ErrNotFound
}

func (s *shelf) RevokeAuthorization(_ context.Context, id string, _ time.Time) error {
	s.revoked = append(s.revoked, id)
	return s.fails
}

func (s *shelf) AuditTrail(_ context.Context, q grant.AuditQuery) (grant.AuditPage, error) {
	s.query = q
	return grant.AuditPage{Entries: []grant.AuditEntry{{ID: "e1", Event: audit.Event{Kind: audit.Consent, Application: "wiki", Subject: "sub-1"}}}, LeftOut: s.leftOut, Next: "more"}, s.fails
}

func (s *shelf) Codes(context.Context, grant.CodeQuery) ([]grant.Code, error) { return nil, s.fails }

func (s *shelf) ObjectHistory(context.Context, grant.ObjectKind, string) (grant.ObjectHistory, error) {
	if s.fails != nil {
		return grant.ObjectHistory{}, s.fails
	}
	return grant.ObjectHistory{}, grant.ErrNotFound
}

type scene struct {
	t       *testing.T
	door    *door
	store   *shelf
	trail   *audit.Memory
	console *console.Console
}

func newScene(t *testing.T) *scene {
	t.Helper()
	registry, err := application.NewRegistry([]application.Application{
		{Name: "wiki", Title: "Team wiki", ClientID: "wiki-id", Secrets: []application.Secret{application.NewSecret("wiki-secret")}, Active: true, Scheme: "sales"},
		{Name: "shop", Title: "Shop", ClientID: "shop-id", Public: true, Scheme: "sales"},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{t: t, door: &door{}, store: &shelf{}, trail: &audit.Memory{}}
	s.console = console.New(console.Config{
		Gateway: "erp", Issuer: "https://erp.example.com", Group: "base.group_erp", Door: s.door,
		Desk: func(_ context.Context, a administration.Actor) *administration.Desk {
			return administration.New(administration.Config{Gateway: "erp", Applications: registry, Store: s.store, Audit: s.trail, Now: time.Now}, a)
		},
	})
	return s
}

func (s *scene) show(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.console.Show(w, httptest.NewRequest(http.MethodGet, path, nil), nil)
	return w
}

func (s *scene) revoke(token string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, console.RevokePath, strings.NewReader(url.Values{"token": {token}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	s.console.Revoke(w, r, nil)
	return w
}

// Whom the door does not let in sees nothing and does nothing: the store is not
// even asked.
func TestClosedDoor(t *testing.T) {
	s := newScene(t)
	s.door.closed, s.store.fails = true, errors.New("asked")
	for _, path := range console.Paths() {
		if w := s.show(path + "?name=wiki"); w.Code != http.StatusForbidden || w.Body.Len() != 0 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if w := s.revoke(`{"i":"a1"}`); w.Code != http.StatusForbidden || len(s.store.revoked) != 0 || len(s.trail.Events()) != 0 {
		t.Errorf("%d, revoked %v, %v", w.Code, s.store.revoked, s.trail.Kinds())
	}
	if len(s.door.said) != len(console.Paths())+1 || s.door.said[0] != "closed to all but base.group_erp" {
		t.Errorf("the door has said %v", s.door.said)
	}
}

// Every page shows itself, once in the audit trail, and says so where the store
// fails or nothing has that name.
func TestPages(t *testing.T) {
	s := newScene(t)
	for path, want := range map[string]string{
		console.Path: "Team wiki", console.Path + "?state=archived": "Shop", console.AuthorizationsPath: "Marc Demo", console.AuthorizationsPath + "?revoked=true": "Shop",
		console.AuditPath: "Team wiki", console.CodesPath: "Nothing", console.SchemesPath: "schemes", console.SettingsPath: "https://erp.example.com",
	} {
		before := len(s.trail.Events())
		if w := s.show(path); w.Code != http.StatusOK || !strings.Contains(strings.ReplaceAll(w.Body.String(), "<wbr>", ""), want) || strings.Contains(w.Body.String(), "wiki-secret") || !strings.Contains(w.Body.String(), `<span class="login">admin · `) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if got := s.trail.Kinds()[before:]; !slices.Equal(got, []audit.Kind{audit.AdministrationRead}) {
			t.Errorf("%s leaves %v", path, got)
		}
	}
	before := len(s.trail.Events())
	for _, path := range []string{console.ApplicationPath, console.SchemePath + "?name=x", console.ConfigurationPath + "?name=x", console.AuthorizationsPath + "?application=x"} {
		if w := s.show(path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	s.store.fails = grant.ErrUnavailable
	for _, path := range []string{console.AuthorizationsPath, console.AuditPath, console.CodesPath, console.SettingsPath, console.ApplicationPath + "?name=wiki"} {
		if w := s.show(path); w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s without a store: %d", path, w.Code)
		}
	}
	s.store.fails = grant.ErrNotFound // an entry to go on from that is kept no more
	if w := s.show(console.AuditPath + "?after=gone&kind=consent"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != console.AuditPath {
		t.Errorf("%d to %s", w.Code, w.Header().Get("Location"))
	}
	if got := s.trail.Kinds()[before:]; len(got) != 0 {
		t.Errorf("what was not shown leaves %v", got)
	}
}

// What is searched for goes on to the next page, in known parameters alone; a
// text that is too long means nothing.
func TestSearches(t *testing.T) {
	s := newScene(t)
	w := s.show(console.AuditPath + "?kind=consent&application=wiki&subject=sub-1&login=demo&evil=%22%3E%3Cscript%3E")
	if want := (grant.AuditQuery{
		Kind: audit.Consent, Without: audit.AdministrationRead, Application: "wiki", Subject: "sub-1", Login: "demo", Subjects: []string{"sub-1"}, Limit: 50,
	}); !reflect.DeepEqual(s.store.query, want) {
		t.Errorf("asked for %+v", s.store.query)
	}
	if next := console.AuditPath + "?after=more&amp;application=wiki&amp;kind=consent&amp;login=demo&amp;subject=sub-1"; !strings.Contains(w.Body.String(), next) || strings.Contains(w.Body.String(), "evil") {
		t.Errorf("no %s in %s", next, w.Body)
	}
	for query, want := range map[string]struct {
		without audit.Kind
		link    string
	}{
		"?login=demo":               {audit.AdministrationRead, "?all=true&amp;login=demo"},
		"?all=true":                 {"", ""},
		"?kind=administration_read": {"", ""},
	} {
		s.store.leftOut = 0
		if want.link != "" {
			s.store.leftOut = 7
		}
		text := s.show(console.AuditPath + query).Body.String()
		if s.store.query.Without != want.without || strings.Contains(text, "7 looks of administrators are left out.") != (want.link != "") || !strings.Contains(text, console.AuditPath+want.link) {
			t.Errorf("%s: asked without %q: %s", query, s.store.query.Without, text)
		}
	}
	if w := s.show(console.AuditPath + "?kind=nonsense"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != console.AuditPath {
		t.Errorf("an unknown kind: %d to %s", w.Code, w.Header().Get("Location"))
	}
	s.show(console.AuditPath + "?kind=" + strings.Repeat("x", 201))
	if s.store.query.Kind != "" {
		t.Errorf("asked for a kind of %d bytes", len(s.store.query.Kind))
	}
}

// Forms for one authorization stand at those that live, and one for all where
// exactly what is listed would be revoked.
func TestForms(t *testing.T) {
	s := newScene(t)
	for query, want := range map[string]struct {
		one  []string
		mass string
	}{
		"":                               {[]string{"a1", "a2"}, `{"all":true}`},
		"?application=wiki":              {[]string{"a1", "a2"}, `{"all":true,"a":"wiki","b":"application=wiki"}`},
		"?subject=sub-1&revoked=true":    {[]string{"a1"}, `{"all":true,"s":"sub-1","b":"subject=sub-1\u0026revoked=true"}`},
		"?person=dEMO":                   {[]string{"a1"}, ""}, // too loose for revoking many
		"?application=shop&revoked=true": {nil, ""},
	} {
		text := strings.ReplaceAll(s.show(console.AuthorizationsPath+query).Body.String(), "&#34;", `"`)
		for _, id := range []string{"a1", "a2", "a3"} {
			if got := strings.Contains(text, `{"i":"`+id+`"`); got != slices.Contains(want.one, id) {
				t.Errorf("%s: form for %s: %v", query, id, got)
			}
		}
		if got := strings.Contains(text, `{"all":`); got != (want.mass != "") || !strings.Contains(text, strings.ReplaceAll(want.mass, `\u0026`, `\u0026`)) {
			t.Errorf("%s: no form %s in %s", query, want.mass, text)
		}
	}
	long := "?application=wiki&x=" + strings.Repeat("y", 1000)
	if text := s.show(console.AuthorizationsPath + long).Body.String(); strings.Contains(text, "yyyy") {
		t.Error("the way back is as long as somebody likes")
	}
}

// A form revokes what it stands for, leads back to its list, and nowhere else.
func TestRevoke(t *testing.T) {
	for name, c := range map[string]struct {
		token   string
		fails   error
		status  int
		to      string
		revoked []string
	}{
		"one":                   {`{"i":"a1","b":"application=wiki"}`, nil, http.StatusSeeOther, "?application=wiki", []string{"a1"}},
		"one that is revoked":   {`{"i":"a3"}`, nil, http.StatusSeeOther, "", nil},
		"one that there is not": {`{"i":"a9"}`, nil, http.StatusSeeOther, "", nil},
		"of an application":     {`{"all":true,"a":"wiki"}`, nil, http.StatusSeeOther, "", []string{"a1", "a2"}},
		"of a person":           {`{"all":true,"s":"sub-2"}`, nil, http.StatusSeeOther, "", []string{"a2"}},
		"everything":            {`{"all":true}`, nil, http.StatusSeeOther, "", []string{"a1", "a2"}},
		"nothing":               {`{}`, nil, http.StatusSeeOther, "", nil},
		"a way back elsewhere":  {`{"i":"a1","b":"x#//evil.example"}`, nil, http.StatusSeeOther, "?x#//evil.example", []string{"a1"}},
		"not opened":            {`nonsense`, nil, http.StatusForbidden, "", nil},
		"without a store":       {`{"all":true}`, grant.ErrUnavailable, http.StatusServiceUnavailable, "", nil},
	} {
		s := newScene(t)
		s.store.fails = c.fails
		w := s.revoke(c.token)
		to := ""
		if c.status == http.StatusSeeOther {
			to = console.AuthorizationsPath + c.to
		}
		if w.Code != c.status || w.Header().Get("Location") != to || !slices.Equal(s.store.revoked, c.revoked) {
			t.Errorf("%s: %d to %q, revoked %v", name, w.Code, w.Header().Get("Location"), s.store.revoked)
		}
		if got := len(s.trail.Events()); got != len(c.revoked) {
			t.Errorf("%s leaves %v", name, s.trail.Kinds())
		}
		said := s.show(console.AuthorizationsPath).Body.String()
		if got := strings.Contains(said, "were revoked.") || strings.Contains(said, "was revoked."); c.fails == nil && got != (len(c.revoked) > 0) {
			t.Errorf("%s: the list says that it is done: %v", name, got)
		}
	}
}

func TestAllowed(t *testing.T) {
	office := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}
	for addr, want := range map[string]bool{
		"192.0.2.7": true, "::ffff:192.0.2.7": true, "2001:db8::1": true, "192.0.3.1": false, "2001:db9::1": false, "::ffff:192.0.3.1": false,
	} {
		if got := console.Allowed(office, netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %v", addr, got)
		}
	}
	if console.Allowed(office, netip.Addr{}) || !console.Allowed(nil, netip.Addr{}) {
		t.Error("an address that nobody knows is in a network")
	}
}
