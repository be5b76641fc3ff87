package caddymodule

import (
	"encoding/base64"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	hostileFor     = flag.Duration("hostile", 2*time.Second, "how long TestReliabilityHostile measures, without and with hostile load")
	hostileRate    = flag.Int("hostile-rate", 500, "bad tokens per second")
	hostileVerdict = flag.Bool("hostile-verdict", false, "whether the p99 of good requests may at most double, with half of -hostile-rate or more: for a machine that has nothing else to do")
	hostileMemory  = flag.Int64("hostile-memory", 512, "megabytes that the process may hold at most")
)

// TestReliabilityHostile measures good requests without and with hostile load.
//
//	go test ./caddymodule -run TestReliabilityHostile -v -hostile 60s -hostile-rate 5000 -hostile-verdict
func TestReliabilityHostile(t *testing.T) {
	s, _ := newOdooSite(t)
	s.global = "servers {\n\t\ttimeouts {\n\t\t\tread_header 1s\n\t\t}\n\t}\n"
	p := newMachine(t).start(s.caddyfile(), s.admin)
	base := "http://" + s.addr
	_, good := connected(t, base)
	_, turned := connected(t, base)
	orders := hostileOrders{Addr: s.addr, Token: turned.Access, Bad: badTokens(t, base, turned.Access), Rate: *hostileRate}

	before := p.settle(1<<20, 1<<20)
	spent := p.cpu()
	quiet := measure(t, base, good.Access, *hostileFor)
	spentBefore := p.cpu() - spent
	h := startHostile(t, orders, *hostileVerdict)
	spent = p.cpu()
	loaded := measure(t, base, good.Access, *hostileFor)
	spent = p.cpu() - spent
	peak := p.status("VmHWM:")
	told := h.end(t)
	after := p.settle(before.goroutines+moreGoroutines, before.files+moreFiles)

	lines := strings.Count(p.out.String(), `"request_refused"`)
	t.Logf("good requests: quiet %v, under hostile load %v", quiet, loaded)
	rate := float64(told.Sent) / told.For.Seconds()
	t.Logf("hostile: %d bad tokens, %.0f per second; %.1f s of processor time, %.1f without; %d slow connections ended by the server; %d lines of refusals; peak %.0f MB\nbefore %v\nafter  %v",
		told.Sent, rate, spent.Seconds(), spentBefore.Seconds(), told.Ended, lines, mega(peak), before, after)
	for kind, statuses := range told.Answers {
		t.Logf("%s: %v", kind, statuses)
	}
	for _, e := range told.Errors[:min(5, len(told.Errors))] {
		t.Error(e)
	}
	for _, a := range told.Accepted[:min(5, len(told.Accepted))] {
		t.Errorf("accepted: %s", a)
	}
	if told.Sent == 0 || len(told.Answers) < 10 {
		t.Errorf("too little happened to prove anything: %v", told.Answers)
	}
	if peak > *hostileMemory<<20 {
		t.Errorf("the process has held %.0f MB", mega(peak))
	}
	if after.heap > before.heap+16<<20 {
		t.Errorf("the heap has grown by %.1f MB", mega(after.heap-before.heap))
	}
	if after.goroutines > before.goroutines+moreGoroutines || after.files > before.files+moreFiles {
		t.Errorf("goroutines or descriptors have grown:\n%s", p.profile("goroutine?debug=1"))
	}
	// One network gets so many lines, and one a second more; what comes with a good
	// token counts apart.
	if most := 10_000 + 2*int(2*hostileFor.Seconds()) + int(*hostileFor/bombEvery) + 10; lines > most {
		t.Errorf("%d lines of refusals are in the log, want at most %d", lines, most)
	}
	if *hostileVerdict && (loaded.p99 > 2*quiet.p99 || rate < float64(*hostileRate)/2) {
		t.Errorf("the p99 of good requests was %v, and is %v under hostile load of %.0f bad tokens a second", quiet.p99, loaded.p99, rate)
	}
}

// latency is what good requests have taken.
type latency struct {
	requests int
	p50, p99 time.Duration
}

func (l latency) String() string {
	return fmt.Sprintf("%d requests, p50 %.1f ms, p99 %.1f ms", l.requests, l.p50.Seconds()*1000, l.p99.Seconds()*1000)
}

// measure has four applications read, 25 times a second each. Every request must
// be answered well.
func measure(t *testing.T, base, token string, d time.Duration) latency {
	t.Helper()
	var mu sync.Mutex
	var all []time.Duration
	var readers sync.WaitGroup
	until := time.Now().Add(d)
	for range 4 {
		client := &http.Client{Transport: &http.Transport{}}
		readers.Go(func() {
			tick := time.NewTicker(every)
			defer tick.Stop()
			for time.Now().Before(until) {
				start := time.Now()
				err := read(client, base, token)
				took := time.Since(start)
				mu.Lock()
				all = append(all, took)
				mu.Unlock()
				if err != nil {
					t.Errorf("a good request: %v", err)
					return
				}
				<-tick.C
			}
			client.CloseIdleConnections()
		})
	}
	readers.Wait()
	slices.Sort(all)
	return latency{len(all), all[len(all)/2], all[len(all)*99/100]}
}

// badTokens are one of each kind.
func badTokens(t *testing.T, base, good string) []string {
	t.Helper()
	parts := strings.Split(good, ".")
	encode := base64.RawURLEncoding.EncodeToString
	header, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil {
		t.Fatal(err)
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	_, kid, _ := strings.Cut(string(header), `"kid":"`)
	kid, _, _ = strings.Cut(kid, `"`)
	_, exp, _ := strings.Cut(string(claims), `"exp":`)
	exp = exp[:strings.IndexAny(exp, ",}")]
	_, revoked := connected(t, base)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if _, status, err := fetch(client, base, "revoke", "top-secret", url.Values{"token": {revoked.Access}}); err != nil || status != http.StatusOK {
		t.Fatalf("revoking: %d %v", status, err)
	}
	return []string{
		parts[0] + "." + parts[1] + "." + encode(make([]byte, 256)),
		encode([]byte(strings.Replace(string(header), kid, strings.Repeat("A", len(kid)), 1))) + "." + parts[1] + "." + parts[2],
		parts[0] + "." + encode([]byte(strings.Replace(string(claims), exp, "1000000000", 1))) + "." + parts[2],
		encode([]byte("random")),
		revoked.Access,
	}
}
