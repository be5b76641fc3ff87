package gateway

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// While Odoo lacks the configured database, applications are told in their own
// shape to try again, and nothing ends. What was authorized for another
// database than one that Odoo has is dead.
func TestDatabaseThatOdooHasNot(t *testing.T) {
	const words = "Odoo does not have the gateway's database"
	requests := map[string]string{
		recordPath:                         `"message":"` + words + `"`,
		"/orestapi/application/model":      words,
		"/json/2/res.partner/search_count": `"message":"` + words + `"`,
		oauth.UserinfoPath:                 words,
	}
	w := newWorld(t, 18)
	bearer, a := w.connect("wiki", "demo")
	ask := func(path string) (*http.Response, string) {
		t.Helper()
		method, body := http.MethodGet, ""
		if strings.HasPrefix(path, "/json/2/") {
			method, body = http.MethodPost, `{"domain": []}`
		}
		return w.send(method, path, bearer, "application/json", body)
	}
	w.database = "dmeo"
	w.reload()
	w.odoo.ForgetRequests()
	for path, want := range requests {
		res, body := ask(path)
		if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") != "5" || res.Header.Get("WWW-Authenticate") != "" ||
			!strings.Contains(body, want) {
			t.Errorf("%s: %d %v %s", path, res.StatusCode, res.Header, body)
		}
	}
	for _, asked := range w.odoo.Requests() {
		if asked.Path != "/jsonrpc" || asked.Header.Get("Cookie") != "" {
			t.Errorf("Odoo was asked at %s with %q", asked.Path, asked.Header.Get("Cookie"))
		}
	}
	if n := len(w.odoo.Requests()); n != 1 {
		t.Errorf("Odoo was asked %d times", n)
	}
	if w.logs.FilterMessageSnippet("does not have the configured database").Len() != 1 {
		t.Errorf("the log does not tell: %v", w.logs.All())
	}
	if stored, err := w.store.Authorization(t.Context(), a.ID); err != nil || !stored.Live() || !stored.Connection.Live() {
		t.Errorf("ended: %+v %v", stored, err)
	}

	w.database = odootest.StagingDatabase
	w.reload()
	for path := range requests {
		if res, body := ask(path); res.StatusCode != http.StatusUnauthorized || res.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("another database, %s: %d %s", path, res.StatusCode, body)
		}
	}
	w.database = ""
	w.reload()
	for path := range requests {
		if res, body := ask(path); res.StatusCode != http.StatusOK {
			t.Errorf("afterwards, %s: %d %s", path, res.StatusCode, body)
		}
	}
}

// Where Odoo does not tell whether it has the database, requests with a token for
// another one must neither be without a limit nor come to Odoo one by one.
func TestLimitOfTokensForAnotherDatabase(t *testing.T) {
	w := newWorld(t, 18)
	w.apps[0].Limits.API = perMinute(4)
	w.reload()
	bearer, _ := w.connect("wiki", "demo")
	for _, database := range []string{"dmeo", odootest.StagingDatabase} {
		w.clock.Advance(time.Minute)
		w.database = database
		w.reload()
		w.odoo.FailWith(http.StatusBadGateway)
		w.odoo.ForgetRequests()
		statuses := map[int]int{}
		for range 10 {
			status, _, _ := w.get(recordPath, bearer)
			statuses[status]++
		}
		if n := len(w.odoo.Requests()); n != 1 || statuses[http.StatusServiceUnavailable] != 4 || statuses[http.StatusTooManyRequests] != 6 {
			t.Errorf("%s: ten requests under a limit of four: Odoo was asked %d times, answers %v", database, n, statuses)
		}
	}
}
