package caddymodule

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
	"github.com/caddy-odoo/gateway/internal/seal"
)

var (
	faultVersions = flag.String("fault-versions", "16,19", "versions of Odoo that TestReliabilityUpstream simulates, such as 16,17,18,19,20")
	faultRounds   = flag.Int("fault-rounds", 1, "how often it tries each operation with each fault")
	faultAll      = flag.Bool("fault-all", false, "it tries all of them on each version, and not each on one of them")
	faultCold     = flag.Bool("fault-cold", false, "the gateway has learnt nothing of Odoo before each of them, and not before the first one alone")
)

const faultApp = `
	odoo_gateway {
		store badger STORE
		gateway erp {
			issuer http://ADDR
			database prod
			odoo_calls 64
			APPLICATIONS
			model_scheme sales {
				whitelist customer
			}
			model_configuration customer {
				model res.partner
				fields whitelist name
				operations read create write
			}
		}
	}
`

// faultWorld is a gateway in this process, before an Odoo that fails.
type faultWorld struct {
	*testing.T
	odoo   *odootest.Server
	front  *front
	config string
	url    string
	app    *App
	store  grant.Store
	ring   *seal.Ring
	held   map[string]*holder // by application
	guest  guest              // who is asked whether to stay connected
	swept  grant.Authorization
}

// holder is an application that somebody has connected.
type holder struct {
	authorization string
	tokens
}

func newFaultWorld(t *testing.T, version int) *faultWorld {
	t.Helper()
	w := &faultWorld{T: t, held: make(map[string]*holder)}
	w.odoo = odootest.New(odootest.Options{Version: version, Database: "prod", NoAuthTimeout: true, ProgrammaticKeys: true})
	t.Cleanup(w.odoo.Close)
	w.front = newFront(t, w.odoo)
	applications := ""
	for _, name := range []string{"session", "key", "robot", "stay", "idle", "left"} {
		more := ""
		if name == "robot" {
			more = "service_connection {\n login demo\n api_key " + w.odoo.NewAPIKey("demo", "robot", time.Now().Add(24*time.Hour)) + "\n}\n"
		}
		applications += fmt.Sprintf("application %[1]s {\nclient_id %[1]s\nclient_secret top-secret\nredirect_uri %[2]s\nmodel_scheme sales\n%[3]s}\n", name, callback, more)
	}
	addr := freeAddrs(t, 1)[0]
	w.url = "http://" + addr
	file := "{" + fmt.Sprintf(globals, t.TempDir()) + faultApp + "}\nhttp://ADDR {\n\todoo_gateway\n\treverse_proxy FRONT\n}\n"
	w.config = strings.NewReplacer("STORE", t.TempDir(), "APPLICATIONS", applications, "ADDR", addr, "FRONT", w.front.addr).Replace(file)
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	})
	w.reload()
	backend, err := w.app.store.state().Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.store, w.ring = backend.Store("erp"), backend.Seal
	w.connect("session", w.session)
	w.connect("key", w.key)
	return w
}

// reload makes the gateway forget what it has learnt of Odoo.
func (w *faultWorld) reload() {
	w.Helper()
	if err := caddy.Load([]byte(mustAdapt(w.T, w.config)), true); err != nil {
		w.Fatal(err)
	}
	app, err := activeApp()
	if err != nil {
		w.Fatal(err)
	}
	w.app = app
}

// authorize stores what somebody's consent would.
func (w *faultWorld) authorize(application string, connect func(grant.Authorization) grant.Connection) grant.Authorization {
	w.Helper()
	uid := w.odoo.UID("demo")
	a := grant.Authorization{
		Application: application, Subject: oauth.Subject(w.url, "prod", uid), Database: "prod", UID: uid, Login: "demo", ConsentedAt: time.Now(),
	}
	a.Connection = connect(a)
	a, err := w.store.Consent(w.Context(), a)
	if err != nil {
		w.Fatal(err)
	}
	return a
}

func (w *faultWorld) session(a grant.Authorization) grant.Connection {
	id, now := w.odoo.NewSession("demo"), time.Now()
	return grant.Connection{
		Kind: grant.Session, Sealed: w.ring.Seal([]byte(id), a.Key()), Hash: grant.HashToken(id), Since: now, TouchedAt: now, BrowserAt: now,
	}
}

func (w *faultWorld) key(a grant.Authorization) grant.Connection {
	ends := time.Now().Add(24 * time.Hour)
	secret := w.odoo.NewAPIKey("demo", a.Application, ends)
	return grant.Connection{
		Kind: grant.APIKey, Sealed: w.ring.Seal([]byte(secret), a.Key()), Hash: grant.HashToken(secret), Since: time.Now(), ExpiresAt: ends,
		KeyID: w.odoo.APIKeyID("demo", a.Application),
	}
}

// connect gets tokens for an application.
func (w *faultWorld) connect(application string, by func(grant.Authorization) grant.Connection) {
	w.Helper()
	a, code, now := w.authorize(application, by), grant.NewToken(), time.Now()
	err := w.store.IssueCode(w.Context(), grant.Code{
		Hash: grant.HashToken(code), Authorization: a.ID, Application: application, RedirectURI: callback, IssuedAt: now, ExpiresAt: now.Add(time.Minute),
		Scope: []string{"odoo.read", "odoo.write"},
	})
	if err != nil {
		w.Fatal(err)
	}
	fresh, err := redeemAs(http.DefaultClient, w.url, application, code)
	if err != nil {
		w.Fatal(err)
	}
	w.held[application] = &holder{a.ID, fresh}
}

// got is what a client was told; one that has given up was told nothing.
type got struct {
	status  int
	header  http.Header
	body    string
	gaveUp  bool
	skipped bool // no answer was waited for
}

// ask sends a request of a client that may give up.
func (w *faultWorld) ask(ctx context.Context, method, path, body string, header ...string) got {
	var res *http.Response
	for try := 0; ; try++ {
		r, err := http.NewRequestWithContext(ctx, method, w.url+path, strings.NewReader(body))
		if err != nil {
			w.Error(err)
			return got{}
		}
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		if res, err = faultClient.RoundTrip(r); err == nil {
			break
		}
		if ctx.Err() != nil {
			return got{gaveUp: true}
		}
		// A listener that a reload has just closed resets what waits there.
		if try == 3 || !lostConnection(&url.Error{Err: err}) {
			w.Errorf("%s %s: %v", method, path, err)
			return got{}
		}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil && ctx.Err() == nil {
		w.Errorf("%s %s: %v", method, path, err)
	}
	return got{status: res.StatusCode, header: res.Header, body: string(text)}
}

var faultClient = &http.Transport{DisableKeepAlives: true}

const formType = "application/x-www-form-urlencoded"

// post sends the form of an application to the token endpoint.
func (w *faultWorld) post(ctx context.Context, application string, form url.Values) got {
	form.Set("client_id", application)
	form.Set("client_secret", "top-secret")
	return w.ask(ctx, http.MethodPost, oauthBase+"access_token", form.Encode(), "Content-Type", formType)
}

// goroutines waits until there are no more than so many, and returns how many
// there are.
func goroutines(t *testing.T, want int) int {
	t.Helper()
	look := time.NewTicker(lookEvery / 10)
	defer look.Stop()
	n := runtime.NumGoroutine()
	for range 10 * maxLooks {
		if n <= want {
			break
		}
		<-look.C
		n = runtime.NumGoroutine()
	}
	return n
}

// TestReliabilityUpstream tries each operation with each fault.
//
//	go test ./caddymodule -run TestReliabilityUpstream -v -fault-versions 16,17,18,19,20 -fault-all -fault-cold
func TestReliabilityUpstream(t *testing.T) {
	versions := strings.Split(*faultVersions, ",")
	for v, name := range versions {
		t.Run(name, func(t *testing.T) {
			var version int
			if _, err := fmt.Sscan(name, &version); err != nil {
				t.Fatal(err)
			}
			w := newFaultWorld(t, version)
			tried := 0
			for round := range *faultRounds {
				for i, f := range faults {
					first := true
					for j := range operations {
						// In each round another one is the first.
						o := operations[(round+i+j)%len(operations)]
						if len(o.on) == 0 && (*faultAll || (i+j)%len(versions) == v) || slices.Contains(o.on, version) {
							w.try(f, o, first || *faultCold)
							first = false
							tried++
						}
					}
				}
			}
			if n := w.front.led.Load(); n != 0 {
				t.Errorf("%d requests were led elsewhere", n)
			}
			t.Logf("%d operations with faults", tried)
		})
	}
}

// try runs an operation with a fault, and proves afterwards that nothing is lost.
func (w *faultWorld) try(f fault, o operation, cold bool) {
	w.Helper()
	name := fmt.Sprintf("%s: %s, cold %v", o.name, f.name, cold)
	if o.before != nil {
		o.before(w)
	}
	if cold {
		w.reload()
	}
	before := runtime.NumGoroutine()
	w.front.set(&f)
	a := w.run(f, o)
	asked := w.front.times(o.once)
	w.front.set(nil)
	if o.once != "" && asked > 1 {
		w.Errorf("%s: Odoo was asked %d times", name, asked)
	}
	if !a.skipped && !a.gaveUp {
		// Whose client gives up may still be told of the death of Odoo.
		if f.hangs {
			f.status = []int{http.StatusServiceUnavailable}
		}
		if problem := o.told(f, a); problem != "" {
			w.Errorf("%s: %s: %d %v %.300s", name, problem, a.status, a.header, a.body)
		}
		for _, secret := range []string{"Traceback", "out of cheese", "odoo/http.py"} {
			if strings.Contains(a.body, secret) {
				w.Errorf("%s: %q is told: %s", name, secret, a.body)
			}
		}
	}
	if n := goroutines(w.T, before+moreGoroutines); n > before+moreGoroutines {
		var stacks strings.Builder
		_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1)
		w.Fatalf("%s: %d goroutines, %d before:\n%s", name, n, before, stacks.String())
	}
	if err := o.healed(w); err != nil {
		w.Errorf("%s: afterwards: %v", name, err)
	}
}

// run runs an operation. Where no answer comes, its client gives up once Odoo
// has got the request, and Odoo dies after that.
func (w *faultWorld) run(f fault, o operation) got {
	if !f.hangs {
		return o.do(w, w.Context())
	}
	ctx, cancel := context.WithCancel(w.Context())
	defer cancel()
	done := make(chan got)
	go func() { done <- o.do(w, ctx) }()
	var a got
	select {
	case <-w.front.hung:
		cancel()
		w.front.release()
		a = <-done
	case a = <-done:
	}
	for len(w.front.hung) > 0 {
		<-w.front.hung
	}
	w.front.release()
	return a
}

// operation is something that needs Odoo.
type operation struct {
	name string
	// once is a method of Odoo's that it must not be asked for twice.
	once string
	// on are the versions that have it; none are all.
	on     []int
	before func(w *faultWorld)
	do     func(w *faultWorld, ctx context.Context) got
	// told says what is wrong with an answer, "" for nothing.
	told func(f fault, a got) string
	// healed proves, with an Odoo that works again, that nothing is lost.
	healed func(w *faultWorld) error
}

// statusOf tells that an answer has one of these statuses, and a Retry-After where
// that is 503.
func statusOf(a got, statuses ...int) string {
	switch {
	case !slices.Contains(statuses, a.status):
		return fmt.Sprintf("want %v", statuses)
	case a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") == "":
		return "no Retry-After"
	case a.header.Get("Set-Cookie") != "":
		return "sets a cookie"
	}
	return ""
}
