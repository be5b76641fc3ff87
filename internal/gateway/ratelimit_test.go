package gateway

import (
	"net/http"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/oauth"
)

const tooOften = "The application asks too often; wait as long as Retry-After says"

func perMinute(n int) application.Rate { return application.Rate{Requests: n, Per: time.Minute} }

// limited are the audit events of limits.
func (w *world) limited() (found []map[string]any) {
	for _, entry := range w.logs.FilterMessage(string(audit.RateLimited)).All() {
		found = append(found, entry.ContextMap())
	}
	return found
}

func TestLimitOfAnApplication(t *testing.T) {
	w := newWorld(t, 19)
	w.apps[0].Limits.API = perMinute(4)
	w.reload()
	demo, _ := w.connect("wiki", "demo")
	admin, _ := w.connect("wiki", "admin")
	other, _ := w.connect("other", "demo")
	// People and paths share it.
	for _, send := range []struct{ path, bearer string }{
		{recordPath, demo}, {recordPath, admin}, {oauth.MePath, demo}, {"/orestapi/application/model", admin},
	} {
		if status, _, body := w.get(send.path, send.bearer); status != http.StatusOK {
			t.Fatalf("%s: %d %v", send.path, status, body)
		}
	}
	w.odoo.ForgetRequests()
	for path, want := range map[string]map[string]any{
		recordPath:                     {"code": 429.0, "message": tooOften},
		oauth.MePath:                   {"code": 429.0, "message": tooOften},
		"/orestapi/application/model":  {"orestapi_code": "OrestapiGateway-0429", "orestapi_message": tooOften},
		"/orestapi/record/name_search": {"orestapi_code": "OrestapiGateway-0429", "orestapi_message": tooOften},
	} {
		for range 3 {
			status, header, body := w.get(path, demo)
			if status != http.StatusTooManyRequests || !reflect.DeepEqual(body, want) || header.Get("Retry-After") != "15" ||
				header.Get("WWW-Authenticate") != "" || header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d %v %v", path, status, header, body)
			}
		}
	}
	if asked := w.odoo.Requests(); len(asked) > 0 {
		t.Errorf("Odoo was asked: %v", asked)
	}
	if events := w.limited(); len(events) != 12 || events[11]["application"] != "wiki" {
		t.Errorf("audit trail %v", events)
	}
	if status, _, body := w.get(recordPath, other); status != http.StatusOK {
		t.Errorf("another application: %d %v", status, body)
	}
	w.reload() // is no way around
	if status, _, _ := w.get(recordPath, demo); status != http.StatusTooManyRequests {
		t.Errorf("after a reload: %d", status)
	}
	w.clock.Advance(15 * time.Second)
	if status, _, body := w.get(recordPath, demo); status != http.StatusOK {
		t.Errorf("after the wait: %d %v", status, body)
	}
	if status, _, _ := w.get(recordPath, demo); status != http.StatusTooManyRequests {
		t.Errorf("one more: %d", status)
	}
}

// Who asks without a good token uses nothing up, and is told nothing of limits.
func TestLimitIsNotForStrangers(t *testing.T) {
	w := newWorld(t, 19)
	w.apps[0].Limits.API, w.apps[0].Limits.Person = perMinute(1), perMinute(1)
	w.reload()
	demo, a := w.connect("wiki", "demo")
	gone, b := w.connect("wiki", "admin")
	if err := w.store.RevokeAuthorization(t.Context(), b.ID, w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		for _, bearer := range []string{"", "x.y.z", gone} {
			if status, _, _ := w.get(recordPath, bearer); status != http.StatusUnauthorized {
				t.Fatalf("%d", status)
			}
		}
	}
	if status, _, body := w.get(recordPath, demo); status != http.StatusOK {
		t.Fatalf("%d %v", status, body)
	}
	if status, _, _ := w.get(recordPath, demo); status != http.StatusTooManyRequests {
		t.Errorf("%d", status)
	}
	if err := w.store.RevokeAuthorization(t.Context(), a.ID, w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := w.get(recordPath, demo); status != http.StatusUnauthorized {
		t.Errorf("a revoked token: %d", status)
	}
}

// One person's share is their own, in each application by itself, and what is
// refused to them is not taken from the application.
func TestLimitOfAPerson(t *testing.T) {
	w := newWorld(t, 19)
	w.apps[0].Limits = application.Limits{API: perMinute(6), Person: perMinute(2)}
	w.apps[1].Limits.Person = perMinute(2)
	w.reload()
	demo, a := w.connect("wiki", "demo")
	again := w.renew(demo)
	admin, _ := w.connect("wiki", "admin")
	other, _ := w.connect("other", "demo")
	expect := func(bearer string, want int) {
		t.Helper()
		if status, _, body := w.get(recordPath, bearer); status != want {
			t.Fatalf("%d %v, want %d", status, body, want)
		}
	}
	expect(demo, 200)
	expect(again, 200) // another token of the same person
	for range 10 {
		expect(demo, 429)
		expect(again, 429)
	}
	for range 2 {
		expect(admin, 200)
		expect(other, 200)
	}
	expect(admin, 429)
	events := w.limited()
	if len(events) != 21 || events[0]["subject"] != a.Subject {
		t.Errorf("audit trail %v", events)
	}
	w.clock.Advance(30 * time.Second)
	expect(demo, 200)
	expect(demo, 429)
}

// The token endpoint refuses before it looks at anything: the code is good
// later. Other endpoints for programs are not counted.
func TestLimitOfTokens(t *testing.T) {
	w := newWorld(t, 19)
	w.apps[0].Limits.Token = perMinute(2)
	w.reload()
	_, a := w.connect("wiki", "demo")
	redeem := func() url.Values {
		code := grant.NewToken()
		err := w.store.IssueCode(t.Context(), grant.Code{
			Hash: grant.HashToken(code), Authorization: a.ID, Application: "wiki", RedirectURI: callback,
			Scope: []string{scopeRead}, IssuedAt: w.clock.Now(), ExpiresAt: w.clock.Now().Add(time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
		return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}}
	}
	for _, path := range []string{oauth.AccessTokenPath, oauth.TokenPath} {
		if status, body := w.post(path, redeem()); status != http.StatusOK {
			t.Fatalf("%d %v", status, body)
		}
	}
	form := redeem()
	for range 3 {
		for path := range tokenPaths {
			if status, body := w.post(path, form); status != http.StatusTooManyRequests || body["error"] != "temporarily_unavailable" || body["error_description"] != "the application asks too often" {
				t.Errorf("%s: %d %v", path, status, body)
			}
		}
	}
	for range 5 {
		if status, body := w.post(oauth.IntrospectPath, url.Values{"token": {"x"}}); status != http.StatusOK {
			t.Errorf("%d %v", status, body)
		}
	}
	if events := w.limited(); len(events) != 3*len(tokenPaths) {
		t.Errorf("audit trail %v", events)
	}
	w.clock.Advance(30 * time.Second)
	if status, body := w.post(oauth.AccessTokenPath, form); status != http.StatusOK {
		t.Errorf("after the wait: %d %v", status, body)
	}
}
