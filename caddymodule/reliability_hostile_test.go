package caddymodule

import (
	"bufio"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	hostileFor     = flag.Duration("hostile", 2*time.Second, "how long TestReliabilityHostile measures, without and with hostile load")
	hostileRate    = flag.Int("hostile-rate", 500, "bad tokens per second")
	hostileVerdict = flag.Bool("hostile-verdict", false, "whether the p99 of good requests may at most double: for a machine that has nothing else to do")
	hostileMemory  = flag.Int64("hostile-memory", 512, "megabytes that the process may hold at most")
)

// connections and more of the hostile load.
const (
	slowHeaders  = 100
	slowBodies   = 100
	badTokenPipe = 8 // connections, each of which sends its requests without waiting
	bombEvery    = 50 * time.Millisecond
)

// hostile is somebody who means no good.
type hostile struct {
	t        *testing.T
	addr     string
	token    string // a good one, of an application whose owner has gone bad
	bad      []string
	stop     chan struct{}
	wg       sync.WaitGroup
	mu       sync.Mutex
	answers  map[string]map[int]int // by kind and status
	accepted []string
	sent     atomic.Int64
	ended    atomic.Int64 // slow connections that the server has ended
}

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
	h := &hostile{t: t, addr: s.addr, token: turned.Access, stop: make(chan struct{}), answers: make(map[string]map[int]int)}
	h.bad = badTokens(t, base, turned.Access)

	before := p.settle(1<<20, 1<<20)
	quiet := measure(t, base, good.Access, *hostileFor)
	spent := p.cpu()
	h.start()
	loaded := measure(t, base, good.Access, *hostileFor)
	spent = p.cpu() - spent
	peak := p.status("VmHWM:")
	close(h.stop)
	h.wg.Wait()
	after := p.settle(before.goroutines+moreGoroutines, before.files+moreFiles)

	lines := strings.Count(p.out.String(), `"request_refused"`)
	t.Logf("good requests: quiet %v, under hostile load %v", quiet, loaded)
	t.Logf("hostile: %d bad tokens, %.0f per second; %.1f s of processor time; %d slow connections ended by the server; %d lines of refusals; peak %.0f MB\nbefore %v\nafter  %v",
		h.sent.Load(), float64(h.sent.Load())/hostileFor.Seconds(), spent.Seconds(), h.ended.Load(), lines, mega(peak), before, after)
	for kind, statuses := range h.answers {
		t.Logf("%s: %v", kind, statuses)
	}
	for _, a := range h.accepted[:min(5, len(h.accepted))] {
		t.Errorf("accepted: %s", a)
	}
	if h.sent.Load() == 0 || len(h.answers) < 10 {
		t.Errorf("too little happened to prove anything: %v", h.answers)
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
	if *hostileVerdict && loaded.p99 > 2*quiet.p99 {
		t.Errorf("the p99 of good requests was %v, and is %v under hostile load", quiet.p99, loaded.p99)
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

func (h *hostile) start() {
	for range badTokenPipe {
		h.wg.Go(h.badTokens)
	}
	for i := range slowHeaders + slowBodies {
		h.wg.Go(func() { h.slow(i < slowHeaders) })
	}
	bombs := h.bombs()
	h.wg.Go(func() {
		for i := 0; h.wait(bombEvery); i++ {
			h.send(bombs[i%len(bombs)])
		}
	})
}

// wait waits, unless it is over.
func (h *hostile) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-h.stop:
		return false
	case <-timer.C:
		return true
	}
}

// answered notes what came of a request. None may be served.
func (h *hostile) answered(kind string, status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.answers[kind] == nil {
		h.answers[kind] = make(map[int]int)
	}
	h.answers[kind][status]++
	if status >= 200 && status < 400 {
		h.accepted = append(h.accepted, fmt.Sprintf("%s: %d", kind, status))
	}
}

// badTokens sends its part of them on one connection, a batch at a time.
func (h *hostile) badTokens() {
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		h.t.Error(err)
		return
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	const batches = 50 // per second
	carry, n := 0, 0
	for h.wait(time.Second / batches) {
		carry += *hostileRate
		var batch strings.Builder
		size := carry / (batches * badTokenPipe)
		carry %= batches * badTokenPipe
		for range size {
			_, _ = fmt.Fprintf(&batch, "GET /restapi/1.0/object/res.partner/1 HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", h.addr, h.bad[n%len(h.bad)])
			n++
		}
		if _, err := io.WriteString(conn, batch.String()); err != nil {
			h.t.Errorf("bad tokens: %v", err)
			return
		}
		for range size {
			res, err := http.ReadResponse(answers, nil)
			if err != nil {
				h.t.Errorf("bad tokens: %v", err)
				return
			}
			_, _ = io.Copy(io.Discard, res.Body)
			h.sent.Add(1)
			h.answered("bad tokens", res.StatusCode)
		}
	}
}

// slow begins a request, and sends one byte of it now and then.
func (h *hostile) slow(header bool) {
	begin := "POST " + oauthBase + "access_token HTTP/1.1\r\nHost: " + h.addr + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 30000\r\n"
	if !header {
		begin += "\r\n"
	}
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		h.t.Error(err)
		return
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, begin); err != nil {
		return
	}
	kind := map[bool]string{true: "slow header", false: "slow body"}[header]
	over := make(chan struct{})
	h.wg.Go(func() {
		defer close(over)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		select {
		case <-h.stop: // we have left
			return
		default:
		}
		h.ended.Add(1)
		if err != nil {
			h.answered(kind, 0)
			return
		}
		h.answered(kind, res.StatusCode)
	})
	for h.wait(500 * time.Millisecond) {
		if _, err := io.WriteString(conn, "x"); err != nil {
			<-over
			return
		}
	}
}

// costly is a request that is meant to cost much.
type costly struct{ kind, path, contentType, authorization, body string }

// bombs are of all kinds, for the token endpoint and each dialect. Those for the
// dialects come with a good token: without, nobody reads them.
func (h *hostile) bombs() (all []costly) {
	const much = 1 << 20
	bearer := "Bearer " + h.token
	long := strings.Repeat("A", much)
	all = append(all,
		costly{"1 MB token in the header", "/restapi/1.0/object/res.partner/1", "", "Bearer " + long, ""},
		costly{"1 MB token of dots", "/json/2/res.partner/search_read", "application/json", "Bearer " + strings.Repeat(".", much), "{}"},
		costly{"1 MB token, Basic", oauthBase + "access_token", "application/x-www-form-urlencoded", "Basic " + long, "grant_type=refresh_token"},
		costly{"1 MB token in the form", oauthBase + "access_token", "application/x-www-form-urlencoded", "", "grant_type=refresh_token&client_id=wiki&client_secret=top-secret&refresh_token=" + long},
		costly{"8 KB token", "/restapi/1.0/object/res.partner/1", "", "Bearer " + strings.Repeat("A.", 4000), ""},
		costly{"a million form keys", oauthBase + "access_token", "application/x-www-form-urlencoded", "", strings.Repeat("a&", much/2)},
	)
	for kind, value := range map[string]string{
		"deep":        strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000),
		"deep object": strings.Repeat(`{"a":`, 50_000) + "1" + strings.Repeat("}", 50_000),
		"huge number": "[" + strings.Repeat("9", 100_000) + "]",
		"1e999999999": "[1e999999999]",
		"many keys":   "{" + strings.TrimSuffix(manyKeys(100_000), ",") + "}",
		"same keys":   "{" + strings.TrimSuffix(strings.Repeat(`"a":1,`, 100_000), ",") + "}",
		"long text":   `"` + long + `"`,
		"big x2many":  "[" + strings.TrimSuffix(strings.Repeat(`[0,0,{"name":"x"}],`, 50_000), ",") + "]",
	} {
		all = append(all,
			costly{kind + ", token endpoint", oauthBase + "access_token", "application/json", "", `{"grant_type":` + value + `}`},
			costly{kind + ", restapi", "/restapi/1.0/object/res.partner", "application/json", bearer, `{"vals":{"child_ids":` + value + `}}`},
			costly{kind + ", orestapi", "/orestapi/record/read", "application/x-www-form-urlencoded", bearer, "model=res.partner&ids=" + url.QueryEscape(value)},
			costly{kind + ", json2", "/json/2/res.partner/create", "application/json", bearer, `{"vals_list":{"child_ids":` + value + `}}`},
		)
	}
	return all
}

func manyKeys(n int) string {
	var out strings.Builder
	for i := range n {
		_, _ = fmt.Fprintf(&out, `"k%d":1,`, i)
	}
	return out.String()
}

// send sends a bomb on a connection of its own.
func (h *hostile) send(b costly) {
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		h.t.Error(err)
		return
	}
	defer conn.Close()
	request := "POST " + b.path + " HTTP/1.1\r\nHost: " + h.addr + "\r\nConnection: close\r\nContent-Length: " + fmt.Sprint(len(b.body)) + "\r\n"
	if b.contentType != "" {
		request += "Content-Type: " + b.contentType + "\r\n"
	}
	if b.authorization != "" {
		request += "Authorization: " + b.authorization + "\r\n"
	}
	// The server may have answered, and closed, before all is sent.
	h.wg.Go(func() { _, _ = io.WriteString(conn, request+"\r\n"+b.body) })
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		h.answered(b.kind, 0)
		return
	}
	_, _ = io.Copy(io.Discard, res.Body)
	h.answered(b.kind, res.StatusCode)
}
