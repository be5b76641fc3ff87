package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// TestA38_DatabaseIsPinned: whatever a client says about the database, in the
// headers and parameters that Odoo and its proxies listen to, the gateway asks
// the one that it is configured for, under its own host.
func TestA38_DatabaseIsPinned(t *testing.T) {
	t.Parallel()
	for _, version := range []int{16, 19} {
		sim := odootest.Start(odootest.Options{Version: version})
		t.Cleanup(sim.Close)
		at, err := url.Parse(sim.URL)
		if err != nil {
			t.Fatal(err)
		}
		s := startSiteWith(t, odoo{url: at, database: sim.Database(), login: "demo", password: "demo"}, clientsCaddyfile,
			"E2E_BATCH_KEY="+sim.NewAPIKey("demo", "batch", time.Now().AddDate(0, 0, 30)))
		_, person := connect(t, s, library)
		service := newPerson(t, s.base)
		machine := service.token(batch, url.Values{"grant_type": {"client_credentials"}})
		var own tokens
		readJSON(t, machine, &own)
		sim.ForgetRequests()
		for _, token := range []string{person.Access, own.Access} {
			for _, path := range []string{"/restapi/1.0/object/res.partner/search_count?domain=[]", "/restapi/1.0/me"} {
				r := service.request("GET", path, nil)
				r.Header.Set("Authorization", "Bearer "+token)
				for _, name := range []string{"X-Odoo-Database", "X-Odoo-dbfilter", "X_Odoo_Database", "X-Forwarded-Host", "X-Odoo-Db"} {
					r.Header[name] = []string{odootest.StagingDatabase}
				}
				if a := service.do(r); a.StatusCode != http.StatusOK {
					t.Errorf("%d: %s: %s %s", version, path, a.Status, a.text)
				}
			}
			// As a parameter it is none that anybody knows.
			a := service.api(token, "/restapi/1.0/object/res.partner/search_count", url.Values{"domain": {"[]"}, "db": {odootest.StagingDatabase}})
			if a.StatusCode != http.StatusBadRequest {
				t.Errorf("%d: with the parameter db: %s %s", version, a.Status, a.text)
			}
		}
		seen := sim.Requests()
		if len(seen) < 4 {
			t.Errorf("%d: Odoo was asked %d times only: this test sees nothing", version, len(seen))
		}
		for _, r := range seen {
			for name, values := range r.Header {
				for _, value := range values {
					if strings.Contains(value, odootest.StagingDatabase) || strings.Contains(strings.ToLower(name), "dbfilter") {
						t.Errorf("%d: %s %s has %s: %s", version, r.Method, r.Path, name, value)
					}
				}
			}
			if strings.Contains(r.Path, odootest.StagingDatabase) || strings.Contains(string(r.Body), odootest.StagingDatabase) {
				t.Errorf("%d: %s %s %s", version, r.Method, r.Path, r.Body)
			}
			if r.Host != strings.TrimPrefix(s.base, "http://") {
				t.Errorf("%d: %s went to host %s", version, r.Path, r.Host)
			}
		}
	}
}
