package gateway

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/oauth"
)

// A token of an application's own service account works at the API as that
// account, on every version, until the account or its key is gone.
func TestClientCredentialsWithOdoo(t *testing.T) {
	for version := 16; version <= 20; version++ {
		w := newWorld(t, version)
		key := w.odoo.NewAPIKey("demo", "batch", w.clock.Now().Add(90*24*time.Hour))
		w.apps[0].Service = &application.Service{Login: "demo", APIKey: application.Hide(key)}
		w.reload()
		status, answer := w.post(oauth.AccessTokenPath, url.Values{"grant_type": {"client_credentials"}})
		bearer, _ := answer["access_token"].(string)
		if status != http.StatusOK || bearer == "" {
			t.Fatalf("%d: %d %v", version, status, answer)
		}
		if status, _, body := w.get(recordPath, bearer); status != http.StatusOK {
			t.Errorf("%d: the API answers %d %v", version, status, body)
		}
		status, _, body := w.get(oauth.MePath, bearer)
		if me, _ := body.(map[string]any); status != http.StatusOK || me["sub"] != "client:wiki-id" || me["login"] != "demo" {
			t.Errorf("%d: me is %d %v", version, status, body)
		}
		if _, found := w.post(oauth.IntrospectPath, url.Values{"token": {bearer}}); found["active"] != true || found["sub"] != "client:wiki-id" {
			t.Errorf("%d: introspection %v", version, found)
		}

		w.apps[0].Service.APIKey = application.Hide("not a key of Odoo's")
		w.reload()
		if status, _, body := w.get(recordPath, bearer); status != http.StatusUnauthorized {
			t.Errorf("%d: with another key: %d %v", version, status, body)
		}
		if status, answer := w.post(oauth.AccessTokenPath, url.Values{"grant_type": {"client_credentials"}}); status != http.StatusBadRequest || answer["error"] != "invalid_grant" {
			t.Errorf("%d: a key that Odoo refuses: %d %v", version, status, answer)
		}
		w.odoo.SetDown(true)
		if status, answer := w.post(oauth.AccessTokenPath, url.Values{"grant_type": {"client_credentials"}}); status != http.StatusServiceUnavailable {
			t.Errorf("%d: during an outage: %d %v", version, status, answer)
		}
		w.odoo.SetDown(false)
		w.apps[0].Service.APIKey = application.Hide(key)
		w.reload()
		if status, _, _ := w.get(recordPath, bearer); status != http.StatusOK {
			t.Errorf("%d: with the first key again: %d", version, status)
		}
		w.odoo.Archive("demo")
		w.clock.Advance(5 * time.Minute)
		if status, _, body := w.get(recordPath, bearer); status != http.StatusUnauthorized {
			t.Errorf("%d: of an archived account: %d %v", version, status, body)
		}
	}
}
