package caddymodule

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// front is what stands before the simulated Odoo, on a listener of its own: it
// hands requests on, or does to them what a fault says.
type front struct {
	t    *testing.T
	odoo *odootest.Server
	addr string

	mu     sync.Mutex
	server *httptest.Server // nil while nobody listens
	fault  *fault
	seen   []seen
	hung   chan struct{}    // gets one for each request that is left without an answer
	dead   chan struct{}    // closed when those end
	away   *httptest.Server // somewhere else
	led    atomic.Int32     // requests that came there
	other  string           // a session of somebody else's
}

func newFront(t *testing.T, odoo *odootest.Server) *front {
	t.Helper()
	f := &front{t: t, odoo: odoo, addr: freeAddrs(t, 1)[0], hung: make(chan struct{}, 1024), dead: make(chan struct{}), other: odoo.NewSession("admin")}
	f.away = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		f.led.Add(1)
		answerJSON(w, `{"jsonrpc":"2.0","id":1,"result":true}`)
	}))
	f.listen()
	t.Cleanup(func() {
		f.release()
		f.close()
		f.away.Close()
	})
	return f
}

func (f *front) listen() {
	f.t.Helper()
	l, err := net.Listen("tcp", f.addr)
	if err != nil {
		f.t.Fatal(err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: f}}
	server.Start()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.server = server
}

// close ends every connection; new ones are refused until listen.
func (f *front) close() {
	f.mu.Lock()
	server := f.server
	f.server = nil
	f.mu.Unlock()
	if server != nil {
		server.CloseClientConnections()
		server.Close()
	}
}

// set makes a fault of all answers from now on; nil heals.
func (f *front) set(to *fault) {
	f.mu.Lock()
	was := f.fault
	f.fault, f.seen = to, nil
	f.mu.Unlock()
	switch {
	case to != nil && to.refuses:
		f.close()
	case was != nil && was.refuses:
		f.listen()
	}
}

// release ends what was left without an answer, as the death of Odoo would.
func (f *front) release() {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.dead)
	f.dead = make(chan struct{})
}

// times is how often Odoo was asked to run a method.
func (f *front) times(method string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.seen {
		if strings.HasSuffix(s.URI, "/"+method) || strings.HasPrefix(s.URI, "/jsonrpc") && strings.Contains(s.Body, `"`+method+`"`) {
			n++
		}
	}
	return n
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	f.mu.Lock()
	do := f.fault
	f.seen = append(f.seen, seen{r.Method, r.Host, r.RequestURI, string(body), r.Header})
	f.mu.Unlock()
	if do == nil {
		f.odoo.ServeHTTP(w, r)
		return
	}
	do.answer(f, w, r)
}

// real is what Odoo answers: whatever comes of it, it has done it.
func (f *front) real(r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	f.odoo.ServeHTTP(rec, r)
	rec.Header().Del("Connection")
	return rec
}

// hang leaves a request without an answer, until its client goes or the front
// is released.
func (f *front) hang(r *http.Request) {
	f.mu.Lock()
	dead := f.dead
	f.mu.Unlock()
	f.hung <- struct{}{}
	select {
	case <-r.Context().Done():
	case <-dead:
	}
	panic(http.ErrAbortHandler)
}

// fault is what comes in the place of Odoo's answers.
type fault struct {
	name string
	// refuses: nobody listens. hangs: no answer comes until somebody gives up.
	refuses, hangs bool
	// nothing is an answer that some addons give to a change they have made.
	nothing bool
	// status are what an application that reads or writes may be told: 503 where
	// it is worth trying again.
	status []int
	answer func(f *front, w http.ResponseWriter, r *http.Request)
}

func answerJSON(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, body)
}

// raw writes bytes to the connection and closes it.
func raw(w http.ResponseWriter, text string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = io.WriteString(conn, text)
	conn.Close()
}

// page answers with a page for people.
func page(status int) func(*front, http.ResponseWriter, *http.Request) {
	return func(_ *front, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<!doctype html><title>Odoo</title><p>Please wait")
	}
}

// spoilt has Odoo do what it was asked, and spoils the answer.
func spoilt(spoil func(f *front, w http.ResponseWriter, r *http.Request, answer *httptest.ResponseRecorder)) func(*front, http.ResponseWriter, *http.Request) {
	return func(f *front, w http.ResponseWriter, r *http.Request) { spoil(f, w, r, f.real(r)) }
}

// result is a JSON-RPC answer, or one of /json/2, that holds this.
func result(value string) func(*front, http.ResponseWriter, *http.Request) {
	return func(_ *front, w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/json/2/") {
			answerJSON(w, value)
			return
		}
		answerJSON(w, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, idOf(r), value))
	}
}

// failing is an answer with an error of this Python class.
func failing(class string) func(*front, http.ResponseWriter, *http.Request) {
	return func(_ *front, w http.ResponseWriter, r *http.Request) {
		data := fmt.Sprintf(`{"name":%q,"message":"out of cheese","arguments":[],"context":{},"debug":"Traceback"}`, class)
		if strings.HasPrefix(r.URL.Path, "/json/2/") {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, data)
			return
		}
		answerJSON(w, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"error":{"code":200,"message":"Odoo Server Error","data":%s}}`, idOf(r), data))
	}
}

// idOf is the id of a JSON-RPC request.
func idOf(r *http.Request) string {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	_, rest, found := strings.Cut(string(body), `"id":`)
	if !found {
		return "null"
	}
	return rest[:strings.IndexAny(rest, ",}")]
}

// redirect leads elsewhere.
func redirect(status int) func(*front, http.ResponseWriter, *http.Request) {
	return func(f *front, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", f.away.URL+r.RequestURI)
		w.WriteHeader(status)
	}
}

// statusTooLarge are the words of the interfaces for an answer that is.
var statusTooLarge = []int{http.StatusBadRequest, http.StatusForbidden, http.StatusUnprocessableEntity}

// bomb is 64 MB of zeros in a few.
var bomb = sync.OnceValue(func() []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	zeros := make([]byte, 1<<20)
	for range 64 {
		_, _ = z.Write(zeros)
	}
	_ = z.Close()
	return out.Bytes()
})

func encoded(body func() []byte) func(*front, http.ResponseWriter, *http.Request) {
	return func(_ *front, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(body())
	}
}

// faults are all that may come of asking Odoo, but for what Odoo means.
var faults = []fault{
	{name: "nobody listens", refuses: true, status: []int{503}},
	{name: "no answer", hangs: true, answer: func(f *front, _ http.ResponseWriter, r *http.Request) { f.hang(r) }},
	{name: "done, and no answer", hangs: true, answer: spoilt(func(f *front, _ http.ResponseWriter, r *http.Request, _ *httptest.ResponseRecorder) { f.hang(r) })},
	{name: "done, and half an answer that goes on no more", hangs: true, answer: spoilt(func(f *front, w http.ResponseWriter, r *http.Request, a *httptest.ResponseRecorder) {
		send(w, a, a.Body.Len()/2, a.Body.Len())
		f.hang(r)
	})},
	{name: "closed", status: []int{503}, answer: func(_ *front, w http.ResponseWriter, _ *http.Request) { raw(w, "") }},
	{name: "done, and closed", status: []int{503}, answer: spoilt(func(_ *front, w http.ResponseWriter, _ *http.Request, _ *httptest.ResponseRecorder) { raw(w, "") })},
	{name: "no HTTP", status: []int{503}, answer: func(_ *front, w http.ResponseWriter, _ *http.Request) { raw(w, "\x00\x01SSH-2.0-OpenSSH\r\n") }},
	{name: "half a header", status: []int{503}, answer: spoilt(func(_ *front, w http.ResponseWriter, _ *http.Request, _ *httptest.ResponseRecorder) {
		raw(w, "HTTP/1.1 200 OK\r\nContent-Type: applic")
	})},
	{name: "half an answer", status: []int{503}, answer: spoilt(func(_ *front, w http.ResponseWriter, _ *http.Request, a *httptest.ResponseRecorder) {
		send(w, a, a.Body.Len()/2, a.Body.Len())
		panic(http.ErrAbortHandler)
	})},
	{name: "half an answer in chunks", status: []int{503}, answer: spoilt(func(_ *front, w http.ResponseWriter, _ *http.Request, a *httptest.ResponseRecorder) {
		send(w, a, a.Body.Len()/2, -1)
		panic(http.ErrAbortHandler)
	})},
	{name: "half an answer that ends well", status: []int{503}, answer: spoilt(func(_ *front, w http.ResponseWriter, _ *http.Request, a *httptest.ResponseRecorder) {
		send(w, a, a.Body.Len()/2, -1)
	})},
	{name: "nothing", status: []int{503}, answer: func(_ *front, w http.ResponseWriter, _ *http.Request) { answerJSON(w, "") }},
	{name: "204", status: []int{503}, answer: func(_ *front, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }},
	{name: "garbage", status: []int{500, 503}, answer: func(_ *front, w http.ResponseWriter, _ *http.Request) { answerJSON(w, "\x00\xff{]") }},
	{name: "another JSON", status: []int{503, 500}, answer: func(_ *front, w http.ResponseWriter, _ *http.Request) { answerJSON(w, `{"status":"starting"}`) }},
	{name: "a page", status: []int{503}, answer: page(http.StatusOK)},
	{name: "a page, 404", status: []int{503}, answer: page(http.StatusNotFound)},
	{name: "a page, 429", status: []int{503}, answer: page(http.StatusTooManyRequests)},
	{name: "a page, 500", status: []int{503}, answer: page(http.StatusInternalServerError)},
	{name: "a page, 502", status: []int{503}, answer: page(http.StatusBadGateway)},
	{name: "a page, 503", status: []int{503}, answer: page(http.StatusServiceUnavailable)},
	{name: "done, and another content type", status: []int{503}, answer: spoilt(func(_ *front, w http.ResponseWriter, _ *http.Request, a *httptest.ResponseRecorder) {
		a.Header().Set("Content-Type", "text/plain")
		send(w, a, a.Body.Len(), a.Body.Len())
	})},
	{name: "done, and the id of another call", status: []int{503}, answer: spoilt(func(_ *front, w http.ResponseWriter, r *http.Request, a *httptest.ResponseRecorder) {
		if strings.HasPrefix(r.URL.Path, "/json/2/") { // it has none
			panic(http.ErrAbortHandler)
		}
		_, rest, _ := strings.Cut(a.Body.String(), `"id":`)
		answerJSON(w, `{"jsonrpc":"2.0","id":424242`+rest[strings.IndexAny(rest, ",}"):])
	})},
	{name: "an error of the server", status: []int{500}, answer: failing("builtins.RuntimeError")},
	{name: "an error of the database", status: []int{503}, answer: failing("psycopg2.OperationalError")},
	{name: "a session that has ended, without its code", status: []int{500}, answer: failing("odoo.http.SessionExpiredException")},
	{name: "null", status: []int{500}, nothing: true, answer: result("null")},
	{name: "a text", status: []int{500}, answer: result(`"x"`)},
	{name: "an endless answer", status: statusTooLarge, answer: func(_ *front, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"result":["`)
		text := bytes.Repeat([]byte("x"), 64<<10)
		for {
			if _, err := w.Write(text); err != nil {
				return
			}
		}
	}},
	{name: "a bomb", status: statusTooLarge, answer: encoded(bomb)},
	{name: "compressed garbage", status: []int{503}, answer: encoded(func() []byte { return []byte("\x1f\x8bgarbage") })},
	{name: "302", status: []int{503}, answer: redirect(http.StatusFound)},
	{name: "307", status: []int{503}, answer: redirect(http.StatusTemporaryRedirect)},
	{name: "308", status: []int{503}, answer: redirect(http.StatusPermanentRedirect)},
	{name: "a failure that takes the session away", status: []int{503}, answer: func(f *front, w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "session_id=; Max-Age=0; Path=/")
		page(http.StatusBadGateway)(f, w, r)
	}},
	{name: "a failure with somebody else's session", status: []int{503}, answer: func(f *front, w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "session_id="+f.other+"; Max-Age=604800; Path=/; HttpOnly")
		page(http.StatusBadGateway)(f, w, r)
	}},
}

// send writes the first part of an answer. Less than all is what comes where a
// server dies; the length is what it says, or -1 where it comes in chunks.
func send(w http.ResponseWriter, a *httptest.ResponseRecorder, part, length int) {
	for name, values := range a.Header() {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	if length >= 0 {
		w.Header().Set("Content-Length", fmt.Sprint(length))
	}
	w.WriteHeader(a.Code)
	_, _ = w.Write(a.Body.Bytes()[:part])
	_ = http.NewResponseController(w).Flush()
}
