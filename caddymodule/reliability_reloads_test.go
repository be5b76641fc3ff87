package caddymodule

import (
	"flag"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
	"github.com/caddy-odoo/gateway/internal/token"
)

var (
	reloadCount = flag.Int("reloads", 6, "reloads that TestReliabilityReloads makes")
	reloadRate  = flag.Int("reload-rate", 500, "requests per second that it makes meanwhile, of the gateway and of plain Caddy each")
)

// memoryEvery is after how many reloads it says what the memory is.
const memoryEvery = 50

// warmUp is how many reloads come before the process is measured first.
const warmUp = 2

// moreGoroutines and moreFiles are how many more of them there may be after any
// number of reloads, as the store's own work comes and goes; moreHeap is how
// much more the heap may have grown than plain Caddy's.
const (
	moreGoroutines = 4
	moreFiles      = 3
	moreHeap       = 4 << 20
)

// generation is the configuration after so many reloads: in each there is a new
// application, that of the one before is archived, and the one before that is
// gone; every other one opens another field, and two of four sign with another
// algorithm.
type generation int

func (g generation) guest() string     { return fmt.Sprintf("guest%d", g) }
func (g generation) opensEmail() bool  { return g%2 == 1 }
func (g generation) algorithm() string { return []string{token.RS256, token.EdDSA}[int(g)/2%2] }

// site is what is configured.
func (g generation) site(s site) site {
	s.config = fmt.Sprint(int(g))
	if s.plain {
		return s
	}
	s.inGateway = "signing_algorithm " + g.algorithm() + "\n" + g.application(true)
	if g > 0 {
		s.inGateway += (g - 1).application(false)
	}
	if g.opensEmail() {
		s.fields = "name email"
	}
	return s
}

func (g generation) application(active bool) string {
	return fmt.Sprintf("\t\t\tapplication %[1]s {\n\t\t\t\tclient_id %[1]s\n\t\t\t\tclient_secret top-secret\n\t\t\t\tredirect_uri %[2]s\n\t\t\t\tmodel_scheme sales\n\t\t\t\tactive %[3]v\n\t\t\t}\n",
		g.guest(), callback, active)
}

// steadyLoad are clients of one site that make requests at a rate until they
// are paused.
type steadyLoad struct {
	*load
	target  string
	clients int
	chain   tokens
	granted tokens
	kept    []*http.Transport
}

// newSteadyLoad connects an application where the site has the gateway.
func newSteadyLoad(t *testing.T, s site) *steadyLoad {
	t.Helper()
	l := &steadyLoad{load: new(load), target: "http://" + s.addr, clients: max(4, *reloadRate*int(every)/int(time.Second))}
	if !s.plain {
		_, l.granted = connected(t, l.target)
		_, l.chain = connected(t, l.target)
	}
	return l
}

// start runs the clients: half of them ask what passes through, on kept
// connections and on fresh ones, the others read with a token, and one
// refreshes.
func (l *steadyLoad) start() {
	l.stop, l.progress = make(chan struct{}), make(chan struct{})
	for i := range l.clients {
		transport := &http.Transport{DisableKeepAlives: i%4 == 1}
		l.kept = append(l.kept, transport)
		client := &http.Client{Transport: numbered{transport}}
		switch {
		case l.granted.Access == "" || i%2 == 1:
			l.run("passing through", func() error { return get(client, l.target+"/load", "/load") })
		case i == 0:
			l.run("refreshing", func() error {
				next, err := refresh(client, l.target, l.chain.Refresh)
				if err != nil {
					return err
				}
				l.chain = next
				return read(client, l.target, next.Access)
			})
		default:
			l.run("reading", func() error { return read(client, l.target, l.granted.Access) })
		}
	}
}

// pause stops the clients and closes what they keep open.
func (l *steadyLoad) pause() {
	close(l.stop)
	l.wg.Wait()
	for _, kept := range l.kept {
		kept.CloseIdleConnections()
	}
	l.kept = nil
}

// after waits until so many more requests were made.
func (l *steadyLoad) after(requests int64) {
	for until := l.requests.Load() + requests; l.requests.Load() < until; {
		<-l.progress
	}
}

// watched is a process under such a load.
type watched struct {
	*process
	site          site
	load          *steadyLoad
	before, after resources
	seconds       float64
	late          int // requests that came to the configuration before
}

// TestReliabilityReloads reloads again and again while applications work:
// applications are added, archived and removed, the model scheme changes, keys
// are rotated. A plain Caddy beside it has the same number of requests and of
// reloads, and shows what of connections and of memory is Caddy's own affair.
//
//	go test ./caddymodule -run TestReliabilityReloads -v -reloads 100
func TestReliabilityReloads(t *testing.T) {
	odoo := odootest.Start(odootest.Options{Version: 19})
	t.Cleanup(odoo.Close)
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) }))
	t.Cleanup(echo.Close)
	addrs := freeAddrs(t, 4)
	upstream := strings.TrimPrefix(echo.URL, "http://")
	with := &watched{site: site{admin: addrs[0], addr: addrs[1], upstream: strings.TrimPrefix(odoo.URL, "http://"), echo: upstream}}
	plain := &watched{site: site{admin: addrs[2], addr: addrs[3], upstream: upstream, plain: true}}
	both := []*watched{with, plain}
	for _, w := range both {
		w.site.inSite = "\n\tlog_number"
		w.process = newMachine(t).start(generation(0).site(w.site).caddyfile(), w.site.admin)
		w.load = newSteadyLoad(t, w.site)
	}
	g := generation(0)
	round := func(n int, check func(g generation, guest tokens) tokens) {
		start := time.Now()
		for _, w := range both {
			w.load.start()
		}
		var guest tokens
		if check != nil {
			_, guest = connectedAs(t, with.load.target, g.guest())
		}
		for done := range n {
			if done > 0 && done%memoryEvery == 0 {
				t.Logf("after %d reloads: %s; plain Caddy: %s", done, with.memory(), plain.memory())
			}
			g++
			reloadAll(t, both, g)
			if check != nil {
				guest = check(g, guest)
			}
			for _, w := range both {
				w.load.after(int64(w.load.clients))
			}
		}
		for _, w := range both {
			w.load.pause()
			w.seconds = time.Since(start).Seconds()
		}
		echo.CloseClientConnections()
	}
	round(warmUp, nil)
	settleAll(both, func(w *watched) { w.before = w.settle(math.MaxInt, math.MaxInt) })
	for _, w := range both {
		w.load.requests.Store(0)
	}
	rotations := 0
	round(*reloadCount, func(g generation, guest tokens) tokens {
		if g%5 == 0 {
			rotations += rotateKeys(t, with.site)
		}
		return checkGeneration(t, with, g, guest)
	})
	t.Logf("after all reloads: %s; plain Caddy: %s", with.memory(), plain.memory())
	settleAll(both, func(w *watched) { w.after = w.settle(w.before.goroutines+moreGoroutines, w.before.files+moreFiles) })
	for _, w := range both {
		w.judge(t)
	}
	if grown := with.after.heap - with.before.heap; grown > plain.after.heap-plain.before.heap+moreHeap {
		t.Errorf("the heap has grown by %.1f MB", mega(grown))
	}
	t.Logf("%d reloads, %d rotations, %d requests just after a reload that the configuration before it has answered", *reloadCount, rotations, with.late)
	if lost, ofPlain := len(with.load.lost), len(plain.load.lost); int64(lost-ofPlain) > with.load.requests.Load()/20 {
		t.Errorf("%d connections were lost at a handover, %d of plain Caddy's: the first %v", lost, ofPlain, with.load.lost[0])
	}
}

// settleAll measures all processes at the same time.
func settleAll(all []*watched, measure func(w *watched)) {
	var done sync.WaitGroup
	for _, w := range all {
		done.Go(func() { measure(w) })
	}
	done.Wait()
}

// reloadAll gives all processes a configuration at the same time.
func reloadAll(t *testing.T, all []*watched, g generation) {
	t.Helper()
	var done sync.WaitGroup
	for _, w := range all {
		done.Go(func() {
			if err := w.process.load(g.site(w.site).caddyfile()); err != nil {
				t.Errorf("reload %d: %v", g, err)
			}
		})
	}
	done.Wait()
}

// judge tells what has come of it, and fails for what is not as it should be.
func (w *watched) judge(t *testing.T) {
	t.Helper()
	name := "with the gateway"
	if w.site.plain {
		name = "plain Caddy"
	}
	requests := w.load.requests.Load()
	t.Logf("%s: %d requests, %.0f per second, %d lost at a handover, %d failed\nbefore %v\nafter  %v",
		name, requests, float64(requests)/w.seconds, len(w.load.lost), len(w.load.failures), w.before, w.after)
	for _, f := range w.load.failures[:min(5, len(w.load.failures))] {
		t.Errorf("%s: %s", name, f)
	}
	w.hasSeenNone(w.load.lost)
	if w.after.goroutines > w.before.goroutines+moreGoroutines || w.after.files > w.before.files+moreFiles {
		t.Errorf("%s: goroutines or descriptors have grown:\n%s", name, w.profile("goroutine?debug=1"))
	}
}

// checkGeneration looks, at once, whether the configuration that was loaded last
// is what holds, and returns the tokens of its new application.
func checkGeneration(t *testing.T, w *watched, g generation, archived tokens) tokens {
	t.Helper()
	base := w.load.target
	client := &http.Client{Transport: numbered{&http.Transport{DisableKeepAlives: true}}}
	ask := func(path, bearer string) (int, string) {
		t.Helper()
		for range 5 {
			status, config, body := askAt(t, client, base+path, bearer)
			if config == fmt.Sprint(int(g)) {
				return status, body
			}
			// Caddy's old listener may take a connection while the new one has
			// begun to.
			w.late++
		}
		t.Errorf("after reload %d the configuration before it serves", g)
		return 0, ""
	}
	if status, body := ask(recordPath, archived.Access); status != http.StatusUnauthorized {
		t.Errorf("after reload %d the archived application reads: %d %s", g, status, body)
	}
	if _, status, err := fetchAs(client, base, "access_token", (g - 1).guest(), "top-secret", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {archived.Refresh}}); err == nil && status < 400 {
		t.Errorf("after reload %d the archived application refreshes", g)
	}
	want := http.StatusForbidden
	if g.opensEmail() {
		want = http.StatusOK
	}
	if status, body := ask("/restapi/1.0/object/res.partner/1?fields=['email']", w.load.granted.Access); status != want {
		t.Errorf("after reload %d the field is answered with %d, want %d: %s", g, status, want, body)
	}
	user, got := connectedAs(t, base, g.guest())
	if err := read(user.client, base, got.Access); err != nil {
		t.Errorf("after reload %d the new application: %v", g, err)
	}
	if alg := algorithmOf(t, got.Access); alg != g.algorithm() {
		t.Errorf("after reload %d a token is signed with %s, want %s", g, alg, g.algorithm())
	}
	return got
}

// askAt asks with a token, once more where a connection was lost at a handover,
// and tells which configuration has answered.
func askAt(t *testing.T, c *http.Client, target, bearer string) (status int, config, body string) {
	t.Helper()
	for try := 0; ; try++ {
		r := request(t, http.MethodGet, target, "")
		r.Header.Set("Authorization", "Bearer "+bearer)
		res, err := c.Do(r)
		if lostConnection(err) && try < 3 {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Header.Get("X-Config"), string(b)
	}
}

// rotateKeys rotates the keys, and returns how many were made: none where a
// rotation is under way.
func rotateKeys(t *testing.T, s site) int {
	t.Helper()
	switch status, body := s.ask(t, http.MethodPost, rotateEndpoint, "{}", nil); status {
	case http.StatusOK:
		return 1
	case http.StatusConflict:
		return 0
	default:
		t.Fatalf("rotating: %d %s", status, body)
		return 0
	}
}
