package gateway

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

const oldVersionPath = "/orestapi/version"

// Odoo's own words, for everybody and in both interfaces.
func TestVersion(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		series := fmt.Sprintf("%d.0", version)
		want := map[string]any{
			"server_serie": series, "protocol_version": 1.0,
			"server_version": nil, "server_version_info": nil, // that of 16 names a date
		}
		for _, path := range []string{versionPath, oldVersionPath} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				status, header, body := w.get(path, "", func(r *http.Request) {
					r.Method = method
					r.Header.Set("Cookie", "session_id="+w.odoo.NewSession("admin"))
				})
				got, _ := body.(map[string]any)
				if info, _ := got["server_version_info"].([]any); status != http.StatusOK || len(info) != 6 || info[0] != float64(version) || got["server_version"] == nil {
					t.Fatalf("%s %s: %d %v", method, path, status, body)
				}
				got["server_version"], got["server_version_info"] = nil, nil
				if path == oldVersionPath {
					if got["orestapi_version"] != series+".1.6.4" {
						t.Errorf("orestapi_version is %v", got["orestapi_version"])
					}
					delete(got, "orestapi_version")
				}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%s %s: %v", method, path, got)
				}
				if header.Get("Set-Cookie") != "" || header.Get("Content-Type") != "application/json" {
					t.Errorf("header is %v", header)
				}
			}
		}
		asked := w.odoo.Requests()
		if len(asked) != 1 || asked[0].Header.Get("Cookie") != "" {
			t.Errorf("Odoo was asked %d times: %v", len(asked), asked)
		}
	})
}

// However many strangers ask, Odoo is asked once a minute; what it could not
// answer is asked again at once.
func TestVersionIsKeptForAMinute(t *testing.T) {
	w := newWorld(t, 19)
	expect := func(status, asked int) {
		t.Helper()
		for _, path := range []string{versionPath, oldVersionPath} {
			got, header, body := w.get(path, "")
			if got != status || (status == http.StatusServiceUnavailable) != (header.Get("Retry-After") != "") {
				t.Errorf("%s: %d %v %v", path, got, header, body)
			}
		}
		if n := len(w.odoo.RequestsTo("/web/webclient/version_info")); n != asked {
			t.Errorf("Odoo was asked %d times, want %d", n, asked)
		}
	}
	expect(http.StatusOK, 1)
	w.clock.Advance(time.Minute - time.Nanosecond)
	w.odoo.FailWith(502)
	expect(http.StatusOK, 1)
	w.clock.Advance(time.Nanosecond)
	expect(http.StatusServiceUnavailable, 3)
	w.odoo.FailWith(0)
	expect(http.StatusOK, 4)
	w.clock.Advance(time.Minute)
	w.odoo.FailWith(400)
	expect(http.StatusInternalServerError, 6)
	w.odoo.FailWith(0)
	w.odoo.SetDown(true)
	expect(http.StatusServiceUnavailable, 8)
}

// Those who come while Odoo is being asked wait for the same answer.
func TestVersionIsAskedOnceForAll(t *testing.T) {
	w := newWorld(t, 19)
	gate := w.odoo.Hold(func(r *http.Request) bool { return r.URL.Path == "/web/webclient/version_info" })
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if status, _, body := w.get(versionPath, ""); status != http.StatusOK {
				t.Errorf("%d %v", status, body)
			}
		})
	}
	<-gate.Arrived()
	gate.Release()
	all.Wait()
	if n := len(w.odoo.RequestsTo("/web/webclient/version_info")); n != 1 {
		t.Errorf("Odoo was asked %d times", n)
	}
}

// Who looked just before the answer came does not ask again, and nobody's
// leaving fails the others.
func TestVersionCache(t *testing.T) {
	gone, leave := context.WithCancel(t.Context())
	leave()
	asked := 0
	ask := func(ctx context.Context) (odoo.Record, error) {
		asked++
		return odoo.Record{}, ctx.Err()
	}
	start := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	cache := &versionCache{}
	cache.now = func() time.Time {
		cache.now = func() time.Time { return start }
		if _, err := cache.get(gone, ask); err != nil { // another caller, meanwhile
			t.Error(err)
		}
		return start
	}
	if record, err := cache.get(t.Context(), ask); err != nil || record == nil || asked != 1 {
		t.Errorf("asked %d times: %v, %v", asked, record, err)
	}
}
