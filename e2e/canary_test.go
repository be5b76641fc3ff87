package e2e

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// canaryCaddyfile has Caddy's default logs on, its metrics, and every setting
// that is a secret.
const canaryCaddyfile = `{
	admin {OTHERHOST}
	persist_config off
	auto_https off
	metrics
	{LEVEL}
	odoo_gateway {
		store badger {DIR}/grants
		gateway erp {
			issuer {BASE}
			database {DATABASE}
			application canary {
				name "Canary"
				client_id canary-application
				client_secret {env.CANARY_SECRET}
				client_secret {env.CANARY_SECOND}
				own_id odoo-itself
				own_secret {env.CANARY_OWN}
				redirect_uri http://localhost:9/canary
				model_scheme sales
				compat confluence restapi
				authorization_code_retain 30d
			}
			application keeper {
				client_id canary-keeper
				client_secret {env.CANARY_KEEPER}
				redirect_uri http://localhost:9/keeper
				model_scheme sales
				connection api_key
			}
			application machine {
				client_id canary-machine
				client_secret {env.CANARY_MACHINE}
				model_scheme sales
				service_connection {
					login demo
					api_key {env.CANARY_KEY}
				}
			}
			model_scheme sales {
				whitelist customer
			}
			model_configuration customer {
				model res.partner
				fields whitelist name email
			}
		}
	}
}

{BASE} {
	bind 127.0.0.1
	log
	odoo_gateway erp
	{PROXY}
}
`

// TestA47_CanariesLeaveNoTrace runs every flow with secrets that are known and
// searches for them: in all that Caddy logs, its access log and metrics on, in
// every answer that is not there to carry them, and in the store, where
// nothing may stand by which anybody could log in.
func TestA47_CanariesLeaveNoTrace(t *testing.T) {
	t.Run("default logs", func(t *testing.T) { canaries(t, "", 17) })
	// At debug level Caddy logs what passes on to Odoo as it is. The gateway
	// sees to what is its own.
	t.Run("debug logs", func(t *testing.T) { canaries(t, "debug", 19) })
}

func canaries(t *testing.T, level string, version int) {
	t.Parallel()
	w := newWatch()
	sim := odootest.Start(odootest.Options{Version: version})
	t.Cleanup(sim.Close)
	at, err := url.Parse(sim.URL)
	if err != nil {
		t.Fatal(err)
	}
	password := w.secret("password", "canary password / 0123456789")
	sim.ChangePassword("demo", password)
	key := w.secret("API key", sim.NewAPIKey("demo", "machine", time.Now().AddDate(0, 0, 30)))
	to := app{id: "canary-application", secret: w.secret("client secret", "canary secret: 50% / 0123456789"), redirect: "http://localhost:9/canary"}
	machine := app{id: "canary-machine", secret: w.secret("client secret", "canary-secret-of-the-machine-0123456789")}
	keeper := app{id: "canary-keeper", secret: w.secret("client secret", "canary-secret-of-the-keeper-0123456789"), redirect: "http://localhost:9/keeper"}
	s := startSiteWith(t, odoo{url: at, database: sim.Database(), login: "demo", password: password},
		strings.NewReplacer("{LEVEL}", level).Replace(canaryCaddyfile),
		"CANARY_SECRET="+to.secret, "CANARY_SECOND="+w.secret("client secret", "canary-second-secret-0123456789"),
		"CANARY_OWN="+w.secret("own secret", "canary-own-secret-0123456789"), "CANARY_MACHINE="+machine.secret, "CANARY_KEY="+key,
		"CANARY_KEEPER="+keeper.secret)

	c := &canaryRun{t: t, w: w, s: s, to: to}
	c.run(level)
	c.machine(machine)
	c.stays(keeper)
	for _, r := range sim.Requests() {
		if key := keyOf(r); key != "" {
			w.secret("API key", key)
		}
	}

	metrics := newPerson(t, s.other)
	metrics.http.Transport = w
	if a := metrics.get("/metrics"); a.StatusCode != http.StatusOK || !strings.Contains(a.text, "caddy_http_requests_total") ||
		!strings.Contains(a.text, `odoo_gateway_token_grants_total{application=`) {
		t.Errorf("no metrics: %s %s", a.Status, a.text)
	}
	for path, want := range map[string]string{"/odoo_gateway/audit?limit=1000": `"kind":"token_refreshed"`, "/odoo_gateway/audit/verify": `"broken":0`} {
		if a := metrics.get(path); a.StatusCode != http.StatusOK || !strings.Contains(a.text, want) {
			t.Errorf("%s: %s %.500s", path, a.Status, a.text)
		}
	}
	metrics.get("/config/") // placeholders stand for the secrets

	s.caddy.stop(syscall.SIGTERM)
	for what, least := range map[string]int{
		"password": 1, "API key": 2, "client secret": 4, "odoo_secret": 1, "user_secret": 1, "code": 8, "access_token": 8, "refresh_token": 8,
		"cookie session_id": 2, "wrong secret": 1, "wrong code": 1, "wrong verifier": 1, "wrong token": 1, "wrong password": 1,
	} {
		if w.kinds()[what] < least {
			t.Errorf("%d canaries of %s: this test sees too little", w.kinds()[what], what)
		}
	}
	w.answersAreClean(t)
	logs := s.caddy.said()
	for _, leak := range w.leaks(logs, nil) {
		t.Errorf("the logs have %s", leak)
	}
	for _, want := range []string{`"logger":"http.log.access`, `"msg":"code_redeemed"`, "/marker-in-the-access-log", "REDACTED", `"odoo_gateway":{"gateway":`} {
		if !strings.Contains(logs, want) {
			t.Errorf("the logs lack %s: this test sees nothing", want)
		}
	}
	store := dump(t, filepath.Join(s.dir, "grants"))
	for _, leak := range w.leaks(store, nil) {
		t.Errorf("the store has %s", leak)
	}
	for _, want := range []string{"demo", "canary", "erp/"} {
		if !strings.Contains(store, want) {
			t.Errorf("the dump of the store lacks %s: this test sees nothing", want)
		}
	}
}

// keyOf is the API key that the gateway calls Odoo with, in the form of its version.
func keyOf(r odootest.Request) string {
	if scheme, key, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "bearer") && strings.HasPrefix(r.Path, "/json/2/") && !strings.Contains(key, ".") {
		return key
	}
	var call struct{ Params struct{ Args []any } }
	if r.Path != "/jsonrpc" || json.Unmarshal(r.Body, &call) != nil || len(call.Params.Args) < 3 {
		return ""
	}
	key, _ := call.Params.Args[2].(string)
	return key
}

// dump returns all that is in a store: every version of every record, and the
// bytes of its files.
func dump(t *testing.T, dir string) string {
	t.Helper()
	var all bytes.Buffer
	db, err := badger.Open(badger.DefaultOptions(dir).WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(func(txn *badger.Txn) error {
		opts := badger.DefaultIteratorOptions
		opts.AllVersions = true
		it := txn.NewIterator(opts)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			all.Write(it.Item().Key())
			all.WriteByte('\n')
			value, err := it.Item().ValueCopy(nil)
			if err != nil {
				return err
			}
			all.Write(value)
			all.WriteByte('\n')
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all.Write(bytes.TrimRight(b, "\x00")) // what is made in advance: many megabytes to look through
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
