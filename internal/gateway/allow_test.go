package gateway

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/oauth"
)

// Who no longer matches what an application allows loses access within five
// minutes of use, and nobody loses it in an outage.
func TestAllowAtTheAPI(t *testing.T) {
	w := newWorld(t, 19)
	w.apps[0].Allow = application.Allow{Group: "sales_team.group_sale_salesman"}
	w.reload()
	token, _ := w.connect("wiki", "demo")
	ask := func(status int) {
		t.Helper()
		got, header, body := w.get("/restapi/1.0/me", token)
		if got != status {
			t.Errorf("status %d, %v; want %d", got, body, status)
		}
		if got == 401 && !strings.Contains(header.Get("WWW-Authenticate"), `error="invalid_token"`) {
			t.Errorf("challenge %q", header.Get("WWW-Authenticate"))
		}
	}
	ask(200)
	w.odoo.SetGroup("demo", "sales_team.group_sale_salesman", false)
	w.clock.Advance(5 * time.Minute)
	w.odoo.SetDown(true)
	ask(503)
	w.odoo.SetDown(false)
	ask(401)
	w.odoo.SetGroup("demo", "sales_team.group_sale_salesman", true)
	w.clock.Advance(5 * time.Minute)
	ask(200)
}

// The account of a client_credentials grant is chosen by the configuration: an
// authorization of one that is configured no more answers as ended.
func TestServiceAtTheAPI(t *testing.T) {
	w := newWorld(t, 19)
	w.apps[0].Allow = application.Allow{Group: "no.such_group"} // is for people
	service := func(key string) {
		w.apps[0].Service = &application.Service{Login: "demo", APIKey: application.Hide(key)}
		w.reload()
	}
	service(w.odoo.NewAPIKey("demo", "robot", time.Time{}))
	_, granted := w.post(oauth.AccessTokenPath, url.Values{"grant_type": {"client_credentials"}})
	token, _ := granted["access_token"].(string)
	if status, _, body := w.get("/restapi/1.0/me", token); status != 200 {
		t.Errorf("status %d, %v", status, body)
	}
	service("another")
	if status, _, body := w.get("/restapi/1.0/me", token); status != 401 {
		t.Errorf("a refused key: status %d, %v", status, body)
	}
}
