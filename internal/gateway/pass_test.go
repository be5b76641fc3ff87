package gateway

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// An administrator who becomes the superuser keeps the session id. The
// application must not become the superuser too, not for one call.
func TestBecome(t *testing.T) {
	for _, path := range []string{"/web/become", "/web/become/", "//web/become", "/web/%62ecome"} {
		t.Run(path, func(t *testing.T) {
			w := newWorld(t, 19)
			bearer, a := w.connect("wiki", "admin")
			if status, _, body := w.get(recordPath, bearer); status != http.StatusOK {
				t.Fatalf("status %d, body %v", status, body)
			}
			become(w, path, sessionOf(t, w, a))
			wantEnded(t, w, bearer)
		})
	}
}

// The same by a browser that still presents the id before the gateway's own
// rotation.
func TestBecomeWithThePreviousID(t *testing.T) {
	w := newWorld(t, 19)
	bearer, a := w.connect("wiki", "admin")
	previous := sessionOf(t, w, a)
	w.clock.Advance(4 * time.Hour)
	bearer = w.renew(bearer)
	for range 2 { // the first call rotates, the second finds whose the new id is
		if status, _, body := w.get(recordPath, bearer); status != http.StatusOK {
			t.Fatalf("status %d, body %v", status, body)
		}
	}
	if sessionOf(t, w, a) == previous {
		t.Fatal("nothing was rotated")
	}
	become(w, "/web/become", previous)
	wantEnded(t, w, bearer)
}

// become sends a browser there.
func become(w *world, path, session string) {
	w.t.Helper()
	w.get(path, "", func(r *http.Request) { r.Header.Set("Cookie", "session_id="+session) })
}

// wantEnded checks that an application learns that it must connect again, and
// that nothing but that question was asked of Odoo.
func wantEnded(t *testing.T, w *world, bearer string) {
	t.Helper()
	w.odoo.ForgetRequests()
	if status, _, body := w.get(recordPath, bearer); status != http.StatusUnauthorized {
		t.Errorf("status %d, body %v", status, body)
	}
	for _, asked := range w.odoo.Requests() {
		if !strings.HasSuffix(asked.Path, "/context_get") {
			t.Errorf("%s ran as the superuser", asked.Path)
		}
	}
}

// asset is an Upstream that answers like Odoo's assets, which every cache on
// the way may keep for everybody.
type asset struct {
	Upstream
	control string
}

func (a asset) Pass(w http.ResponseWriter, _ *http.Request) error {
	if a.control != "" {
		w.Header().Set("Cache-Control", a.control)
	}
	_, err := w.Write([]byte("body{}"))
	return err
}

// A session id in an answer that a shared cache may keep would be handed to
// whoever asks next.
func TestGivenSessionIsNotForCaches(t *testing.T) {
	for _, test := range []struct{ control, want string }{
		{"public, max-age=31536000, immutable", "private"},
		{"max-age=604800", "private"},
		{"", "private"},
		{"s-maxage=60", "private"},
		{"no-store", "no-store"},
		{"private, max-age=60", "private, max-age=60"},
		{`private="X-Other", max-age=60`, "private"},
	} {
		t.Run(test.control, func(t *testing.T) {
			w := newWorld(t, 19)
			bearer, a := w.connect("wiki", "demo")
			previous := sessionOf(t, w, a)
			w.clock.Advance(4 * time.Hour)
			if status, _, body := w.get(recordPath, w.renew(bearer)); status != http.StatusOK {
				t.Fatalf("status %d, body %v", status, body)
			}
			for session, want := range map[string]string{previous: test.want, sessionOf(t, w, a): test.control} {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/web/assets/1/web.css", nil)
				r.Header.Set("Cookie", "session_id="+session)
				rw := httptest.NewRecorder()
				if err := w.gw.ServeHTTP(rw, r, asset{w.upstream(), test.control}); err != nil {
					t.Fatal(err)
				}
				if given := rw.Header().Get("Set-Cookie") != ""; given != (session == previous) {
					t.Errorf("given an id: %v", given)
				}
				if got := rw.Header().Get("Cache-Control"); got != want {
					t.Errorf("Cache-Control %q, want %q", got, want)
				}
			}
		})
	}
}
