package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

const (
	sid84   = "TWYk9HxN2C0nDOSyH6Dd33fZUHFkle0cVwqrXgnf79kDzBaLDGucgpIlXRe9TPRwvYhxYWQ_vdevs5hm625V"
	browser = "Mozilla/5.0 (X11; Linux x86_64)"
)

var session = Session{ID: sid84, UserAgent: browser}

// transport sends every request to the test server, whatever its URL says.
type transport struct {
	to   string // host:port
	seen *http.Request
}

func (tr *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	tr.seen = r
	out := r.Clone(r.Context())
	out.URL.Scheme, out.URL.Host = "http", tr.to
	return (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(out)
}

// serve starts an Odoo that answers every request with handle.
func serve(t *testing.T, handle http.HandlerFunc) *transport {
	t.Helper()
	srv := httptest.NewServer(handle)
	t.Cleanup(srv.Close)
	return &transport{to: strings.TrimPrefix(srv.URL, "http://")}
}

func client(t *testing.T, change func(*Config)) *Client {
	t.Helper()
	issuer, err := url.Parse("https://erp.example.com")
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Issuer: issuer, Database: "demo19"}
	if change != nil {
		change(&c)
	}
	return New(c)
}

func kind(t *testing.T, err error) odoo.Kind {
	t.Helper()
	var e *odoo.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v is no *odoo.Error", err)
	}
	return e.Kind
}

func answerJSON(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	io.WriteString(w, body)
}

var contextGet = odoo.Call{Model: "res.users", Method: "context_get"}

func TestCallRequest(t *testing.T) {
	var got *http.Request
	var body []byte
	tr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		answerJSON(w, `{"jsonrpc":"2.0","id":1,"result":[{"id":7}]}`)
	})
	call := odoo.Call{
		Model: "res.partner", Method: "read", IDs: []int64{7, 8}, Args: []any{[]any{"name"}},
		Kwargs: map[string]any{"load": ""}, Context: map[string]any{"lang": "de_DE"},
	}
	result, rotated, err := client(t, nil).Call(context.Background(), tr, session, call)
	if err != nil || string(result.Value) != `[{"id":7}]` || rotated != nil {
		t.Fatalf("Call = %s, %v, %v", result.Value, rotated, err)
	}
	if got.Method != "POST" || got.URL.Path != "/web/dataset/call_kw/res.partner/read" || got.Host != "erp.example.com" {
		t.Errorf("request: %s %s of host %s", got.Method, got.URL, got.Host)
	}
	if u := tr.seen.URL.String(); u != "https://erp.example.com/web/dataset/call_kw/res.partner/read" {
		t.Errorf("URL %s", u)
	}
	want := http.Header{
		"Content-Type":                          {"application/json"},
		"Content-Length":                        {"161"},
		"Connection":                            {"close"}, // of the test's transport
		"Cookie":                                {"session_id=" + sid84},
		"User-Agent":                            {browser},
		"X-Odoo-Skip-Session-Rotation-Interval": {"1"},
	}
	if !reflect.DeepEqual(got.Header, want) {
		t.Errorf("header %v\nwant   %v", got.Header, want)
	}
	if want := `{"id":1,"jsonrpc":"2.0","method":"call","params":{"args":[[7,8],["name"]],` +
		`"kwargs":{"context":{"lang":"de_DE"},"load":""},"method":"read","model":"res.partner"}}`; string(body) != want {
		t.Errorf("body %s\nwant %s", body, want)
	}
	if _, changed := call.Kwargs["context"]; changed {
		t.Error("Call changed the caller's arguments")
	}
}

func TestCallArguments(t *testing.T) {
	tests := []struct {
		name string
		call odoo.Call
		args string
	}{
		{"of the model", odoo.Call{Model: "res.partner", Method: "search", Args: []any{[]any{}}}, `[[]]`},
		{"on no records", odoo.Call{Model: "res.partner", Method: "read", IDs: []int64{}}, `[[]]`},
		{"nothing at all", contextGet, `[]`},
	}
	for _, tt := range tests {
		body, err := callBody(tt.call)
		var sent struct {
			Params struct{ Args, Kwargs json.RawMessage }
		}
		if err == nil {
			err = json.Unmarshal(body, &sent)
		}
		if err != nil || string(sent.Params.Args) != tt.args || string(sent.Params.Kwargs) != `{}` {
			t.Errorf("%s: %s, %v; want args %s", tt.name, body, err, tt.args)
		}
	}
}

func TestCallIsRefusedBeforehand(t *testing.T) {
	tr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("%s was sent", r.URL)
	})
	c := client(t, nil)
	for name, call := range map[string]odoo.Call{
		"model leaves the path":   {Model: "../../session/destroy", Method: "read"},
		"model with a query":      {Model: "res.partner?x", Method: "read"},
		"private method":          {Model: "res.partner", Method: "_read"},
		"method leaves the path":  {Model: "res.partner", Method: "../read"},
		"context by the way":      {Model: "res.partner", Method: "read", Kwargs: map[string]any{"context": nil}},
		"value outside of JSON":   {Model: "res.partner", Method: "read", Args: []any{struct{}{}}},
		"text that is not UTF-8":  {Model: "res.partner", Method: "read", Args: []any{"\xff"}},
		"no model and no method":  {},
		"model of another script": {Model: "rеs.partner", Method: "read"},
	} {
		if _, _, err := c.Call(context.Background(), tr, session, call); kind(t, err) != odoo.BadRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, id := range []string{"", "short", sid84 + "; other=1", strings.Repeat("a", 129), sid84[:80] + "\r\nX:"} {
		if _, _, err := c.Call(context.Background(), tr, Session{ID: id}, contextGet); kind(t, err) != odoo.SessionExpired {
			t.Errorf("session %q: %v", id, err)
		}
	}
}

func TestCallRotated(t *testing.T) {
	other := sid84[:42] + strings.Repeat("x", 42)
	attributes := "; Expires=Sat, 20 Nov 2027 23:18:38 GMT; Max-Age=604800; HttpOnly; Path=/"
	tests := []struct {
		name string
		set  []string
		want string
	}{
		{"none", nil, ""},
		{"the same", []string{"session_id=" + sid84 + attributes}, ""},
		{"another cookie", []string{"cids=1"}, ""},
		{"another id", []string{"session_id=" + other + attributes}, other},
		{"twice, the last counts", []string{"session_id=" + sid84, "session_id=" + other + attributes}, other},
	}
	for _, tt := range tests {
		tr := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Set-Cookie"] = tt.set
			answerJSON(w, `{"jsonrpc":"2.0","id":1,"result":true}`)
		})
		_, rotated, err := client(t, nil).Call(context.Background(), tr, session, contextGet)
		got := ""
		if rotated != nil {
			got = rotated.Value
		}
		if err != nil || got != tt.want {
			t.Errorf("%s: %v, %v", tt.name, rotated, err)
		}
	}
}

// interrupted is an exchange that fails once the header of its answer has come.
type interrupted http.Header

func (h interrupted) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("ceiling: %w", &Interrupted{Header: http.Header(h), Err: io.ErrUnexpectedEOF})
}

// An answer that is cut short has said how the session goes on.
func TestInterruptedAnswersRotate(t *testing.T) {
	other := sid84[:42] + strings.Repeat("x", 42)
	for set, want := range map[string]string{"session_id=" + other + "; Max-Age=604800": other, "cids=1": "", "session_id=" + sid84: ""} {
		c, rt := client(t, nil), interrupted{"Set-Cookie": {set}}
		_, rotated, err := c.Call(t.Context(), rt, session, contextGet)
		_, printed, reportErr := c.Report(t.Context(), rt, session, "base.report_x", []int64{1})
		for what, cookie := range map[string]*http.Cookie{"call": rotated, "report": printed} {
			if got := cookieValue(cookie); got != want {
				t.Errorf("%s: %s: rotated to %q, want %q", set, what, got, want)
			}
		}
		for _, err := range []error{err, reportErr} {
			if kind(t, err) != odoo.Unavailable || !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(errors.Unwrap(err).Error(), "unexpected EOF") {
				t.Errorf("%s: %v", set, err)
			}
		}
	}
}

func cookieValue(c *http.Cookie) string {
	if c == nil {
		return ""
	}
	return c.Value
}

func TestAnswers(t *testing.T) {
	whole := `{"jsonrpc":"2.0","id":1,"result":"` + strings.Repeat("x", 1000) + `"}`
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(code)
			io.WriteString(w, "<!doctype html><title>Error</title>")
		}
	}
	tests := []struct {
		name   string
		handle http.HandlerFunc
		want   odoo.Kind
	}{
		{"page instead of JSON", status(200), odoo.Unavailable},
		{"redirect", status(303), odoo.Unavailable},
		{"bad request", status(400), odoo.BadRequest},
		{"proxy wants a login", status(401), odoo.Unavailable},
		{"proxy refuses", status(403), odoo.Unavailable},
		{"no database", status(404), odoo.Unavailable},
		{"request too large", status(413), odoo.BadRequest},
		{"too many", status(429), odoo.Unavailable},
		{"cancelled", status(499), odoo.Canceled},
		{"error", status(500), odoo.Unavailable},
		{"bad gateway", status(502), odoo.Unavailable},
		{"unavailable", status(503), odoo.Unavailable},
		{"error with JSON", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(500)
			io.WriteString(w, `{"jsonrpc":"2.0","error":{"code":100,"data":{"name":"odoo.http.SessionExpiredException"}}}`)
		}, odoo.Unavailable},
		{"session error in a page", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			io.WriteString(w, `{"jsonrpc":"2.0","error":{"code":100,"data":{"name":"odoo.http.SessionExpiredException"}}}`)
		}, odoo.Unavailable},
		{"cut short of its length", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "1100")
			io.WriteString(w, whole[:500])
		}, odoo.Unavailable},
		{"cut short in chunks", func(w http.ResponseWriter, r *http.Request) {
			answerJSON(w, whole[:500])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, odoo.Unavailable},
		{"cut short and closed well", func(w http.ResponseWriter, r *http.Request) { answerJSON(w, whole[:500]) }, odoo.Unavailable},
		{"encoded", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			answerJSON(w, whole)
		}, odoo.Unavailable},
		{"too large, length known", func(w http.ResponseWriter, r *http.Request) {
			answerJSON(w, `{"jsonrpc":"2.0","result":"`+strings.Repeat("x", 2000)+`"}`)
		}, odoo.TooLarge},
		{"too large, in chunks", func(w http.ResponseWriter, r *http.Request) {
			answerJSON(w, `{"jsonrpc":"2.0",`)
			w.(http.Flusher).Flush()
			io.WriteString(w, `"result":"`+strings.Repeat("x", 2000)+`"}`)
		}, odoo.TooLarge},
	}
	c := client(t, func(c *Config) { c.MaxAnswer = 1200 })
	for _, tt := range tests {
		result, _, err := c.Call(context.Background(), serve(t, tt.handle), session, contextGet)
		if err == nil {
			t.Errorf("%s: %s", tt.name, result.Value)
		} else if got := kind(t, err); got != tt.want {
			t.Errorf("%s: kind %d, want %d: %v", tt.name, got, tt.want, err)
		}
	}
	result, _, err := c.Call(context.Background(), serve(t, func(w http.ResponseWriter, r *http.Request) { answerJSON(w, whole) }), session, contextGet)
	if err != nil || len(result.Value) != 1002 {
		t.Errorf("the whole answer: %d bytes, %v", len(result.Value), err)
	}
}

// recorder is a RoundTripper without a socket, as the rest of a route is.
type recorder func(*http.Request) (*http.Response, error)

func (f recorder) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAnswerShorterThanItsHeader(t *testing.T) {
	rt := recorder(func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: 200, ContentLength: -1,
			Header: http.Header{"Content-Type": {"application/json"}, "Content-Length": {"100"}},
			Body:   io.NopCloser(strings.NewReader(`{"jsonrpc":"2.0","result":1}`)),
		}, nil
	})
	if _, _, err := client(t, nil).Call(context.Background(), rt, session, contextGet); kind(t, err) != odoo.Unavailable {
		t.Errorf("%v", err)
	}
}

// What stands between us and Odoo may have found first that an answer is too
// large: that is no outage.
func TestTooLargeOnTheWay(t *testing.T) {
	rt := recorder(func(*http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("answer is too large: %w", &http.MaxBytesError{Limit: 10})
	})
	_, _, err := client(t, nil).Call(context.Background(), rt, session, contextGet)
	var large *http.MaxBytesError
	if kind(t, err) != odoo.TooLarge || !errors.As(err, &large) || large.Limit != 10 {
		t.Errorf("%v", err)
	}
}

func TestLargeAnswerIsNotRead(t *testing.T) {
	rt := recorder(func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: 200, ContentLength: DefaultMaxAnswer + 1,
			Header: http.Header{"Content-Type": {"application/json"}},
			Body:   io.NopCloser(failReader{t}),
		}, nil
	})
	if _, _, err := client(t, nil).Call(context.Background(), rt, session, contextGet); kind(t, err) != odoo.TooLarge {
		t.Errorf("%v", err)
	}
}

type failReader struct{ *testing.T }

func (r failReader) Read([]byte) (int, error) {
	r.Error("an answer that says it is too large was read")
	return 0, io.EOF
}

func TestTimeLimitCancels(t *testing.T) {
	var seen context.Context
	rt := recorder(func(r *http.Request) (*http.Response, error) {
		seen = r.Context()
		if _, has := seen.Deadline(); has {
			t.Error("the request has a deadline")
		}
		<-seen.Done()
		return &http.Response{StatusCode: statusClientGone, Body: io.NopCloser(&bytes.Buffer{})}, nil
	})
	c := client(t, func(c *Config) { c.Timeout = time.Millisecond })
	if _, _, err := c.Call(context.Background(), rt, session, contextGet); kind(t, err) != odoo.Unavailable || !strings.Contains(err.Error(), "in time") {
		t.Errorf("own limit: %v", err)
	}
	if !errors.Is(seen.Err(), context.Canceled) {
		t.Errorf("the context ended with %v", seen.Err())
	}
}

func TestCallerGone(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for name, answer := range map[string]func() (*http.Response, error){
		"error": func() (*http.Response, error) { return nil, context.Canceled },
		"499": func() (*http.Response, error) {
			return &http.Response{StatusCode: statusClientGone, Body: io.NopCloser(&bytes.Buffer{})}, nil
		},
	} {
		rt := recorder(func(*http.Request) (*http.Response, error) {
			cancel()
			return answer()
		})
		if _, _, err := client(t, nil).Call(ctx, rt, session, contextGet); kind(t, err) != odoo.Canceled {
			t.Errorf("%s: %v", name, err)
		}
	}
	expired, stop := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer stop()
	rt := recorder(func(r *http.Request) (*http.Response, error) { return nil, r.Context().Err() })
	if _, _, err := client(t, nil).Call(expired, rt, session, contextGet); kind(t, err) != odoo.Unavailable {
		t.Errorf("the caller's time limit: %v", err)
	}
}

func TestUnreachable(t *testing.T) {
	cause := errors.New("connection refused")
	rt := recorder(func(*http.Request) (*http.Response, error) { return nil, cause })
	_, _, err := client(t, nil).Call(context.Background(), rt, session, contextGet)
	if kind(t, err) != odoo.Unavailable || !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
}
