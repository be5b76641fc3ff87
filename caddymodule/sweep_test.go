package caddymodule

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

const sweepApp = `
	odoo_gateway {
		store badger STORE
		gateway erp {
			issuer https://erp.example.com
			database prod
			application wiki {
				client_id wiki
				client_secret top-secret
				redirect_uri https://wiki.example.com/cb
			}
		}
	}
`

// runSweep runs a gateway with one authorization whose session has long not
// been touched, and returns what tells how often it was.
func runSweep(t *testing.T, sites string) (*App, func() int) {
	t.Helper()
	odoo := odootest.Start(odootest.Options{Version: 17, Database: "prod"})
	t.Cleanup(odoo.Close)
	sites = strings.ReplaceAll(sites, "UPSTREAM", strings.TrimPrefix(odoo.URL, "http://"))
	runCaddy(t, strings.ReplaceAll(sweepApp, "STORE", t.TempDir()), sites)
	app, err := activeApp()
	if err != nil {
		t.Fatal(err)
	}
	backend, err := app.store.state().Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a := grant.Authorization{Application: "wiki", Subject: "s", Database: "prod", UID: odoo.UID("demo"), ConsentedAt: time.Now()}
	id := odoo.NewSession("demo")
	a.Connection = grant.Connection{
		Kind: grant.Session, Sealed: backend.Seal.Seal([]byte(id), a.Key()), Hash: grant.HashToken(id), BrowserAt: time.Now(),
	}
	if _, err := backend.Store("erp").Consent(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	return app, func() int { return len(odoo.RequestsTo("/web/session/get_session_info")) }
}

func TestSweepKeepsSessions(t *testing.T) {
	app, touches := runSweep(t, "http://erp.example.com:0 {\n\todoo_gateway\n\treverse_proxy UPSTREAM\n}")
	for range 3 {
		app.sweep(t.Context())
	}
	if touches() != 1 {
		t.Errorf("touched %d times", touches())
	}
}

func TestSweepNeedsAServer(t *testing.T) {
	app, touches := runSweep(t, "")
	app.sweep(t.Context())
	if err := caddy.Stop(); err != nil {
		t.Fatal(err)
	}
	app.sweep(t.Context())
	if touches() != 0 {
		t.Errorf("touched %d times", touches())
	}
}

func TestSweepEndsWithTheConfiguration(t *testing.T) {
	app, _ := runSweep(t, "http://erp.example.com:0 {\n\todoo_gateway\n\treverse_proxy UPSTREAM\n}")
	running := app.sweeper
	if err := caddy.Stop(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-running.done:
	default:
		t.Error("the sweep goes on")
	}
}

// Each tick is one round; the ticker ends with the sweep.
func TestSweepAtEachTick(t *testing.T) {
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	defer cancel()
	app, ticks, stopped := &App{ctx: ctx}, make(chan time.Time), false
	app.startSweeping(nil, ticks, func() {}, func() { stopped = true })
	ticks <- time.Time{}
	ticks <- time.Time{} // taken after the first round
	if err := app.Stop(); err != nil || !stopped {
		t.Errorf("stopped: %v, %v", stopped, err)
	}
}

// A revoked key is removed from Odoo, and keys that end soon are counted.
func TestSweepLooksAfterKeys(t *testing.T) {
	odoo := odootest.Start(odootest.Options{Version: 16, Database: "prod"})
	t.Cleanup(odoo.Close)
	sites := "http://erp.example.com:0 {\n\todoo_gateway\n\treverse_proxy " + strings.TrimPrefix(odoo.URL, "http://") + "\n}"
	runCaddy(t, strings.ReplaceAll(sweepApp, "STORE", t.TempDir()), sites)
	app, err := activeApp()
	if err != nil {
		t.Fatal(err)
	}
	backend, err := app.store.state().Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	store := backend.Store("erp")
	ends := time.Now().Add(20 * 24 * time.Hour)
	key := odoo.NewAPIKey("demo", "Team wiki (Odoo gateway)", ends)
	a := grant.Authorization{Application: "wiki", Subject: "s", Database: "prod", UID: odoo.UID("demo"), ConsentedAt: time.Now()}
	a.Connection = grant.Connection{
		Kind: grant.APIKey, Sealed: backend.Seal.Seal([]byte(key), a.Key()), Hash: "key", KeyID: 1, ExpiresAt: ends,
	}
	if a, err = store.Consent(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	counted := func() float64 {
		t.Helper()
		families, err := app.ctx.GetMetricsRegistry().Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == "odoo_gateway_ending_keys" && len(f.GetMetric()) == 1 {
				return f.GetMetric()[0].GetGauge().GetValue()
			}
		}
		return -1
	}
	app.sweep(t.Context())
	if n := counted(); n != 1 || len(odoo.APIKeyNames("demo")) != 1 {
		t.Errorf("%v keys end soon, keys %q", n, odoo.APIKeyNames("demo"))
	}
	if err := store.RevokeAuthorization(t.Context(), a.ID, time.Now()); err != nil {
		t.Fatal(err)
	}
	app.sweep(t.Context())
	if n := counted(); n != 0 || len(odoo.APIKeyNames("demo")) != 0 {
		t.Errorf("%v keys end soon, keys %q", n, odoo.APIKeyNames("demo"))
	}
}
