package demo

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/clock"
)

const front = "/pages/customer-visit"

// visitor is a browser without script: it keeps cookies and follows redirects
// inside the wiki, and reads where it is sent outside.
type visitor struct {
	t    *testing.T
	wiki *httptest.Server
	http *http.Client
}

// fixture is a wiki before a fake gateway.
type fixture struct {
	gateway *fakeGateway
	wiki    *httptest.Server
	clock   *clock.Fake
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{gateway: newFakeGateway(t), clock: clock.NewFake(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC))}
	f.wiki = httptest.NewUnstartedServer(nil)
	base, err := url.Parse("http://" + f.wiki.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(f.gateway.URL)
	if err != nil {
		t.Fatal(err)
	}
	w, err := New(Config{URL: base, Now: f.clock.Now, Servers: []Server{{Name: "erp", Title: "Odoo", URL: at, ClientID: "wiki", ClientSecret: "s3cret/+"}}})
	if err != nil {
		t.Fatal(err)
	}
	f.gateway.redirect = base.String() + CallbackPath
	f.wiki.Config.Handler = w
	f.wiki.Start()
	t.Cleanup(f.wiki.Close)
	return f
}

func (f *fixture) visitor(t *testing.T) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t: t, wiki: f.wiki, http: &http.Client{Jar: jar}}
	v.http.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if "http://"+r.URL.Host != f.wiki.URL {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return v
}

// get returns the page that a path leads to.
func (v *visitor) get(path string) string {
	v.t.Helper()
	return v.read(v.http.Get(v.wiki.URL + path))
}

func (v *visitor) read(resp *http.Response, err error) string {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return string(body)
}

var csrfInput = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// press sends a form of a page and returns the answer.
func (v *visitor) press(page, action string) *http.Response {
	v.t.Helper()
	m := csrfInput.FindStringSubmatch(v.get(page))
	if m == nil {
		v.t.Fatalf("%s has no form", page)
	}
	resp, err := v.http.PostForm(v.wiki.URL+action, url.Values{"csrf": {m[1]}, "page": {strings.TrimPrefix(page, "/pages/")}})
	if err != nil {
		v.t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}

// begin presses Authenticate and returns what the gateway is asked.
func (v *visitor) begin(page string) url.Values {
	v.t.Helper()
	to, err := v.press(page, "/servers/erp/authenticate").Location()
	if err != nil {
		v.t.Fatal(err)
	}
	return to.Query()
}

// connect walks the whole way and returns the page it ends on.
func (v *visitor) connect(f *fixture, page string) string {
	v.t.Helper()
	asked := v.begin(page)
	f.gateway.set(func() { f.gateway.code = "c0de" })
	return v.get(CallbackPath + "?" + url.Values{"code": {"c0de"}, "state": asked["state"], "iss": {f.gateway.URL}}.Encode())
}

func wants(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %q:\n%s", text, page)
		}
	}
}

func lacks(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(page, text) {
			t.Errorf("the page has %q:\n%s", text, page)
		}
	}
}

func TestPageWithoutToken(t *testing.T) {
	f := newFixture(t)
	v := f.visitor(t)
	page := v.get("/")
	wants(t, page, "Customer visit", "Need to authenticate to server!", "Connect to see them", "not connected", ">Authenticate<")
	if n := strings.Count(page, "Need to authenticate to server!"); n != 2 {
		t.Errorf("%d macros ask to authenticate, want both", n)
	}
	if f.gateway.count("/orestapi/record/name_search") != 0 {
		t.Error("the API is asked without a token")
	}
}

func TestBannerOnlyWithMacros(t *testing.T) {
	f := newFixture(t)
	v := f.visitor(t)
	const notes = "/pages/meeting-notes"
	lacks(t, v.get(notes), `class="banner`, "Need to authenticate")
	wants(t, v.connect(f, notes), "How we write meeting notes", ">connected<")
	lacks(t, v.get(notes), `class="banner`)
	wants(t, v.get(front), `class="banner good"`, "Connected to")
}

func TestAuthorizeRequest(t *testing.T) {
	f := newFixture(t)
	resp := f.visitor(t).press(front, "/servers/erp/authenticate")
	to, err := resp.Location()
	if err != nil || resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d, location error %v", resp.StatusCode, err)
	}
	q := to.Query()
	if to.Path != authorizePath || q.Get("response_type") != "code" || q.Get("client_id") != "wiki" ||
		q.Get("redirect_uri") != f.gateway.redirect || len(q.Get("state")) < 20 {
		t.Errorf("sent to %s", to)
	}
}

func TestRecordsShown(t *testing.T) {
	f := newFixture(t)
	page := f.visitor(t).connect(f, front)
	wants(t, page, "Customer", "First", "a@example.com", "Italy", // the record
		"S007", "4 Mar 2026", "Sales Order", "Quotation", "1,234,567.50", // the list
		f.gateway.URL+"/web#id=12&amp;model=res.partner&amp;view_type=form&amp;action=52&amp;menu_id=71", // by the header
		f.gateway.URL+"/web#id=7&amp;model=sale.order&amp;view_type=form\"")                              // by model and id
	lacks(t, page, "Need to authenticate", "access1", "refresh1", "<b>Rome")
	if strings.Index(page, "S012") > strings.Index(page, "S007") {
		t.Error("records are not in the order of the search")
	}
}

// The code of one visitor must not connect another one.
func TestStateBoundToSession(t *testing.T) {
	f := newFixture(t)
	asked := f.visitor(t).begin(front)
	f.gateway.set(func() { f.gateway.code = "c0de" })
	other := f.visitor(t)
	callback := CallbackPath + "?" + url.Values{"code": {"c0de"}, "state": asked["state"]}.Encode()
	wants(t, other.get(callback), noticeStale, "Need to authenticate")
	if f.gateway.count(tokenPath) != 0 {
		t.Error("the code was exchanged")
	}
}

func TestCallbackRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		query  func(url.Values)
		wait   time.Duration
		notice string
	}{
		{name: "state unknown", query: func(q url.Values) { q.Set("state", "nobody's") }, notice: noticeStale},
		{name: "state too old", wait: pendingTime + time.Second, notice: noticeStale},
		{name: "another issuer", query: func(q url.Values) { q.Set("iss", "https://elsewhere.example") }, notice: noticeStale},
		{name: "denied", query: func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") }, notice: noticeDenied},
		{name: "away", query: func(q url.Values) { q.Del("code"); q.Set("error", "temporarily_unavailable") }, notice: noticeAway},
		{name: "no code", query: func(q url.Values) { q.Del("code") }, notice: noticeRefused},
		{name: "wrong code", query: func(q url.Values) { q.Set("code", "guessed") }, notice: noticeRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			v := f.visitor(t)
			q := url.Values{"code": {"c0de"}, "state": {v.begin(front).Get("state")}, "iss": {f.gateway.URL}}
			f.gateway.set(func() { f.gateway.code = "c0de" })
			if c.query != nil {
				c.query(q)
			}
			f.clock.Advance(c.wait)
			wants(t, v.get(CallbackPath+"?"+q.Encode()), c.notice, "not connected", "Need to authenticate")
			lacks(t, v.get(front), c.notice) // said once
		})
	}
}

func TestStateUsedOnce(t *testing.T) {
	f := newFixture(t)
	v := f.visitor(t)
	q := url.Values{"code": {"c0de"}, "state": {v.begin(front).Get("state")}}.Encode()
	f.gateway.set(func() { f.gateway.code = "c0de" })
	wants(t, v.get(CallbackPath+"?"+q), "First")
	wants(t, v.get(CallbackPath+"?"+q), noticeStale, "First") // and what there was stays
	if n := f.gateway.count(tokenPath); n != 1 {
		t.Errorf("%d exchanges, want 1", n)
	}
}

func TestPendingBounded(t *testing.T) {
	f := newFixture(t)
	v := f.visitor(t)
	first := v.begin(front).Get("state")
	for range maxPending {
		f.clock.Advance(time.Second)
		v.begin(front)
	}
	f.gateway.set(func() { f.gateway.code = "c0de" })
	wants(t, v.get(CallbackPath+"?"+url.Values{"code": {"c0de"}, "state": {first}}.Encode()), noticeStale)
}
