package gateway

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/dialect/json2"
	"github.com/caddy-odoo/gateway/internal/dialect/orestapi"
	"github.com/caddy-odoo/gateway/internal/dialect/restapi"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest/routing"
)

var (
	pathCases = flag.Int("paths", 5000, "generated paths that TestA54_PathsAreReadAsOdooDoes tries")
	pathSeed  = flag.Uint64("pathseed", 7, "what they are made from")
)

// TestA54_PathsAreReadAsOdooDoes compares what the gateway makes of a request's
// path with what Odoo's server and router make of it. No path may be one
// thing here and another there:
//   - a call is for the model, record and method that Odoo reads there too;
//   - nothing with one of our tokens passes on;
//   - where /json/2 is ours alone, nothing passes that Odoo takes for a call;
//   - nothing passes that reads as one of the interfaces which are ours.
func TestA54_PathsAreReadAsOdooDoes(t *testing.T) {
	t.Logf("seed %d", *pathSeed)
	d := newDesk(t)
	random := rand.New(rand.NewPCG(*pathSeed, 54))
	saw := map[outcome]int{}
	for range *pathCases {
		target := routing.Generate(random)
		method := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}[random.IntN(4)]
		if random.IntN(2) == 0 { // the one that it is for
			method = map[bool]string{true: http.MethodGet, false: http.MethodPost}[strings.HasPrefix(target, "/restapi")]
		}
		saw[d.send(t, method, target, random.IntN(3) > 0)]++
	}
	t.Logf("%d calls, %d passed on, %d refused or answered, %d no requests", saw[called], saw[passed], saw[refused], saw[invalid])
	if least := *pathCases / 50; saw[called] < least || saw[passed] < least || saw[refused] < least || saw[invalid] < least {
		t.Error("the paths are too much alike: the test proves little")
	}
}

// FuzzPath is the same with paths of the fuzzer's own.
func FuzzPath(f *testing.F) {
	for r := rand.New(rand.NewPCG(1, 1)); r.IntN(200) > 0; {
		f.Add(routing.Generate(r), r.IntN(2) == 0, r.IntN(2) == 0)
	}
	d := newDesk(f)
	f.Fuzz(func(t *testing.T, target string, post, ours bool) {
		d.send(t, map[bool]string{true: http.MethodPost, false: http.MethodGet}[post], target, ours)
	})
}

type outcome int

const (
	invalid outcome = iota // no request to net/http, or none for Odoo's router
	refused                // or answered by the gateway itself
	passed
	called
)

// send asks the gateway with one of our tokens, or with a key of Odoo's, and
// complains where the two disagree.
func (d *desk) send(t *testing.T, method, target string, ours bool) outcome {
	t.Helper()
	r := parsed(method, target, map[bool]string{true: d.token, false: d.key}[ours])
	if r == nil || !strings.HasPrefix(r.URL.RequestURI(), "/") {
		return invalid
	}
	reached, err := routing.Read(r.URL.RequestURI())
	if err != nil {
		t.Fatal(err)
	}
	d.calls, d.passed = nil, false
	if err := d.gateway.ServeHTTP(httptest.NewRecorder(), r.WithContext(t.Context()), d); err != nil {
		t.Fatal(err)
	}
	wrong := ""
	switch {
	case d.passed && ours:
		wrong = "passed on with our token"
	case d.passed && reached.Name == "json2":
		wrong = "passed on although /json/2 is ours alone"
	case d.passed && (strings.HasPrefix(reached.Name, "restapi") || reached.Name == "orestapi"):
		wrong = "passed on although the interface is ours"
	}
	for _, call := range d.calls {
		if !agree(call, reached) {
			wrong = fmt.Sprintf("called %+v", call)
		}
	}
	if wrong != "" {
		t.Errorf("%s %s (our token: %v) reaches %q in Odoo: %s", method, target, ours, reached, wrong)
	}
	switch {
	case d.passed:
		return passed
	case len(d.calls) > 0:
		return called
	}
	return refused
}

// agree tells whether a call is what Odoo would have read from the path.
func agree(call odoo.Call, reached routing.Endpoint) bool {
	if reached.Name == "file attachment" { // a size or a name may follow
		return call.Model == attachments && fieldOf(call) == "datas" && reached.Args[0] == idOf(call)
	}
	if reached.Name == "file field" {
		return slices.Equal([]string{call.Model, idOf(call), fieldOf(call)}, reached.Args[:3])
	}
	want := map[string][]string{
		"report":                {"pdf", call.Model, strings.ReplaceAll(idOf(call), " ", ",")},
		"json2":                 {call.Model, call.Method},
		"restapi report":        {call.Model},
		"restapi record report": {call.Model, idOf(call)},
		"restapi records":       {call.Model},
		"restapi record":        {call.Model, idOf(call)},
		"restapi method":        {call.Model, call.Method},
		"restapi record method": {call.Model, idOf(call), call.Method},
		"orestapi":              {},
	}[reached.Name]
	return want != nil && slices.Equal(want, reached.Args)
}

// fieldOf are the fields that a call asks for.
func fieldOf(call odoo.Call) string {
	fields, _ := call.Kwargs["fields"].([]any)
	return strings.Trim(fmt.Sprint(fields...), "[]")
}

// idOf is the one record of a call, also where a search is limited to it.
func idOf(call odoo.Call) string {
	records := any(call.IDs)
	if domain, ok := call.Kwargs["domain"].([]any); ok && call.IDs == nil && len(domain) == 1 {
		records = strings.TrimPrefix(fmt.Sprint(domain[0]), "[id in ")
	}
	return strings.Trim(fmt.Sprint(records), "[]")
}

// parsed is a request as the server reads it from the wire, nil where it
// refuses it.
func parsed(method, target, token string) *http.Request {
	body := ""
	if method == http.MethodPost {
		body = `{"domain":[],"ids":[7],"fields":[],"vals":{}}`
		if strings.Contains(strings.ToLower(target), "orestapi") {
			body = `{"model":"res.partner","ids":"[7]","name":"a"}`
		}
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(fmt.Sprintf(
		"%s %s HTTP/1.1\r\nHost: erp.example.com\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		method, target, token, len(body), body))))
	if err != nil {
		return nil
	}
	r.RemoteAddr = "127.0.0.1:1"
	return r
}

// desk takes the place of the rules and of Odoo behind a gateway whose /json/2
// is its own: it notes what the dialects want to call, and what passes on.
type desk struct {
	gateway    *Gateway
	token, key string
	calls      []odoo.Call
	passed     bool
}

func newDesk(t testing.TB) *desk {
	w := newWorld(t, 19)
	w.onlyOurs = true
	w.reload()
	d := &desk{gateway: w.gw, key: w.odoo.NewAPIKey("admin", "rpc", time.Time{})}
	d.token, _ = w.connect("wiki", "admin")
	s := w.gw.service.Load()
	auth := noteAuth{s, d}
	s.restapi = restapi.New(restapi.Config{Auth: auth})
	s.json2 = json2.New(json2.Config{Auth: auth, Database: w.gw.config.Database})
	s.orestapi = orestapi.New(orestapi.Config{Auth: auth, Version: s.version})
	return d
}

func (d *desk) Pass(w http.ResponseWriter, _ *http.Request) error {
	d.passed = true
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (d *desk) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("nothing is asked of Odoo here")
}

func (d *desk) Browser() http.RoundTripper { return d }

// noteAuth takes the tokens that the gateway takes.
type noteAuth struct {
	*service
	desk *desk
}

func (a noteAuth) Authenticate(r *http.Request) (dialect.Runner, error) {
	if _, err := a.service.Authenticate(r); err != nil {
		return nil, err
	}
	return a.desk, nil
}

func (d *desk) Do(_ context.Context, call odoo.Call) (odoo.Result, error) {
	d.calls = append(d.calls, call)
	return odoo.Result{Value: []byte("[]")}, nil
}

func (d *desk) Models(context.Context) ([]dialect.Model, error) { return nil, nil }

func (d *desk) Model(_ context.Context, model string) (dialect.Model, error) {
	return dialect.Model{Model: model}, nil
}

func (d *desk) Window(context.Context, string) (dialect.Window, bool) {
	return dialect.Window{}, false
}

func (d *desk) Report(_ context.Context, name string, ids []int64) ([]byte, error) {
	d.calls = append(d.calls, odoo.Call{Model: name, IDs: ids})
	return nil, nil
}

func (d *desk) File(_ context.Context, model string, id int64, field string) (dialect.File, error) {
	d.calls = append(d.calls, odoo.Call{Model: model, IDs: []int64{id}, Kwargs: map[string]any{"fields": []any{field}}})
	return dialect.File{Content: []byte{0}}, nil
}

func (d *desk) Compat() bool { return false }
