package caddymodule

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/backup"
	"github.com/caddy-odoo/gateway/internal/doctor"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/pgtest"
)

// sharedKey is a sealing key in hex.
var sharedKey = strings.Repeat("0f", 32)

// onPostgres is the configuration of a node.
func onPostgres(dsn, schema, key, more string) string {
	return strings.Replace(valid, `"store": {"module": "badger", "path": "STORE"}`,
		`"seal_key": "`+key+`", "store": {"module": "postgres", "dsn": "`+dsn+`", "schema": "`+schema+`"`+more+`}`, 1)
}

// startNode provisions and starts a node.
func startNode(t *testing.T, config string) *App {
	t.Helper()
	app, err := provision(t, config)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.Stop(); err != nil {
			t.Error(err)
		}
	})
	return app
}

func TestPostgresStoreIsChecked(t *testing.T) {
	t.Setenv("GRANTS_DSN", "host=db.example.com password=hunter2 port=wrong")
	for name, c := range map[string]struct{ config, want string }{
		"no DSN":          {onPostgres("", "", sharedKey, ""), "dsn: is required"},
		"a malformed DSN": {onPostgres("{env.GRANTS_DSN}", "", sharedKey, ""), "is no PostgreSQL connection string"},
		"an unset DSN":    {onPostgres("{env.NOT_SET_AT_ALL}", "", sharedKey, ""), "NOT_SET_AT_ALL"},
		"a schema":        {onPostgres("host=db", "Odoo", sharedKey, ""), "schema: "},
		"too stale":       {onPostgres("host=db", "", sharedKey, `, "staleness": "2h"`), "staleness: is more than an hour"},
		"not stale":       {onPostgres("host=db", "", sharedKey, `, "staleness": "1ms"`), "staleness: is less than a second"},
		"short":           {onPostgres("host=db", "", sharedKey, `, "retention": "1h"`), "retention: is less than a day"},
		"no key":          {strings.Replace(onPostgres("host=db", "", sharedKey, ""), `"seal_key": "`+sharedKey+`", `, "", 1), "must be the same on every node"},
	} {
		_, err := provision(t, c.config)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// nodesShareGuesses: who has guessed too often at one node waits at the other, with
// the right secret too.
func nodesShareGuesses(t *testing.T, one, other *App) {
	t.Helper()
	refresh := func(app *App, secret string) int {
		t.Helper()
		r := request(t, "POST", "https://erp.example.com/restapi/1.0/common/oauth2/access_token", "grant_type=refresh_token&refresh_token=x")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth("wiki", secret)
		w := httptest.NewRecorder()
		if err := app.gateways["erp"].ServeHTTP(w, r, nil); err != nil {
			t.Fatal(err)
		}
		return w.Code
	}
	if status := refresh(other, "top-secret"); status != http.StatusBadRequest {
		t.Fatalf("before: status %d", status)
	}
	for refresh(one, "wrong") == http.StatusUnauthorized {
	}
	limit := time.After(time.Minute)
	for status := 0; status != http.StatusTooManyRequests; status = refresh(other, "top-secret") {
		select {
		case <-limit:
			t.Fatalf("the other node counts for itself: status %d", status)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// TestNodesShareAStore: what one node grants the other has, with one set of
// signing keys; each can save and examine all of it, and one does what one does
// for all.
func TestNodesShareAStore(t *testing.T) {
	c := pgtest.Shared(t)
	schema := c.Schema()
	// Another way to the same server: a node of its own in this process.
	relay := pgtest.NewRelay(t, c)
	one := startNode(t, onPostgres(c.DSN(), schema, sharedKey, ""))
	other := startNode(t, onPostgres(relay.DSN(), schema, sharedKey, ""))
	if one.store.pooled == other.store.pooled {
		t.Fatal("both are one node: the test proves nothing")
	}
	a, err := one.store.database().Store("erp").Consent(t.Context(), grant.Authorization{Application: "wiki", Subject: "sub-1", ConsentedAt: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := other.store.database().Store("erp").Authorization(t.Context(), a.ID); err != nil || got.Subject != "sub-1" {
		t.Errorf("the other node has %+v, error %v", got, err)
	}
	keys, err := one.gateways["erp"].SigningKeys(t.Context())
	if err != nil || len(keys) != 1 {
		t.Errorf("%d signing keys, error %v", len(keys), err)
	}
	if others, err := other.gateways["erp"].SigningKeys(t.Context()); err != nil || !reflect.DeepEqual(others, keys) {
		t.Errorf("the other node signs with %+v, error %v, want %+v", others, err, keys)
	}
	if !one.store.database().turn(t.Context(), "sweep erp", time.Hour) || other.store.database().turn(t.Context(), "sweep erp", time.Hour) {
		t.Error("both do what one does for all, or none")
	}
	nodesShareGuesses(t, one, other)
	for _, f := range other.examineStore(t.Context()) {
		if f.Status != doctor.OK {
			t.Errorf("the doctor says %+v", f)
		}
	}
	limit := time.After(time.Minute)
	for s, open := other.store.pooled.stats(); !open || !s.remote || !s.writable || s.bytes == 0; s, open = other.store.pooled.stats() {
		select {
		case <-limit: // it is counted in the background
			t.Fatalf("stats %+v, open %v", s, open)
		case <-time.After(5 * time.Millisecond):
		}
	}

	app, err := provision(t, onPostgres(relay.DSN(), schema, strings.Repeat("ab", 32), ""))
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(); err == nil || !strings.Contains(err.Error(), "sealed with another key") {
		t.Errorf("a reload with another key: error %v", err)
	}
	if again := pgtest.NewRelay(t, c); true {
		app, err := provision(t, onPostgres(again.DSN(), schema, strings.Repeat("ab", 32), ""))
		if err != nil {
			t.Fatal(err)
		}
		if err := app.Start(); err == nil || !strings.Contains(err.Error(), "seal_key must be the same on every node") {
			t.Errorf("a node with another key: error %v", err)
		}
	}

	// A backup of one node becomes a store in another schema.
	var saved bytes.Buffer
	if _, err := other.store.backup(t.Context(), &saved); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "grants.backup")
	if err := os.WriteFile(name, saved.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	next := c.Schema()
	empty, err := provision(t, onPostgres(c.DSN(), next, sharedKey, ""))
	if err != nil {
		t.Fatal(err)
	}
	done, err := restore(empty.store.options, file, backup.Restoring{Now: time.Now(), All: true}, "revoke_all")
	if err != nil || done.Revoked != 1 {
		t.Fatalf("restored %+v, error %v", done, err)
	}
	if err := empty.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = empty.Stop() }()
	if got, err := empty.store.database().Store("erp").Authorization(t.Context(), a.ID); err != nil || got.Live() {
		t.Errorf("restored %+v, error %v", got, err)
	}
}

// TestReloadOnPostgres: what a reload changes counts over the connections that are
// open, and the store stays.
func TestReloadOnPostgres(t *testing.T) {
	c := pgtest.Shared(t)
	schema := c.Schema()
	before := loadApp(t, onPostgres(c.DSN(), schema, sharedKey, ""), "")
	changed := onPostgres(c.DSN()+" password=other", schema, sharedKey, `, "staleness": "5s", "retention": "90d"`)
	for _, failAt := range []string{"provision", "start"} {
		if loadApp(t, changed, failAt) != before || optionsOf(before.store.pooled).module != before.store.options.module {
			t.Errorf("a configuration that was refused at its %s has changed the store", failAt)
		}
	}
	after := loadApp(t, changed, "")
	if before.store.pooled != after.store.pooled || after.store.database() == nil {
		t.Error("the store was opened again")
	}
	if got := optionsOf(after.store.pooled).module.Kept(); got != 90*24*time.Hour {
		t.Errorf("what has ended is kept for %v", got)
	}
}

func optionsOf(p *pooledStore) storeOptions {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.options
}

// TestRefusedWhilePostgresIsAway: a store that could not be opened yet is opened as
// the configuration says that is in force.
func TestRefusedWhilePostgresIsAway(t *testing.T) {
	const away = "host=127.0.0.1 port=1 dbname=grants user=gateway"
	before := loadApp(t, onPostgres(away, "", sharedKey, ""), "")
	for _, failAt := range []string{"provision", "start"} {
		loadApp(t, onPostgres(away+" password=other", "", strings.Repeat("cd", 32), ""), failAt)
		if o := optionsOf(before.store.pooled); before.store.database() != nil || o.module != before.store.options.module || !bytes.Equal(o.sealKey, before.store.options.sealKey) {
			t.Errorf("a configuration that was refused at its %s opens the store", failAt)
		}
	}
}

// TestPostgresAwayAtStart: Caddy starts, the gateway answers 503, and once the
// server is there it goes on by itself.
func TestPostgresAwayAtStart(t *testing.T) {
	c := pgtest.Own(t)
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	app := startNode(t, onPostgres(c.DSN(), "odoo_gateway", sharedKey, ""))
	jwks := func() (int, string) {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "https://erp.example.com/.well-known/oauth-authorization-server", nil)
		if err := app.gateways["erp"].ServeHTTP(w, r, nil); err != nil {
			t.Fatal(err)
		}
		return w.Code, w.Header().Get("Retry-After")
	}
	if code, retry := jwks(); code != http.StatusServiceUnavailable || retry == "" {
		t.Errorf("while the store is away: %d, Retry-After %q", code, retry)
	}
	if s, open := app.store.pooled.stats(); open || s.writable {
		t.Errorf("stats %+v, open %v", s, open)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	deadline, stop := time.After(time.Minute), false
	for code, _ := jwks(); code != http.StatusOK && !stop; code, _ = jwks() {
		select {
		case <-deadline:
			t.Errorf("afterwards: %d", code)
			stop = true
		case <-time.After(20 * time.Millisecond):
		}
	}
}
