package caddymodule

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// asHostile makes this test binary somebody who means no good, with these orders.
// It is a process of its own, which gets what the others leave of the machine:
// attackers have machines of their own, and take no time of the gateway's but by
// what they send.
const asHostile = "ODOO_GATEWAY_TEST_AS_HOSTILE"

type hostileOrders struct {
	Addr, Token string // a good token, of an application whose owner has gone bad
	Bad         []string
	Rate        int // of bad tokens, per second
	Networks    int // that they come from
	Connections int // that they come over
}

// hostileReport is what such a process tells in the end.
type hostileReport struct {
	Answers  map[string]map[int]int // by kind and status
	Accepted []string
	Errors   []string
	Sent     int64 // bad tokens, answered or not
	Again    int64 // connections for them that the server has ended
	Ended    int64 // slow connections that the server has ended
	For      time.Duration
}

func (r *hostileReport) add(more hostileReport) {
	for kind, statuses := range more.Answers {
		if r.Answers[kind] == nil {
			r.Answers[kind] = make(map[int]int)
		}
		for status, n := range statuses {
			r.Answers[kind][status] += n
		}
	}
	r.Accepted, r.Errors = append(r.Accepted, more.Accepted...), append(r.Errors, more.Errors...)
	r.Sent, r.Again, r.Ended, r.For = r.Sent+more.Sent, r.Again+more.Again, r.Ended+more.Ended, r.For+more.For
}

// connections and more of the hostile load.
const (
	slowHeaders = 100
	slowBodies  = 100
	sentEvery   = 50 * time.Millisecond // bad tokens over a connection, which waits for no answer
	bombEvery   = 50 * time.Millisecond

	badToken = "bad tokens" // a kind
)

// hostile is that process, from within.
type hostile struct {
	hostileOrders
	stop  chan struct{}
	wg    sync.WaitGroup
	sent  atomic.Int64
	ended atomic.Int64
	again atomic.Int64
	mu    sync.Mutex
	told  hostileReport
}

// hostileProcess is that process, from without.
type hostileProcess struct {
	cmd *exec.Cmd
	in  io.Closer
	out *bufio.Reader
}

// startHostile returns when it has begun. With the least priority it gets what the
// gateway and those who measure leave; where others have the machine, that may be
// nothing at all.
func startHostile(t *testing.T, orders hostileOrders, least bool) *hostileProcess {
	t.Helper()
	text, err := json.Marshal(orders)
	if err != nil {
		t.Fatal(err)
	}
	priority := "0"
	if least {
		priority = "19"
	}
	h := &hostileProcess{cmd: exec.Command("nice", "-n", priority, os.Args[0])}
	h.cmd.Env = append(os.Environ(), asHostile+"="+string(text))
	h.cmd.Stderr = os.Stderr
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	h.out = bufio.NewReader(out)
	if h.in, err = h.cmd.StdinPipe(); err == nil {
		err = h.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.in.Close() })
	if line, err := h.out.ReadString('\n'); err != nil || line != hasBegun {
		t.Fatalf("hostile: %q, %v", line, err)
	}
	return h
}

func (h *hostileProcess) end(t *testing.T) (told hostileReport) {
	t.Helper()
	_ = h.in.Close()
	text, err := io.ReadAll(h.out)
	if err = errors.Join(err, h.cmd.Wait()); err == nil {
		err = json.Unmarshal(text, &told)
	}
	if err != nil {
		t.Fatalf("hostile: %v", err)
	}
	return told
}

// hasBegun is what it says first.
const hasBegun = "begun\n"

// beHostile goes on until nobody is at the other end of standard input.
func beHostile(orders string) error {
	h := &hostile{stop: make(chan struct{}), told: hostileReport{Answers: make(map[string]map[int]int)}}
	if err := json.Unmarshal([]byte(orders), &h.hostileOrders); err != nil {
		return err
	}
	began := time.Now()
	h.start()
	fmt.Print(hasBegun)
	_, _ = io.Copy(io.Discard, os.Stdin)
	h.told.For, h.told.Sent = time.Since(began), h.sent.Load()
	close(h.stop)
	h.wg.Wait()
	h.told.Ended, h.told.Again = h.ended.Load(), h.again.Load()
	return json.NewEncoder(os.Stdout).Encode(h.told)
}

func (h *hostile) failed(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told.Errors = append(h.told.Errors, err.Error())
}

func (h *hostile) start() {
	for i := range h.Connections {
		h.wg.Go(func() {
			for h.badTokens(i) {
				h.again.Add(1)
			}
		})
	}
	for i := range slowHeaders + slowBodies {
		h.wg.Go(func() { h.slow(i < slowHeaders) })
	}
	bombs := h.bombs()
	h.wg.Go(func() {
		// Each at least once, however slow the machine is.
		for i := 0; h.wait(bombEvery) || i < len(bombs); i++ {
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
	if h.told.Answers[kind] == nil {
		h.told.Answers[kind] = make(map[int]int)
	}
	h.told.Answers[kind][status]++
	if status >= 200 && status < 400 {
		h.told.Accepted = append(h.told.Accepted, fmt.Sprintf("%s: %d", kind, status))
	}
}

// badTokens sends its part of them on one connection, a batch at a time, and waits
// for no answer: whoever is behind sends more in the next. What it sends is made
// beforehand, and of the answers hardly more than the status is read, so that it
// takes little of a machine that the gateway is to have. It tells whether it is not
// over yet: the server may end a connection, by which nobody is kept from the next.
func (h *hostile) badTokens(pipe int) (again bool) {
	from := &net.TCPAddr{IP: net.IPv4(127, 0, byte(pipe%h.Networks), 1)}
	conn, err := (&net.Dialer{LocalAddr: from}).Dial("tcp", h.Addr)
	if err != nil {
		h.failed(err)
		return false
	}
	ended := make(chan struct{})
	h.wg.Go(func() {
		select {
		case <-h.stop:
		case <-ended:
		}
		_ = conn.Close()
	})
	h.wg.Go(func() {
		defer close(ended)
		for answers := bufio.NewReader(conn); ; {
			status, err := readStatus(answers)
			switch {
			case err == nil:
			case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET):
				return
			default:
				h.failed(fmt.Errorf("bad tokens: %w", err))
				return
			}
			h.answered(badToken, status)
		}
	})
	var requests [][]byte
	for _, token := range h.Bad {
		requests = append(requests, fmt.Appendf(nil, "GET /restapi/1.0/object/res.partner/1 HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", h.Addr, token))
	}
	// The connections take turns.
	began := time.Now().Add(sentEvery * time.Duration(pipe) / time.Duration(h.Connections))
	var batch []byte
	for n, turn := 0, 1; h.wait(time.Until(began.Add(time.Duration(turn) * sentEvery))); turn++ {
		due := 1 + int(time.Since(began).Seconds()*float64(h.Rate)/float64(h.Connections)) - n
		batch = batch[:0]
		for i := range due {
			batch = append(batch, requests[(pipe+n+i)%len(requests)]...)
		}
		n += due
		if _, err := conn.Write(batch); err != nil {
			<-ended
			break
		}
		h.sent.Add(int64(due))
	}
	select {
	case <-h.stop:
		return false
	default:
		return true
	}
}

// readStatus reads an answer that has a Content-Length.
func readStatus(from *bufio.Reader) (status int, err error) {
	length := 0
	for {
		line, err := from.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case status == 0:
			_, value, _ = bytes.Cut(line, []byte(" "))
			value, _, _ = bytes.Cut(value, []byte(" "))
			if status, err = strconv.Atoi(string(value)); err != nil {
				return 0, fmt.Errorf("%.100q is no answer", line)
			}
		case len(line) == 0:
			_, err := from.Discard(length)
			return status, err
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, err
			}
		}
	}
}

// slow begins a request, and sends one byte of it now and then.
func (h *hostile) slow(header bool) {
	begin := "POST " + oauthBase + "access_token HTTP/1.1\r\nHost: " + h.Addr + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 30000\r\n"
	if !header {
		begin += "\r\n"
	}
	conn, err := net.Dial("tcp", h.Addr)
	if err != nil {
		h.failed(err)
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
	bearer := "Bearer " + h.Token
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
		"most keys":   "{" + strings.TrimSuffix(manyKeys(49_000), ",") + "}", // as many values as may be
		"most x2many": "[" + strings.TrimSuffix(strings.Repeat(`[0,0,{"name":"x"}],`, 16_000), ",") + "]",
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
	conn, err := net.Dial("tcp", h.Addr)
	if err != nil {
		h.failed(err)
		return
	}
	defer conn.Close()
	request := "POST " + b.path + " HTTP/1.1\r\nHost: " + h.Addr + "\r\nConnection: close\r\nContent-Length: " + fmt.Sprint(len(b.body)) + "\r\n"
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
