package gateway

import (
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/ceiling"
	"github.com/caddy-odoo/gateway/internal/coalesce"
	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// crowd are requests that come while the first call of Odoo is held.
type crowd struct {
	*world
	gate *odootest.Gate
	all  sync.WaitGroup
}

// newCrowd holds what is asked of Odoo. Whoever can be asked for together with
// others is, however long it takes until they are all there.
func newCrowd(w *world) *crowd {
	w.gw.service.Load().reads = coalesce.New[*sharedAnswer](coalesce.Config{Wait: time.Hour})
	w.odoo.ForgetRequests()
	return &crowd{world: w, gate: w.odoo.Hold(func(*http.Request) bool { return true })}
}

// data are the calls of Odoo that are not about whose session it is.
func (c *crowd) data() (calls []string) {
	for _, r := range c.odoo.RequestsTo("/web/dataset/call_kw") {
		calls = append(calls, string(r.Body))
	}
	return calls
}

// ask asks in the background.
func (c *crowd) ask(path, bearer string, check func(status int, body any)) {
	c.all.Go(func() {
		status, _, body := c.get(path, bearer)
		check(status, body)
	})
}

// gather waits until so many wait for Odoo's answer to others.
func (c *crowd) gather(n int) {
	for reads := c.gw.service.Load().reads; reads.Waiting() < n; {
		runtime.Gosched()
	}
}

func (c *crowd) release() {
	c.gate.Release()
	c.all.Wait()
}

// warm lets the gateway read what it remembers: fields, whose session it is.
func (w *world) warm(bearers ...string) {
	w.t.Helper()
	for _, bearer := range bearers {
		if status, _, body := w.get("/restapi/1.0/object/res.partner/1?fields=['name','email']", bearer); status != http.StatusOK {
			w.t.Fatalf("%d %v", status, body)
		}
	}
}

// named are the names in an answer of records.
func names(body any) (names []string) {
	object, _ := body.(map[string]any)
	list, isList := object["res.partner"].([]any)
	if !isList {
		list = []any{object["res.partner"]}
	}
	for _, record := range list {
		if r, ok := record.(map[string]any); ok {
			names = append(names, fmt.Sprint(r["name"]))
		}
	}
	return names
}

func TestReadsAtTheSameTimeAreOneCall(t *testing.T) {
	w := newWorld(t, 19)
	bearer, _ := w.connect("wiki", "demo")
	w.warm(bearer)
	alone := map[int]any{}
	for id := 1; id <= 12; id++ {
		_, _, alone[id] = w.get(fmt.Sprintf("/restapi/1.0/object/res.partner/%d?fields=['name','email']", id), bearer)
	}
	_, _, two := w.get("/restapi/1.0/object/res.partner?ids=3,1&fields=['name','email']", bearer)

	c := newCrowd(w)
	same := func(want any) func(int, any) {
		return func(status int, body any) {
			if fmt.Sprint(body) != fmt.Sprint(want) {
				t.Errorf("together %d %v, alone %v", status, body, want)
			}
		}
	}
	c.ask("/restapi/1.0/object/res.partner/1?fields=['name','email']", bearer, same(alone[1]))
	<-c.gate.Arrived()
	for n := range 40 { // some of them the same, some absent
		id := n%12 + 1
		c.ask(fmt.Sprintf("/restapi/1.0/object/res.partner/%d?fields=['name','email']", id), bearer, same(alone[id]))
	}
	c.ask("/restapi/1.0/object/res.partner?ids=3,1&fields=['name','email']", bearer, same(two))
	c.gather(41)
	c.release()
	if calls := c.data(); len(calls) != 2 {
		t.Errorf("%d calls: %q", len(calls), calls)
	}
}

// TestOthersAreNotAskedTogether: an answer is for one application as one
// person, and a question that differs is another one.
func TestOthersAreNotAskedTogether(t *testing.T) {
	w := newWorld(t, 19)
	demo, _ := w.connect("wiki", "demo")
	admin, _ := w.connect("wiki", "admin")
	other, _ := w.connect("other", "demo")
	w.warm(demo, admin, other)
	c := newCrowd(w)
	questions := []struct{ bearer, path string }{
		{demo, "/restapi/1.0/object/res.partner/1?fields=['name']"},
		{admin, "/restapi/1.0/object/res.partner/1?fields=['name']"},
		{other, "/restapi/1.0/object/res.partner/1?fields=['name']"},
		{demo, "/restapi/1.0/object/res.partner/1?fields=['email']"},
		{demo, "/restapi/1.0/object/res.partner/1?fields=['name']&context={'tz':'Europe/Berlin'}"},
		{demo, "/restapi/1.0/object/res.partner?domain=[('id','=',1)]&fields=['name']"},
		{demo, "/restapi/1.0/object/res.partner/search?domain=[('id','=',1)]"},
		{demo, "/restapi/1.0/object/res.partner/search_count?domain=[('id','=',1)]"},
	}
	for _, q := range questions {
		c.ask(q.path, q.bearer, func(status int, body any) {
			if status != http.StatusOK {
				t.Errorf("%s: %d %v", q.path, status, body)
			}
		})
		<-c.gate.Arrived() // it does not wait for those before it
	}
	c.release()
	if calls := c.data(); len(calls) != len(questions) {
		t.Errorf("%d calls for %d questions: %q", len(calls), len(questions), calls)
	}
}

// TestTheSameSearchIsOneCall: what is no read of records is asked once, where
// it is the same in everything.
func TestTheSameSearchIsOneCall(t *testing.T) {
	w := newWorld(t, 19)
	bearer, _ := w.connect("wiki", "demo")
	w.warm(bearer)
	for _, path := range []string{
		"/restapi/1.0/object/res.partner/search?domain=[('name','ilike','a')]",
		"/restapi/1.0/object/res.partner?domain=[('name','ilike','a')]&fields=['name']",
		"/restapi/1.0/object/res.partner/search_count",
		"/orestapi/record/name_search?model=res.partner&name=a",
	} {
		_, _, want := w.get(path, bearer)
		c := newCrowd(w)
		same := func(status int, body any) {
			if status != http.StatusOK || fmt.Sprint(body) != fmt.Sprint(want) {
				t.Errorf("%s: %d %v, want %v", path, status, body, want)
			}
		}
		c.ask(path, bearer, same)
		<-c.gate.Arrived()
		for range 5 {
			c.ask(path, bearer, same)
		}
		c.gather(5)
		c.release()
		if calls := c.data(); len(calls) != 2 {
			t.Errorf("%s: %d calls: %q", path, len(calls), calls)
		}
	}
}

// TestWaitForOthersIsWaitForOdoo: who is answered by the call of another request
// has waited for Odoo, and not for the gateway.
func TestWaitForOthersIsWaitForOdoo(t *testing.T) {
	w := newWorld(t, 19)
	bearer, _ := w.connect("wiki", "demo")
	w.warm(bearer)
	c := newCrowd(w)
	fine := func(status int, body any) {
		if status != http.StatusOK {
			t.Errorf("%d %v", status, body)
		}
	}
	w.outcomes = nil
	c.ask("/restapi/1.0/object/res.partner/1?fields=['name']", bearer, fine)
	<-c.gate.Arrived()
	for id := 2; id < 6; id++ {
		c.ask(fmt.Sprintf("/restapi/1.0/object/res.partner/%d?fields=['name']", id), bearer, fine)
	}
	c.gather(4)
	w.clock.Advance(time.Minute)
	c.release()
	calls := 0
	for _, o := range w.outcomes {
		calls += o.OdooCalls
		if o.Odoo != time.Minute || o.GatewayTime() != 0 {
			t.Errorf("%+v", o)
		}
	}
	if len(w.outcomes) != 5 || calls != 2 {
		t.Errorf("%d requests with %d calls", len(w.outcomes), calls)
	}
}

// TestWritesAreNeverOneCall: the same record twice is two records.
func TestWritesAreNeverOneCall(t *testing.T) {
	w := newWorld(t, 19)
	w.model.Operations = []scheme.Operation{scheme.Read, scheme.Create}
	w.reload()
	bearer, _ := w.connect("wiki", "demo")
	bearer = w.granted(bearer, scopeRead, "odoo.write")
	w.warm(bearer)
	c := newCrowd(w)
	for range 4 {
		c.all.Go(func() {
			resp, body := c.send(http.MethodPost, "/json/2/res.partner/create", bearer, "application/json", `{"vals_list":[{"name":"Twice"}]}`)
			if resp.StatusCode != http.StatusOK {
				t.Errorf("%s %s", resp.Status, body)
			}
		})
		<-c.gate.Arrived()
	}
	c.release()
	creates := 0
	for _, call := range c.data() {
		if strings.Contains(call, `"create"`) {
			creates++
		}
	}
	if creates != 4 {
		t.Errorf("%d of 4 records were made: %q", creates, c.data())
	}
}

// TestErrorOfOneIsNobodysElse: those whose question has failed with others'
// ask again, alone.
func TestErrorOfOneIsNobodysElse(t *testing.T) {
	w := newWorld(t, 19)
	bearer, _ := w.connect("wiki", "demo")
	w.warm(bearer)
	cut := false
	w.between = func(r *http.Request, resp *http.Response) *http.Response {
		if strings.Contains(r.URL.Path, "call_kw") && !cut && len(w.odoo.RequestsTo("/web/dataset/call_kw")) == 2 {
			cut = true
			resp.StatusCode = http.StatusBadGateway
		}
		return resp
	}
	c := newCrowd(w)
	fine := func(status int, body any) {
		if status != http.StatusOK || len(names(body)) != 1 {
			t.Errorf("%d %v", status, body)
		}
	}
	c.ask("/restapi/1.0/object/res.partner/1?fields=['name']", bearer, fine)
	<-c.gate.Arrived()
	for id := 2; id < 6; id++ {
		c.ask(fmt.Sprintf("/restapi/1.0/object/res.partner/%d?fields=['name']", id), bearer, fine)
	}
	c.gather(4)
	c.release()
	if calls := c.data(); !cut || len(calls) != 2+4 {
		t.Errorf("failed: %v, %d calls: %q", cut, len(calls), calls)
	}
}

// Of three that ask the same, one is first, and one asks for the third as well.
func TestJoinedCallsAreCounted(t *testing.T) {
	w := newWorld(t, 19)
	bearer, _ := w.connect("wiki", "demo")
	w.warm(bearer)
	before := len(w.outcomes)
	c := newCrowd(w)
	fine := func(status int, body any) {
		if status != http.StatusOK {
			t.Errorf("%d %v", status, body)
		}
	}
	c.ask("/restapi/1.0/object/res.partner/1?fields=['name']", bearer, fine)
	<-c.gate.Arrived()
	c.ask("/restapi/1.0/object/res.partner/2?fields=['name']", bearer, fine)
	c.ask("/restapi/1.0/object/res.partner/3?fields=['name']", bearer, fine)
	c.gather(2)
	c.release()
	calls, joined := 0, 0
	for _, o := range w.outcomes[before:] {
		calls, joined = calls+o.OdooCalls, joined+o.OdooJoined
	}
	if calls != 2 || joined != 1 {
		t.Errorf("%d calls, %d joined", calls, joined)
	}
}

// TestRulesJudgeEachByItself: what the rules refuse, or filter, they do for
// whoever asks together with others.
func TestRulesJudgeEachByItself(t *testing.T) {
	w := newWorld(t, 19)
	w.model.Filter = `[["id", "!=", 3]]`
	w.reload()
	bearer, _ := w.connect("wiki", "demo")
	w.warm(bearer)
	c := newCrowd(w)
	want := func(status int) func(int, any) {
		return func(got int, body any) {
			if got != status {
				t.Errorf("%d %v, want %d", got, body, status)
			}
		}
	}
	c.ask("/restapi/1.0/object/res.partner/1?fields=['name']", bearer, want(http.StatusOK))
	<-c.gate.Arrived()
	c.ask("/restapi/1.0/object/res.partner/2?fields=['name']", bearer, want(http.StatusOK))
	c.ask("/restapi/1.0/object/res.partner/3?fields=['name']", bearer, want(http.StatusNotFound))
	c.ask("/restapi/1.0/object/res.partner?ids=1,2,3&fields=['name']", bearer, func(_ int, body any) {
		if got := names(body); len(got) != 2 {
			t.Errorf("outside of the filter: %v", body)
		}
	})
	c.gather(3)
	status, _, _ := w.get("/restapi/1.0/object/res.partner/2?fields=['vat']", bearer)
	want(http.StatusForbidden)(status, "a field that is not open")
	c.release()
	if calls := c.data(); len(calls) != 2 || slices.ContainsFunc(calls, func(call string) bool { return strings.Contains(call, "vat") }) {
		t.Errorf("%q", calls)
	}
}

// TestAnswersAreSplit: each is given the records it has asked for, of an answer
// for several.
func TestAnswersAreSplit(t *testing.T) {
	value := jsontext.Value(`[{"id":1,"name":"a"}, {"name":"\"id\":3","id":2,"x":{"id":3}} ,{"id":4,"x":[{"id":1}]}]`)
	for want, ids := range map[string][]int64{
		`[{"name":"\"id\":3","id":2,"x":{"id":3}}]`: {2}, `[]`: {3}, `[{"id":4,"x":[{"id":1}]},{"id":1,"name":"a"}]`: {4, 3, 1}, string(value): {1, 2, 3, 4},
	} {
		a := &sharedAnswer{Result: odoo.Result{Value: value}, records: 4}
		if got, err := a.of(ids); err != nil || string(got.Value) != want {
			t.Errorf("%v: %s, %v, want %s", ids, got.Value, err, want)
		}
	}
	for _, broken := range []string{``, `{}`, `[1]`, `[{}]`, `[{"id":"1"}]`, `[{"id":1}`, `[{"id":1}] 1`} {
		a := &sharedAnswer{Result: odoo.Result{Value: jsontext.Value(broken)}, records: 4}
		if got, err := a.of([]int64{1}); err == nil {
			t.Errorf("%s: %s", broken, got.Value)
		}
	}
}

// TestApplicationsQueueApart: one that has all that it may stops no other.
func TestApplicationsQueueApart(t *testing.T) {
	w := newWorld(t, 19)
	w.calls = ceiling.Limits{Calls: 4}
	w.apps[0].Service = &application.Service{Login: "demo", APIKey: application.Hide(w.odoo.NewAPIKey("demo", "batch", w.clock.Now().Add(24*time.Hour)))}
	w.reload()
	wiki, _ := w.connect("wiki", "demo")
	other, _ := w.connect("other", "demo")
	w.warm(wiki, other)
	c := newCrowd(w)
	fine := func(status int, body any) {
		if status != http.StatusOK {
			t.Errorf("%d %v", status, body)
		}
	}
	for n := range 3 { // of 4
		c.ask(fmt.Sprintf("/restapi/1.0/object/res.partner/search?limit=%d", n+1), wiki, fine)
		<-c.gate.Arrived()
	}
	if status, _, body := w.get("/restapi/1.0/object/res.partner/search?limit=4", wiki); status != http.StatusServiceUnavailable {
		t.Errorf("the fourth: %d %v", status, body)
	}
	// So does a client that has proven itself, for new tokens.
	if status, body := w.post(oauth.AccessTokenPath, url.Values{"grant_type": {"client_credentials"}}); status != http.StatusServiceUnavailable {
		t.Errorf("new tokens for it: %d %v", status, body)
	}
	c.ask("/restapi/1.0/object/res.partner/search?limit=1", other, fine)
	<-c.gate.Arrived()
	if calls := w.state.Calls("erp"); calls["wiki"] != (ceiling.Stats{Running: 3, Refused: 2}) || calls["other"] != (ceiling.Stats{Running: 1}) || len(calls) != 2 {
		t.Errorf("told: %+v", calls)
	}
	c.release()
	if calls := w.state.Calls("erp"); len(calls) != 1 || calls["wiki"] != (ceiling.Stats{Refused: 2}) {
		t.Errorf("told in the end: %+v", calls)
	}
}

// TestCallsKeepToTheCeiling: a call that does not come to its turn in time is
// refused in the words of each interface, and people still browse Odoo.
func TestCallsKeepToTheCeiling(t *testing.T) {
	w := newWorld(t, 19)
	w.calls = ceiling.Limits{Calls: 1}
	w.reload()
	demo, _ := w.connect("wiki", "demo")
	other, _ := w.connect("other", "demo")
	w.warm(demo, other)
	gate := w.odoo.Hold(func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/web/dataset") })
	var first sync.WaitGroup
	first.Go(func() {
		if status, _, body := w.get("/restapi/1.0/object/res.partner/1?fields=['name']", demo); status != http.StatusOK {
			t.Errorf("the first: %d %v", status, body)
		}
	})
	<-gate.Arrived()
	for _, path := range []string{
		"/restapi/1.0/object/res.partner/2?fields=['email']", "/orestapi/record/name_search?model=res.partner&name=a",
	} {
		status, header, body := w.get(path, other)
		if status != http.StatusServiceUnavailable || header.Get("Retry-After") != "1" || header.Get(dialect.CodeHeader) != "odoo_busy" {
			t.Errorf("%s: %d %v %v", path, status, header, body)
		}
	}
	person := func(r *http.Request) { r.Header.Set("Cookie", "session_id="+w.odoo.NewSession("demo")) }
	if status, _, body := w.get(oauth.AuthorizationsPath, "", person); status != http.StatusServiceUnavailable {
		t.Errorf("a page that has to ask Odoo: %d %v", status, body)
	}
	if status, _, _ := w.get("/web/login", ""); status != http.StatusOK {
		t.Errorf("a browser is answered %d", status)
	}
	gate.Release()
	first.Wait()
	w.warm(other)
	// Whoever reloads takes the calls that run along.
	w.reload()
	if w.gw.service.Load().ceiling != w.state.ceiling("erp") {
		t.Error("the ceiling is another one after a reload")
	}
}
