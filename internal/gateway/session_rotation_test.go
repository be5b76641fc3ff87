package gateway

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// surfer is a browser that keeps the cookies it is given.
type surfer struct {
	w      *world
	client *http.Client
	// given are all session ids that it was given.
	given []string
	mu    sync.Mutex
}

func (w *world) surfer(session string) *surfer {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	at, err := url.Parse(w.url)
	if err != nil {
		w.t.Fatal(err)
	}
	jar.SetCookies(at, []*http.Cookie{{Name: "session_id", Value: session, Path: "/"}})
	return &surfer{w: w, client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// session is the id that it presents.
func (b *surfer) session() string {
	at, err := url.Parse(b.w.url)
	if err != nil {
		return err.Error()
	}
	for _, c := range b.client.Jar.Cookies(at) {
		if c.Name == "session_id" {
			return c.Value
		}
	}
	return ""
}

func (b *surfer) do(r *http.Request, err error) (*http.Response, []byte) {
	if err != nil {
		b.w.t.Error(err)
		return &http.Response{Header: http.Header{}}, nil
	}
	resp, err := b.client.Do(r)
	if err != nil {
		b.w.t.Error(err)
		return &http.Response{Header: http.Header{}}, nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.w.t.Error(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range resp.Cookies() {
		if c.Name == "session_id" && c.Value != "" {
			b.given = append(b.given, c.Value)
		}
	}
	return resp, body
}

// rpc asks Odoo, as its web client does.
func (b *surfer) rpc(path string) (result struct {
	Result struct{ UID int64 }
	Error  struct{ Code int }
}) {
	r, err := http.NewRequest("POST", b.w.url+path, strings.NewReader(`{"jsonrpc":"2.0","method":"call","id":1,"params":{}}`))
	if err == nil {
		r.Header.Set("Content-Type", "application/json")
	}
	_, body := b.do(r, err)
	if err := json.Unmarshal(body, &result); err != nil {
		b.w.t.Errorf("%s: %v\n%s", path, err, body)
	}
	return result
}

// uid is who Odoo says that it is, 0 for nobody.
func (b *surfer) uid() int64 { return b.rpc("/web/session/get_session_info").Result.UID }

// read asks the API, from any goroutine.
func (w *world) read(bearer string) error {
	r, err := http.NewRequest("GET", w.url+recordPath, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+bearer)
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s, %v", resp.Status, body, err)
	}
	return nil
}

// The session is due for a rotation and everybody comes at once: the browser
// with several requests, the application, the sweep. Day after day nobody is
// logged out, whoever was first.
func TestRotationByBoth(t *testing.T) {
	for _, version := range []int{19, 20} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			w := newWorld(t, version)
			w.keepalive = 30 * 24 * time.Hour
			w.reload()
			bearer, a := w.connect("wiki", "demo")
			b := w.surfer(sessionOf(t, w, a))
			seen := map[string]bool{b.session(): true}
			for round := range 8 {
				w.clock.Advance(25 * time.Hour)
				bearer = w.renew(bearer)
				var wg sync.WaitGroup
				for i := range 6 {
					wg.Go(func() {
						if uid := b.uid(); uid != a.UID {
							t.Errorf("round %d: the browser is %d", round, uid)
						}
					})
					wg.Go(func() {
						if err := w.read(bearer); err != nil {
							t.Errorf("round %d: the application: %v", round, err)
						}
					})
					if i == 0 {
						wg.Go(func() {
							if err := w.gw.KeepSessions(t.Context(), func(use func(http.RoundTripper) error) error { return use(w.upstream()) }); err != nil {
								t.Errorf("round %d: the sweep: %v", round, err)
							}
						})
					}
				}
				wg.Wait()
				w.clock.Advance(3 * time.Minute) // Odoo has forgotten the old id
				bearer = w.renew(bearer)
				if err := w.read(bearer); err != nil {
					t.Errorf("round %d: the application, later: %v", round, err)
				}
				if uid := b.uid(); uid != a.UID {
					t.Fatalf("round %d: the browser, later, is %d", round, uid)
				}
				if held := sessionOf(t, w, a); held != b.session() || seen[held] {
					t.Fatalf("round %d: the gateway holds %s, the browser %s; nothing was rotated: %v", round, held, b.session(), seen[held])
				}
				seen[b.session()] = true
			}
		})
	}
}

// Whoever presents something like the id of somebody's session is nobody, at
// Odoo's pages and at the gateway's own, and is given nothing.
func TestStrangersStayAnonymous(t *testing.T) {
	const authorize = "/restapi/1.0/common/oauth2/authorize?response_type=code&client_id=wiki-id&redirect_uri="
	// Each leaves the world with an id that is worth nothing.
	for name, prepare := range map[string]func(t *testing.T, w *world, a grant.Authorization, read func(), old string) string{
		"the first 42 characters of what the gateway rotated": func(_ *testing.T, w *world, _ grant.Authorization, read func(), old string) string {
			w.clock.Advance(4 * time.Hour)
			read()
			return old[:42] + strings.Repeat("A", len(old)-42)
		},
		"the first 42 characters of what lives": func(_ *testing.T, _ *world, _ grant.Authorization, _ func(), old string) string {
			return old[:42] + strings.Repeat("A", len(old)-42)
		},
		"what the browser left": func(t *testing.T, w *world, a grant.Authorization, read func(), old string) string {
			b := w.surfer(old)
			w.clock.Advance(4 * time.Hour)
			if b.uid() != a.UID || b.session() == old {
				t.Fatal("nothing was rotated")
			}
			w.clock.Advance(2*time.Minute + time.Second)
			read() // the gateway has followed
			return old
		},
		"what the browser left and the gateway had rotated": func(t *testing.T, w *world, a grant.Authorization, read func(), old string) string {
			w.clock.Advance(4 * time.Hour)
			read()
			b := w.surfer(old)
			if b.uid() != a.UID || b.session() == old {
				t.Fatal("the browser was not brought along")
			}
			w.clock.Advance(2*time.Minute + time.Second)
			return old
		},
		"after a logout": func(t *testing.T, w *world, a grant.Authorization, _ func(), old string) string {
			b := w.surfer(old)
			b.rpc("/web/session/destroy")
			return old
		},
		"after a logout, what the gateway had rotated": func(t *testing.T, w *world, a grant.Authorization, read func(), old string) string {
			w.clock.Advance(4 * time.Hour)
			read()
			b := w.surfer(old)
			if b.uid() != a.UID {
				t.Fatal("the browser was not brought along")
			}
			b.rpc("/web/session/destroy")
			w.clock.Advance(2*time.Minute + time.Second) // for which Odoo itself keeps it
			return old
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 19)
			bearer, a := w.connect("wiki", "demo")
			id := prepare(t, w, a, func() {
				t.Helper()
				if err := w.read(w.renew(bearer)); err != nil {
					t.Fatal(err)
				}
			}, sessionOf(t, w, a))
			if got := w.surfer(id).rpc("/web/session/get_session_info"); got.Error.Code != 100 || got.Result.UID != 0 {
				t.Errorf("Odoo takes it for %+v", got)
			}
			stranger := w.surfer(id)
			r, err := http.NewRequest("GET", w.url+authorize+url.QueryEscape(callback), nil)
			resp, body := stranger.do(r, err)
			if to := resp.Header.Get("Location"); !strings.Contains(to, "/web/login?redirect=") {
				t.Errorf("authorize: %s to %q\n%s", resp.Status, to, body)
			}
			for _, given := range stranger.given {
				if w.odoo.SessionAlive(given) {
					t.Errorf("was given a session that lives")
				}
			}
		})
	}
}
