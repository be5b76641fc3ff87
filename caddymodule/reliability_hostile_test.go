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
	hostileFor     = flag.Duration("hostile", 2*time.Second, "how long TestReliabilityHostile measures, without and with hostile load, each in turns")
	hostileRate    = flag.Int("hostile-rate", 500, "bad tokens per second")
	hostileFrom    = flag.Int("hostile-networks", 1, "networks that bad tokens come from, 250 at most; good requests come from the first")
	hostileOver    = flag.Int("hostile-connections", 0, "connections that bad tokens come over; 0 is one for each 20 a second")
	hostileVerdict = flag.Bool("hostile-verdict", false, "whether the p99 of good requests may at most double, with half of -hostile-rate or more: for a machine that has nothing else to do")
	hostileMemory  = flag.Int64("hostile-memory", 512, "megabytes that the process may hold at most")
)

// hostileTurns is how often good requests are measured without and with hostile
// load, by turns, so that what else a machine does falls to both.
const hostileTurns = 2

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
	orders := hostileOrders{Addr: s.addr, Token: turned.Access, Bad: badTokens(t, base, turned.Access), Rate: *hostileRate, Networks: *hostileFrom, Connections: *hostileOver}

	if orders.Connections == 0 {
		orders.Connections = max(1, orders.Rate/20)
	}

	before := p.settle(1<<20, 1<<20)
	var quiet, loaded latency
	var spentBefore, spent time.Duration
	var peak int64
	told := hostileReport{Answers: make(map[string]map[int]int)}
	for range hostileTurns {
		start := p.cpu()
		quiet.add(measure(t, base, good.Access, *hostileFor/hostileTurns))
		between := p.cpu()
		h := startHostile(t, orders, *hostileVerdict)
		loaded.add(measure(t, base, good.Access, *hostileFor/hostileTurns))
		spentBefore, spent = spentBefore+between-start, spent+p.cpu()-between
		peak = p.status("VmHWM:")
		told.add(h.end(t))
	}
	after := p.settle(before.goroutines+moreGoroutines, before.files+moreFiles)

	lines := strings.Count(p.out.String(), `"request_refused"`)
	t.Logf("good requests: quiet %v, under hostile load %v", quiet, loaded)
	rate := float64(told.Sent) / told.For.Seconds()
	t.Logf("hostile: %d bad tokens, %.0f per second, over %d connections, of which the server ended %d; %d were answered; %.1f s of processor time, %.1f without; %d slow connections ended by the server; %d lines of refusals; peak %.0f MB\nbefore %v\nafter  %v",
		told.Sent, rate, orders.Connections, told.Again, told.Answers[badToken][http.StatusUnauthorized], spent.Seconds(), spentBefore.Seconds(), told.Ended, lines, mega(peak), before, after)
	for kind, statuses := range told.Answers {
		t.Logf("%s: %v", kind, statuses)
	}
	for _, e := range told.Errors[:min(5, len(told.Errors))] {
		t.Error(e)
	}
	for _, a := range told.Accepted[:min(5, len(told.Accepted))] {
		t.Errorf("accepted: %s", a)
	}
	// However many are held up, so many are answered each second.
	answered, seconds := told.Answers[badToken][http.StatusUnauthorized], int(told.For.Seconds())
	for status, n := range told.Answers[badToken] {
		// A server that has no time to read a header says so, and ends the connection.
		if status != http.StatusUnauthorized && (status != http.StatusBadRequest || n > int(told.Again)) {
			t.Errorf("%d bad tokens were answered %d", n, status)
		}
	}
	if answered < min(50, *hostileRate/4)*seconds || len(told.Answers) < 10 {
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
	// A network gets so many lines, ten at most do, and one a second more; what comes
	// with a good token counts apart.
	if most := 10_000*min(10, *hostileFrom) + 2*int(2*hostileFor.Seconds()) + int(*hostileFor/bombEvery) + 10; lines > most {
		t.Errorf("%d lines of refusals are in the log, want at most %d", lines, most)
	}
	if *hostileVerdict && (loaded.quantile(99) > 2*quiet.quantile(99) || rate < float64(*hostileRate)/2) {
		t.Errorf("the p99 of good requests was %v, and is %v under hostile load of %.0f bad tokens a second", quiet.quantile(99), loaded.quantile(99), rate)
	}
}

// latency is what good requests have taken.
type latency []time.Duration

func (l *latency) add(more latency) {
	*l = append(*l, more...)
	slices.Sort(*l)
}

func (l latency) quantile(percent int) time.Duration { return l[len(l)*percent/100] }

func (l latency) String() string {
	return fmt.Sprintf("%d requests, p50 %.1f ms, p99 %.1f ms", len(l), l.quantile(50).Seconds()*1000, l.quantile(99).Seconds()*1000)
}

// measure has four applications read, 25 times a second each. Every request must
// be answered well, and takes from when it was due: one that comes late because the
// one before it was slow has waited as well.
func measure(t *testing.T, base, token string, d time.Duration) latency {
	t.Helper()
	var mu sync.Mutex
	var all latency
	var readers sync.WaitGroup
	began := time.Now()
	for range 4 {
		client := &http.Client{Transport: &http.Transport{}}
		readers.Go(func() {
			for due := time.Duration(0); due < d; due += every {
				<-time.After(time.Until(began.Add(due)))
				err := read(client, base, token)
				took := time.Since(began) - due
				mu.Lock()
				all = append(all, took)
				mu.Unlock()
				if err != nil {
					t.Errorf("a good request: %v", err)
					return
				}
			}
			client.CloseIdleConnections()
		})
	}
	readers.Wait()
	return all
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
