package gateway

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// versions runs a test on every simulated Odoo.
func versions(t *testing.T, test func(t *testing.T, version int)) {
	for v := 16; v <= 20; v++ {
		t.Run("odoo "+string(rune('0'+v/10))+string(rune('0'+v%10)), func(t *testing.T) { test(t, v) })
	}
}

const recordPath = "/restapi/1.0/object/res.partner/1"

func TestReadRecord(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		bearer, _ := w.connect("wiki", "demo")
		status, header, body := w.get(recordPath, bearer)
		if status != http.StatusOK {
			t.Fatalf("status %d, body %v", status, body)
		}
		record, _ := body.(map[string]any)["res.partner"].(map[string]any)
		if record["id"] != 1.0 || record["name"] == nil {
			t.Errorf("record is %v", body)
		}
		for name := range record {
			switch name {
			case "id", "name", "email", "country_id", "display_name":
			default:
				t.Errorf("field %q left the scheme", name)
			}
		}
		if header.Get("Cache-Control") != "no-store" || header.Get("Set-Cookie") != "" {
			t.Errorf("header is %v", header)
		}
	})
}

// Whatever a token lacks, the answer is 401 with a challenge, or 400 for two
// tokens, and Odoo is not asked, unless for nobody whether it has a database.
func TestM21_BearerRefused(t *testing.T) {
	tests := []struct {
		name string
		edit func(t *testing.T, w *world, a grant.Authorization) func(*http.Request)
	}{
		{"no token", func(*testing.T, *world, grant.Authorization) func(*http.Request) {
			return func(r *http.Request) { r.Header.Del("Authorization") }
		}},
		{"two headers", func(*testing.T, *world, grant.Authorization) func(*http.Request) {
			return func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) }
		}},
		{"two tokens in one header", func(*testing.T, *world, grant.Authorization) func(*http.Request) {
			return func(r *http.Request) {
				r.Header.Set("Authorization", r.Header.Get("Authorization")+", "+r.Header.Get("Authorization"))
			}
		}},
		{"another scheme", func(*testing.T, *world, grant.Authorization) func(*http.Request) {
			return func(r *http.Request) {
				r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "Bearer", "Basic", 1))
			}
		}},
		{"in the query only", func(*testing.T, *world, grant.Authorization) func(*http.Request) {
			return func(r *http.Request) {
				r.URL.RawQuery = "access_token=" + strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
				r.Header.Del("Authorization")
			}
		}},
		{"changed by one character", func(*testing.T, *world, grant.Authorization) func(*http.Request) {
			return func(r *http.Request) {
				token := []byte(r.Header.Get("Authorization"))
				// Another letter: a comma in place of a hyphen would make two tokens.
				if at := len(token) - 10; token[at] == 'A' {
					token[at] = 'B'
				} else {
					token[at] = 'A'
				}
				r.Header.Set("Authorization", string(token))
			}
		}},
		{"session cookie instead", func(_ *testing.T, w *world, _ grant.Authorization) func(*http.Request) {
			return func(r *http.Request) {
				r.Header.Set("Cookie", "session_id="+w.odoo.NewSession("admin"))
				r.Header.Del("Authorization")
			}
		}},
		{"expired", func(_ *testing.T, w *world, _ grant.Authorization) func(*http.Request) {
			w.clock.Advance(time.Hour + time.Second)
			return nil
		}},
		{"authorization revoked", func(t *testing.T, w *world, a grant.Authorization) func(*http.Request) {
			if err := w.store.RevokeAuthorization(t.Context(), a.ID, w.clock.Now()); err != nil {
				t.Fatal(err)
			}
			return nil
		}},
		{"token set ended alone", func(t *testing.T, w *world, _ grant.Authorization) func(*http.Request) {
			for _, c := range w.claims {
				if err := w.store.EndTokenSet(t.Context(), c.TokenSet, "revoked", w.clock.Now()); err != nil {
					t.Fatal(err)
				}
			}
			return nil
		}},
		{"application archived", func(_ *testing.T, w *world, _ grant.Authorization) func(*http.Request) {
			w.apps[0].Active = false
			w.reload()
			return nil
		}},
		{"application removed", func(_ *testing.T, w *world, _ grant.Authorization) func(*http.Request) {
			w.apps = w.apps[1:]
			w.reload()
			return nil
		}},
		{"client id given to another application", func(_ *testing.T, w *world, _ grant.Authorization) func(*http.Request) {
			w.apps[0].ClientID, w.apps[1].ClientID = w.apps[1].ClientID, w.apps[0].ClientID
			w.reload()
			return nil
		}},
		{"another database", func(_ *testing.T, w *world, _ grant.Authorization) func(*http.Request) {
			w.database = odootest.StagingDatabase
			w.reload()
			return nil
		}},
		{"redirect URI archived", func(_ *testing.T, w *world, _ grant.Authorization) func(*http.Request) {
			w.apps[0].RedirectURIs[0].Active = false
			w.reload()
			return nil
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 19)
			bearer, a := w.connect("wiki", "demo")
			if status, _, body := w.get(recordPath, bearer); status != http.StatusOK {
				t.Fatalf("before: %d %v", status, body)
			}
			edit := tt.edit(t, w, a)
			if edit == nil {
				edit = func(*http.Request) {}
			}
			w.odoo.ForgetRequests()
			status, header, body := w.get(recordPath, bearer, edit)
			want := http.StatusUnauthorized
			if strings.HasPrefix(tt.name, "two ") {
				want = http.StatusBadRequest
			}
			if status != want {
				t.Errorf("status %d, want %d, body %v", status, want, body)
			}
			if !strings.HasPrefix(header.Get("WWW-Authenticate"), "Bearer ") {
				t.Errorf("challenge %q", header.Get("WWW-Authenticate"))
			}
			asked := w.odoo.Requests()
			if tt.name == "another database" && len(asked) == 1 && asked[0].Path == "/jsonrpc" && asked[0].Header.Get("Cookie") == "" {
				asked = nil
			}
			if len(asked) > 0 {
				t.Errorf("Odoo was asked: %v", asked)
			}
		})
	}
}

// A cookie beside a bearer token counts for nothing: the call is made as the
// token's person.
func TestA36_BearerIgnoresCookies(t *testing.T) {
	w := newWorld(t, 18)
	bearer, _ := w.connect("wiki", "demo")
	admin := w.odoo.NewSession("admin")
	w.odoo.ForgetRequests()
	status, _, body := w.get(recordPath, bearer, func(r *http.Request) {
		r.Header.Set("Cookie", "session_id="+admin+"; cids=2")
		r.Header.Set("X-Odoo-Database", "staging")
		r.Header.Set("X-Forwarded-For", "203.0.113.7")
	})
	if status != http.StatusOK {
		t.Fatalf("status %d, body %v", status, body)
	}
	for _, asked := range w.odoo.Requests() {
		if strings.Contains(asked.Header.Get("Cookie"), admin) || strings.Contains(asked.Header.Get("Cookie"), "cids") {
			t.Errorf("%s carried the browser's cookies", asked.Path)
		}
		for _, name := range []string{"Authorization", "X-Odoo-Database", "X-Forwarded-For"} {
			if v := asked.Header.Get(name); v != "" {
				t.Errorf("%s carried %s: %s", asked.Path, name, v)
			}
		}
	}
}

// Only a proven end ends a connection.
func TestOdooInTrouble(t *testing.T) {
	tests := []struct {
		name   string
		before func(o *odootest.Server)
		after  func(o *odootest.Server)
		status int
		ended  bool
	}{
		{"down", func(o *odootest.Server) { o.SetDown(true) }, func(o *odootest.Server) { o.SetDown(false) }, http.StatusServiceUnavailable, false},
		{"502", func(o *odootest.Server) { o.FailWith(502) }, func(o *odootest.Server) { o.FailWith(0) }, http.StatusServiceUnavailable, false},
		{"answer cut short", func(o *odootest.Server) { o.CutNextAnswer() }, func(*odootest.Server) {}, http.StatusServiceUnavailable, false},
		{"identity lock", func(o *odootest.Server) { o.LockIdentity("demo") }, func(o *odootest.Server) { o.Unlock("demo") }, http.StatusUnauthorized, false},
		{"session dead", func(o *odootest.Server) { o.ExpireSessions() }, func(*odootest.Server) {}, http.StatusUnauthorized, true},
		{"password changed", func(o *odootest.Server) { o.ChangePassword("demo", "new") }, func(*odootest.Server) {}, http.StatusUnauthorized, true},
		{"person archived", func(o *odootest.Server) { o.Archive("demo") }, func(o *odootest.Server) { o.Unarchive("demo") }, http.StatusUnauthorized, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 19)
			bearer, a := w.connect("wiki", "demo")
			tt.before(w.odoo)
			status, header, body := w.get(recordPath, bearer)
			if status != tt.status {
				t.Errorf("status %d, want %d; body %v", status, tt.status, body)
			}
			if status == http.StatusServiceUnavailable && header.Get("Retry-After") == "" {
				t.Error("503 without Retry-After")
			}
			tt.after(w.odoo)
			stored, err := w.store.Authorization(t.Context(), a.ID)
			if err != nil {
				t.Fatal(err)
			}
			if ended := !stored.Connection.Live(); ended != tt.ended {
				t.Errorf("connection ended: %v (%s)", ended, stored.Connection.EndReason)
			}
			status, _, body = w.get(recordPath, bearer)
			if want := map[bool]int{true: http.StatusUnauthorized, false: http.StatusOK}[tt.ended]; status != want {
				t.Errorf("afterwards: status %d, want %d; body %v", status, want, body)
			}
		})
	}
}

// The connection follows a rotation that the gateway's own call caused, and
// the browser that still holds the old id is brought along.
func TestRotationByTheGateway(t *testing.T) {
	w := newWorld(t, 19)
	bearer, a := w.connect("wiki", "demo")
	session := sessionOf(t, w, a)
	w.clock.Advance(4 * time.Hour)
	bearer = w.renew(bearer)
	if status, _, body := w.get(recordPath, bearer); status != http.StatusOK {
		t.Fatalf("status %d, body %v", status, body)
	}
	current := sessionOf(t, w, a)
	if current == session {
		t.Fatal("the call did not rotate the session: the test proves nothing")
	}
	w.clock.Advance(3 * time.Minute) // Odoo has forgotten the old id
	status, header, _ := w.get("/web/session/whatever", "", func(r *http.Request) {
		r.Header.Set("Cookie", "cids=1; session_id="+session)
	})
	if !strings.Contains(strings.Join(header["Set-Cookie"], "\n"), "session_id="+current) {
		t.Errorf("status %d: the browser was not given the current id", status)
	}
	last := w.odoo.RequestsTo("/web/session/whatever")
	if len(last) != 1 || !strings.Contains(last[0].Header.Get("Cookie"), current) || strings.Contains(last[0].Header.Get("Cookie"), session) {
		t.Error("Odoo was not asked with the current id")
	}
}

// When the browser's traffic rotates, the gateway's copy follows.
func TestRotationByTheBrowser(t *testing.T) {
	w := newWorld(t, 19)
	bearer, a := w.connect("wiki", "demo")
	session := sessionOf(t, w, a)
	w.clock.Advance(4 * time.Hour)
	w.get("/odoo", "", func(r *http.Request) { r.Header.Set("Cookie", "session_id="+session) })
	current := sessionOf(t, w, a)
	if current == session || current[:42] != session[:42] {
		t.Fatal("the connection did not follow")
	}
	w.clock.Advance(3 * time.Minute)
	bearer = w.renew(bearer)
	if status, _, body := w.get(recordPath, bearer); status != http.StatusOK {
		t.Errorf("status %d, body %v", status, body)
	}
}

func TestPathsAndMethods(t *testing.T) {
	w := newWorld(t, 17)
	bearer, _ := w.connect("wiki", "demo")
	tests := []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, "/restapi/1.0//object/res.partner/1", http.StatusBadRequest},
		{http.MethodGet, "/restapi/1.0/object/res.partner%2f1", http.StatusBadRequest},
		{http.MethodGet, "/restapi/1.0/nothing", http.StatusNotFound},
		{http.MethodDelete, "/restapi/1.0/common/oauth2/authorize", http.StatusMethodNotAllowed},
		{http.MethodGet, "/restapi/1.0/common/oauth2/access_token", http.StatusMethodNotAllowed},
		{http.MethodGet, "/restapi/1.0/common/oauth2/jwks", http.StatusOK},
		{http.MethodHead, "/restapi/1.0/common/oauth2/jwks", http.StatusOK},
		{http.MethodGet, "/restapi/1.0/object/res.users/1", http.StatusForbidden},
		{http.MethodGet, "/restapi/1.0/object/res.partner/1?fields=['phone']", http.StatusForbidden},
	}
	for _, tt := range tests {
		r := httptest.NewRequestWithContext(t.Context(), tt.method, "http://erp.example.com"+tt.path, nil)
		r.Header.Set("Authorization", "Bearer "+bearer)
		rw := httptest.NewRecorder()
		if err := w.gw.ServeHTTP(rw, r, w.upstream()); err != nil {
			t.Fatal(err)
		}
		if rw.Code != tt.status {
			t.Errorf("%s %s: status %d, want %d: %s", tt.method, tt.path, rw.Code, tt.status, rw.Body)
		}
		if tt.status == http.StatusMethodNotAllowed && rw.Header().Get("Allow") == "" {
			t.Errorf("%s %s: no Allow", tt.method, tt.path)
		}
		if o := w.outcomes[len(w.outcomes)-1]; o.Status != tt.status || o.Decision == Failed {
			t.Errorf("%s %s: is counted as %+v", tt.method, tt.path, o)
		}
	}
}

// A WebSocket reaches Odoo over every version of HTTP; a tunnel is refused in all.
func TestTunnels(t *testing.T) {
	for name, tt := range map[string]struct {
		proto  string
		major  int
		header string
		tunnel bool
	}{
		"of HTTP/1.1":           {"HTTP/1.1", 1, "", true},
		"of HTTP/2":             {"HTTP/2.0", 2, "", true},
		"of HTTP/3":             {"HTTP/3.0", 3, "", true},
		"WebSocket over HTTP/2": {"HTTP/2.0", 2, "websocket", false},
		"WebSocket over HTTP/3": {"websocket", 3, "", false}, // as quic-go has it
		"UDP over HTTP/2":       {"HTTP/2.0", 2, "connect-udp", true},
		"a name alone":          {"websocket", 1, "", true},
		"UDP over HTTP/3":       {"connect-udp", 3, "", true},
	} {
		r := httptest.NewRequest(http.MethodConnect, "http://erp.example.com/websocket", nil)
		r.Proto, r.ProtoMajor = tt.proto, tt.major
		if tt.header != "" {
			r.Header[":protocol"] = []string{tt.header}
		}
		if isTunnel(r) != tt.tunnel {
			t.Errorf("%s: %v", name, !tt.tunnel)
		}
	}
}

// A refusal is told to the administrator with what they need to compare, and
// nothing that a stranger made up.
func TestRefusalIsRecorded(t *testing.T) {
	tests := []struct{ path, model, field string }{
		{"/restapi/1.0/object/res.partner/1?fields=['phone']", "res.partner", "phone"},
		{"/restapi/1.0/object/res.users/1", "res.users", ""},
	}
	w := newWorld(t, 19)
	bearer, a := w.connect("wiki", "demo")
	for _, tt := range tests {
		w.logs.TakeAll()
		w.get(tt.path, bearer)
		events := w.logs.FilterMessage("scheme_denied").All()
		if len(events) != 1 {
			t.Errorf("%s: %d events", tt.path, len(events))
			continue
		}
		got := events[0].ContextMap()
		detail, _ := got["detail"].(map[string]any)
		if got["application"] != "wiki" || got["authorization"] != a.ID || got["request_id"] == nil || got["address"] != "127.0.0.1" {
			t.Errorf("%s: event is %v", tt.path, got)
		}
		if field, _ := detail["field"].(string); detail["model"] != tt.model || field != tt.field {
			t.Errorf("%s: detail is %v", tt.path, detail)
		}
	}
}

func TestNamed(t *testing.T) {
	for in, want := range map[string]string{
		"res.partner": "res.partner", "country_id.code": "country_id.code", "search_read": "search_read",
		"": "(malformed)", "a\nb": "(malformed)", "<b>": "(malformed)", strings.Repeat("a", 500): "(malformed)",
	} {
		if got := named(in); got != want {
			t.Errorf("named(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestM21_ScopeOfReading(t *testing.T) {
	w := newWorld(t, 19)
	bearer, _ := w.connect("wiki", "demo")
	claims := w.claims[bearer]
	claims.ID, claims.Scope = "", []string{"odoo.call"}
	w.odoo.ForgetRequests()
	status, header, body := w.get(recordPath, w.sign(claims))
	challenge := header.Get("WWW-Authenticate")
	if status != http.StatusForbidden || !strings.Contains(challenge, `error="insufficient_scope"`) || !strings.Contains(challenge, `scope="odoo.read"`) {
		t.Errorf("status %d, challenge %q, body %v", status, challenge, body)
	}
	if asked := w.odoo.Requests(); len(asked) > 0 {
		t.Errorf("Odoo was asked: %v", asked)
	}
}
