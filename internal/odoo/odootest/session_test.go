package odootest

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestSessionCookie(t *testing.T) {
	shapes := map[int]string{16: `[0-9a-f]{40}`, 17: `[0-9a-f]{40}`, 18: `[A-Za-z0-9_-]{84}`, 19: `[A-Za-z0-9_-]{84}`, 20: `[A-Za-z0-9_-]{86}`}
	versions(t, func(t *testing.T, v int) {
		s, _ := startServer(t, Options{Version: v})
		line := newBrowser(t, s).get("/web/login", "X-Forwarded-Host", "erp.example.com", "X-Forwarded-Proto", "https").Header.Get("Set-Cookie")
		want := `^session_id=` + shapes[v] + `; Expires=[^;]+ GMT; Max-Age=604800; HttpOnly; Path=/$`
		if !regexp.MustCompile(want).MatchString(line) {
			t.Errorf("%q is not %s", line, want)
		}
	})
}

func TestSessionEnds(t *testing.T) {
	ends := map[string]func(s *Server, b *browser){
		"password": func(s *Server, _ *browser) { s.ChangePassword("demo", "x") },
		"archive":  func(s *Server, _ *browser) { s.Archive("demo") },
		"vacuum":   func(s *Server, _ *browser) { s.ExpireSessions() },
		"idle":     func(s *Server, _ *browser) { s.AgeSessions(defaultLifetime) },
		"change_password over RPC": func(_ *Server, b *browser) {
			b.call("res.users", "change_password", []any{"demo", "x"}, nil)
		},
	}
	versions(t, func(t *testing.T, v int) {
		for name, end := range ends {
			s, _ := startServer(t, Options{Version: v})
			b := loggedIn(t, s, "demo")
			id := b.cookies["session_id"]
			if _, e := b.uid(); e != "" {
				t.Fatalf("%s: before: %s", name, e)
			}
			end(s, b)
			if _, e := b.uid(); e != traitsOf(v).expiredName {
				t.Errorf("%s: %q", name, e)
			}
			if s.SessionAlive(id) {
				t.Errorf("%s: the session is said to be alive", name)
			}
			// No loop: the login page is shown, not bounced back.
			if a := b.get(withRedirect("/web/login", "/x")); a.StatusCode != http.StatusOK {
				t.Errorf("%s: login page: %d", name, a.StatusCode)
			}
		}
	})
}

// Only get_session_info and pages keep a session alive; plain calls do not
// (before the device trace of 18, which notes a device once an hour).
func TestSessionTouch(t *testing.T) {
	s, fake := startServer(t, Options{Version: 17})
	touched, called := loggedIn(t, s, "demo"), loggedIn(t, s, "demo")
	for range 8 {
		fake.Advance(24 * time.Hour)
		touched.uid()
		called.call("res.users", "context_get", nil, nil)
	}
	if _, e := touched.uid(); e != "" {
		t.Errorf("touched daily: %s", e)
	}
	if _, e := called.uid(); e == "" {
		t.Error("a session lives on plain calls alone")
	}
}

func TestSoftRotation(t *testing.T) {
	for _, v := range []int{19, 20} {
		s, fake := startServer(t, Options{Version: v})
		b := loggedIn(t, s, "demo")
		b.uid()
		old := b.cookies["session_id"]
		s.AgeSessions(rotationInterval)

		// Many at once: one successor.
		var wg sync.WaitGroup
		var mu sync.Mutex
		seen := map[string]bool{}
		for range 6 {
			wg.Go(func() {
				one := newBrowser(t, s)
				one.cookies["session_id"] = old
				a, _ := one.rpc("/web/session/check", map[string]any{})
				mu.Lock()
				defer mu.Unlock()
				seen[a.session()] = true
			})
		}
		wg.Wait()
		next := s.SessionSuccessor(old)
		if len(seen) != 1 || !seen[next] || next == old || next[:42] != old[:42] {
			t.Fatalf("%d: successors %v of %s", v, seen, old)
		}
		fake.Advance(deletionTimer - time.Second)
		b.cookies["session_id"] = old
		if a, _ := b.rpc("/web/session/check", map[string]any{}); a.session() != next {
			t.Errorf("%d: the old id is answered with %q", v, a.session())
		}
		fake.Advance(time.Second)
		b.cookies["session_id"] = old
		if _, e := b.uid(); e != traitsOf(v).expiredName {
			t.Errorf("%d: the old id after 120 s: %q", v, e)
		}
		b.cookies["session_id"] = next
		if _, e := b.uid(); e != "" {
			t.Errorf("%d: the new id: %s", v, e)
		}
	}
}

func TestRotationSkipped(t *testing.T) {
	secFetch := []string{"Sec-Fetch-Dest", "document", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "same-origin", "Sec-Fetch-User", "?1"}
	for v, want := range map[int]bool{18: false, 19: true, 20: false} {
		s, _ := startServer(t, Options{Version: v})
		b := loggedIn(t, s, "demo")
		id := b.cookies["session_id"]
		s.AgeSessions(rotationInterval)
		b.rpc("/web/session/check", map[string]any{}, "X-Odoo-Skip-Session-Rotation-Interval", "1")
		if got := s.SessionSuccessor(id) != ""; got != want {
			t.Errorf("%d: rotated %t, want %t", v, got, want)
		}
		if v >= 19 && b.do("POST", "/json/2/res.users/context_get", "application/json", "{}", secFetch...).session() != "" {
			t.Errorf("%d: /json/2 sets a cookie", v)
		}
	}
}

func TestLogout(t *testing.T) {
	versions(t, func(t *testing.T, v int) {
		s, _ := startServer(t, Options{Version: v})
		b := loggedIn(t, s, "demo")
		other := loggedIn(t, s, "demo")
		id := b.cookies["session_id"]
		a := b.get("/web/session/logout?redirect=" + url.QueryEscape("/web/login?redirect=%2Fx"))
		if v == 20 {
			if a.StatusCode != http.StatusMethodNotAllowed || !s.SessionAlive(id) {
				t.Errorf("GET: %d", a.StatusCode)
			}
			if a := b.post("/web/session/logout", nil); a.StatusCode != http.StatusBadRequest || !s.SessionAlive(id) {
				t.Errorf("POST without a token: %d", a.StatusCode)
			}
			a = b.post("/web/session/logout", url.Values{"csrf_token": {token(t, b.get("/web/login").body)}, "redirect": {"/web/login?redirect=%2Fx"}})
		}
		if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/web/login?redirect=%2Fx" || a.session() == id || s.SessionAlive(id) {
			t.Errorf("logout: %d %q", a.StatusCode, a.Header.Get("Location"))
		}
		if _, e := other.uid(); e != "" {
			t.Errorf("the other session: %s", e)
		}
		if _, m := other.rpc("/web/session/destroy", map[string]any{}); m["error"] != nil {
			t.Errorf("destroy: %v", m)
		}
		if _, e := other.uid(); e == "" {
			t.Error("a destroyed session lives")
		}
	})
}

func TestVoidResult(t *testing.T) {
	for v, want := range map[int]string{19: `{"jsonrpc": "2.0", "id": 1}`, 20: `{"jsonrpc": "2.0", "id": 1, "result": null}`} {
		s, _ := startServer(t, Options{Version: v})
		a, _ := loggedIn(t, s, "demo").rpc("/web/session/check", map[string]any{})
		if string(a.body) != want {
			t.Errorf("%d: %s", v, a.body)
		}
	}
}

// Two browsers with one session are two devices; on 18 and later each is
// noted with the same id.
func TestDeviceTrace(t *testing.T) {
	versions(t, func(t *testing.T, v int) {
		s, fake := startServer(t, Options{Version: v})
		b := loggedIn(t, s, "demo")
		id := b.cookies["session_id"]
		noted := func(agent string) bool {
			b.agent = agent
			a, _ := b.rpc("/web/session/check", map[string]any{})
			return a.session() == id
		}
		got := []bool{noted("A"), noted("A"), noted("B"), noted("B")}
		fake.Advance(traceInterval)
		got = append(got, noted("A"))
		want := []bool{v >= 18, false, v >= 18, false, v >= 18}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("Set-Cookie %v, want %v", got, want)
			}
		}
		if v < 18 {
			return
		}
		rows, e := b.call("res.device", "search_read", []any{[]any{}}, nil)
		if len(asList(rows)) != 2 || !strings.HasPrefix(id, asString(asMap(asList(rows)[0])["session_identifier"])) {
			t.Errorf("devices: %v %s", rows, e)
		}
	})
}
