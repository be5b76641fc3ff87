package oauth

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/grant"
)

const formKind = "application/x-www-form-urlencoded"

// sent is a request with a body and headers.
func sent(method, target, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func TestBodiesAndQueriesAtTheirBounds(t *testing.T) {
	for _, test := range []struct {
		name string
		size int
		good bool
	}{{"at the bound", maxBody, true}, {"beyond", maxBody + 1, false}} {
		p, err := readBody(sent("POST", "/", "a="+strings.Repeat("x", test.size-2), "Content-Type", formKind))
		if (err == nil) != test.good || test.good && len(p.get("a")) != test.size-2 {
			t.Errorf("body %s: %v", test.name, err)
		}
	}
	for _, test := range []struct {
		name string
		size int
		good bool
	}{{"at the bound", maxQuery, true}, {"beyond", maxQuery + 1, false}} {
		p, err := readQuery(sent("GET", "/?a="+strings.Repeat("x", test.size-2), ""))
		if (err == nil) != test.good || test.good && len(p.get("a")) != test.size-2 {
			t.Errorf("query %s: %v", test.name, err)
		}
	}
}

func TestBodiesThatAreNoParameters(t *testing.T) {
	part := func(head string) string { return strings.ReplaceAll("--x\n"+head+"\n\nv\n", "\n", "\r\n") }
	named := `Content-Disposition: form-data; name="a"`
	const multi, object = "multipart/form-data; boundary=x", "application/json"
	for _, test := range []struct {
		name, kind, body string
		want             string // of the parameter a; "-" is an error
	}{
		{"JSON", object, `{"a":"v"}`, "v"},
		{"JSON, nothing in it", object, `{}`, ""},
		{"JSON, a text", object, `"a"`, "-"},
		{"JSON, null", object, `null`, "-"},
		{"JSON, white space", object, ` `, "-"},
		{"JSON, a list of pairs", object, `["a","v"]`, "-"},
		{"multipart", multi, part(named) + "--x--\r\n", "v"},
		{"multipart, a part without name", multi, part("Content-Disposition: form-data") + part(named) + "--x--\r\n", "-"},
		{"multipart, a part with nothing", multi, part("X: y") + part(named) + "--x--\r\n", "-"},
		{"multipart, cut off", multi, "--x\r\n" + named + "\r\n\r\nv", "-"},
		{"multipart, broken", multi, "--x\r\nno header\r\n\r\nv\r\n--x--\r\n", "-"},
	} {
		p, err := readBody(sent("POST", "/", test.body, "Content-Type", test.kind))
		if (err != nil) != (test.want == "-") || err == nil && p.get("a") != test.want {
			t.Errorf("%s: %q, %v", test.name, p, err)
		}
	}
	for encoding, good := range map[string]bool{"": true, "identity": true, "gzip": false, "br": false, "identity, gzip": false} {
		if _, err := readBody(sent("POST", "/", "a=v", "Content-Type", formKind, "Content-Encoding", encoding)); (err == nil) != good {
			t.Errorf("encoding %q: %v", encoding, err)
		}
	}
}

// M10, M11: of the alphabet of RFC 7636 nothing is missing and nothing is added.
func TestM11_AlphabetOfTheVerifier(t *testing.T) {
	for c := range 256 {
		good := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", byte(c)) >= 0
		if got := validVerifier(strings.Repeat(string([]byte{byte(c)}), 43)); got != good {
			t.Errorf("%q: %v", rune(c), got)
		}
	}
	for size, good := range map[int]bool{0: false, 42: false, 43: true, 128: true, 129: false} {
		if validVerifier(strings.Repeat("a", size)) != good {
			t.Errorf("%d characters: want %v", size, good)
		}
	}
}

func TestM10_ChallengeThatIsNoDigest(t *testing.T) {
	app := &application.Application{}
	for c, good := range map[string]bool{
		challenge: true, challenge + "=": false, challenge + "!": false, challenge + "A": false, challenge[:42]: false,
		challenge[:42] + "!": false, base64.RawURLEncoding.EncodeToString(make([]byte, 32)) + "*": false,
		base64.RawURLEncoding.EncodeToString(make([]byte, 32)) + "\n!": false,
	} {
		f := checkChallenge(app, params{"code_challenge": {c}, "code_challenge_method": {"S256"}})
		if (f == nil) != good {
			t.Errorf("%q: %v", c, f)
		}
	}
	for method, good := range map[string]bool{"S256": true, "plain": false, "": false, "s256": false} {
		if checkVerifier(grant.Code{Challenge: challenge, ChallengeMethod: method}, verifier) != good {
			t.Errorf("a code of method %q: want %v", method, good)
		}
	}
}

func TestLettersOfTheHeaderForm(t *testing.T) {
	for c := range 256 {
		good := strings.IndexByte("abcdefghijklmnopqrstuvwxyz0123456789_", byte(c)) >= 0
		if got := headerName(string([]byte{byte(c)})); got != good {
			t.Errorf("name %q: %v", rune(c), got)
		}
		if got := hexDigit(byte(c)) >= 0; got != (strings.IndexByte("0123456789abcdefABCDEF", byte(c)) >= 0) {
			t.Errorf("digit %q: %v", rune(c), got)
		}
		plain, ok := percentDecode(string([]byte{'x', byte(c)}))
		if want := c > ' ' && c < 0x7f && c != '\\' && c != '%'; ok != want || ok && plain != "x"+string(rune(c)) {
			t.Errorf("value %q: %q, %v", rune(c), plain, ok)
		}
	}
	for encoded, want := range map[string]string{
		"%6a%6F%39%4a": "jo9J", "%41": "A", "%20": " ", "%7e": "~", "%c3%a9": "é", "%2F+": "/+",
		"%4": "-", "%": "-", "%4g": "-", "%g4": "-", "%4/": "-", "%,4": "-", "%zz": "-", "%00": "-", "%0a": "-", "%7f": "-", "%c3": "-",
	} {
		if plain, ok := percentDecode(encoded); ok != (want != "-") || ok && plain != want {
			t.Errorf("%q: %q, %v", encoded, plain, ok)
		}
	}
	for line, good := range map[string]bool{
		`OAuth a='b'`: true, `OAuth a="b"`: true, `OAuth a=bcb`: false, `OAuth a`: false, `OAuth a=`: false, `OAuth A='b'`: false,
		`OAuth ='b'`: false, `OAuth a='b`: false, `OAuth a='b'c='d'`: false, `OAuth a='b',`: false,
		`OAuth a='` + strings.Repeat("b", maxHeader-10) + `'`: true, `OAuth a='` + strings.Repeat("b", maxHeader-9) + `'`: false,
	} {
		if _, err := parseHeader(line); (err == nil) != good {
			t.Errorf("%.40q: %v", line, err)
		}
	}
}

// RFC 6749 section 2.3.1 encodes id and secret; many clients do not.
func TestM12_BasicInBothSpellings(t *testing.T) {
	for plain, want := range map[string]credential{
		"wiki:s":       {ids: [2]string{"wiki", "wiki"}, secrets: [2]string{"s", "s"}, secret: true},
		"wi%6Bi:a%20b": {ids: [2]string{"wi%6Bi", "wiki"}, secrets: [2]string{"a%20b", "a b"}, secret: true},
		"wi%zz:a%zz":   {ids: [2]string{"wi%zz", ""}, secrets: [2]string{"a%zz", ""}, secret: true},
		"wiki:":        {ids: [2]string{"wiki", "wiki"}},
	} {
		if got, ok := readBasic(base64.StdEncoding.EncodeToString([]byte(plain))); !ok || got != want {
			t.Errorf("%q: %+v, %v", plain, got, ok)
		}
	}
	for _, encoded := range []string{"", "!!!", base64.StdEncoding.EncodeToString([]byte("wiki")), base64.StdEncoding.EncodeToString([]byte(":secret"))} {
		if got, ok := readBasic(encoded); ok {
			t.Errorf("%q: %+v", encoded, got)
		}
	}
	header := basic("wi%6Bi", "s")
	for id, good := range map[string]bool{"": true, "wiki": true, "wi%6Bi": true, "rival": false, "wi": false} {
		c, f := readCredential(sent("POST", "/", "", "Authorization", header), params{"client_id": {id}})
		if (f == nil) != good || good && c.ids[1] != "wiki" {
			t.Errorf("client_id %q beside the header: %+v, %v", id, c, f)
		}
	}
}

func TestAcceptedQualities(t *testing.T) {
	for accept, want := range map[string]bool{
		"application/json": true, "text/html": false, "": false, "*/*": false,
		"application/json;q=0": false, "application/json;q=1, text/html": true, "text/html, application/json;q=1": false,
		"application/json;q=0.5, text/html;q=0.4": true, "application/json;q=1.1": false, "application/json;q=-1": false,
		"application/json;q=NaN": false, "application/json;q=x": false, "text/html;q=0, application/json;q=0": false,
		"text/html;q=0, application/json": true, "text/html;q=2, application/json": true, "text/html;q=0, application/json;q=0.1": true,
	} {
		if got := prefersJSON([]string{accept}); got != want {
			t.Errorf("%q: %v", accept, got)
		}
	}
}

func TestWayBackIsRebuilt(t *testing.T) {
	for _, test := range []struct {
		params  params
		without string
		want    string
	}{
		{params{"client_id": {"a b"}, "state": {""}, "x": {"y"}}, "", "?client_id=a%20b"},
		{params{"prompt": {"login consent"}, "state": {"login  x"}}, "login", "?state=login%20%20x&prompt=consent"},
		{params{"prompt": {"login"}, "client_id": {"wiki"}}, "login", "?client_id=wiki"},
		{params{"prompt": {"login  consent"}}, "", "?prompt=login%20%20consent"},
		{params{"scope": {"", "odoo.read"}}, "", "?scope=&scope=odoo.read"},
	} {
		if got := (request{params: test.params}).path(test.without); got != AuthorizePath+test.want {
			t.Errorf("%v without %q: %s", test.params, test.without, got)
		}
	}
}

func TestScopeOfARefresh(t *testing.T) {
	have := []string{ScopeRead, ScopeWrite}
	for _, test := range []struct {
		asked   string
		compat  application.Compat
		want    string
		refused bool
	}{
		{"", application.Compat{}, "odoo.read odoo.write", false},
		{"odoo.write", application.Compat{}, "odoo.write", false},
		{"odoo.call", application.Compat{}, "", true},
		{"all", application.Compat{}, "", true},
		{"all", application.Compat{Confluence: true}, "odoo.read odoo.write", false},
		{"all", application.Compat{Restapi: true}, "odoo.read odoo.write", false},
		{"all odoo.read", application.Compat{Restapi: true}, "odoo.read", false},
		{"odoo.call", application.Compat{Confluence: true}, "", true},
		{"odoo.call", application.Compat{Restapi: true}, "", true},
	} {
		got, f := narrow(&application.Application{Compat: test.compat}, have, test.asked)
		if (f != nil) != test.refused || f == nil && scopeString(got) != test.want {
			t.Errorf("%q, %+v: %v, %v", test.asked, test.compat, got, f)
		}
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		headers []string
		good    bool
	}{
		{nil, true},
		{[]string{"Origin", issuer}, true},
		{[]string{"Origin", "null"}, true},
		{[]string{"Origin", "null", "Sec-Fetch-Site", "same-origin"}, true},
		{[]string{"Origin", "null", "Sec-Fetch-Site", "cross-site"}, false},
		{[]string{"Sec-Fetch-Site", "none"}, false},
		{[]string{"Origin", "https://evil.example"}, false},
		{[]string{"Origin", issuer, "Origin", issuer}, false},
		{[]string{"Origin", issuer, "Origin", "https://evil.example"}, false},
	} {
		if got := w.current().fromOurPage(sent("POST", ConsentPath, "", test.headers...)); got != test.good {
			t.Errorf("%v: %v", test.headers, got)
		}
	}
	for _, site := range []string{"none", "same-origin"} {
		if !fromProgram(sent("GET", "/", "", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", site)) {
			t.Errorf("%q is refused", site)
		}
	}
	for _, site := range []string{"cross-site", "same-site", ""} {
		if fromProgram(sent("GET", "/", "", "Sec-Fetch-Site", site)) {
			t.Errorf("%q passes", site)
		}
	}
}

// What is sealed opens for its own use alone.
func TestSealedThingsOpenForTheirUse(t *testing.T) {
	w := newWorld(t)
	s := w.current()
	seal := func(use, plain string) string {
		return base64.RawURLEncoding.EncodeToString(s.Seal.Seal([]byte(plain), s.associated(use)))
	}
	for _, value := range []string{"", "!!", "AAAA", seal("consent", `{"n":9}`), seal(pendingCookie, `{"n":9}`), seal(roundsCookie, `{"n":`)} {
		var seen rounds
		if s.readCookie(sent("GET", "/", "", "Cookie", s.cookieName(roundsCookie)+"="+value), roundsCookie, &seen) {
			t.Errorf("cookie %q opens", value)
		}
	}
	var seen rounds
	if !s.readCookie(sent("GET", "/", "", "Cookie", s.cookieName(roundsCookie)+"="+seal(roundsCookie, `{"n":9}`)), roundsCookie, &seen) || seen.Count != 9 {
		t.Error("its own cookie does not open")
	}
	for _, token := range []string{"", "!!", "AAAA", seal(roundsCookie, `{}`), seal("consent", `{"p":`)} {
		if f, ok := s.openForm(token); ok {
			t.Errorf("form %q opens as %+v", token, f)
		}
	}
	if f, ok := s.openForm(seal("consent", `{"u":"x"}`)); !ok || f.Subject != "x" {
		t.Error("a form does not open")
	}
	rec := httptest.NewRecorder()
	s.settle(rec, sent("GET", "/", ""))
	if got := rec.Header().Values("Set-Cookie"); len(got) > 0 {
		t.Errorf("a cookie that was not sent is dropped: %v", got)
	}
	expireSession(rec)
	if c := rec.Result().Cookies(); len(c) != 1 || c[0].Name != sessionCookie || c[0].MaxAge >= 0 || !c[0].HttpOnly || c[0].Path != "/" {
		t.Errorf("the session is expired by %v", rec.Header())
	}
}

func TestWayBackIsOfferedForActiveApplications(t *testing.T) {
	w := newWorld(t)
	for id, want := range map[string]bool{"wiki": true, "archived": false, "nobody": false, "": false} {
		s, rec := w.current(), httptest.NewRecorder()
		s.setCookie(rec, pendingCookie, pending{ClientID: id, Path: "/x", Until: w.clock.Now().Add(pendingLife)}, pendingLife)
		r := sent("GET", "/", "", "Cookie", strings.Split(rec.Header().Get("Set-Cookie"), ";")[0])
		if got := s.Pending(r); got != want {
			t.Errorf("%q: %v", id, got)
		}
	}
}

// A page of metadata is public, and says no more than the configuration does.
func TestM24_GrantsOfActiveApplications(t *testing.T) {
	w := newWorld(t)
	service := func(a *application.Application) {
		a.Service = &application.Service{Login: "robot", APIKey: application.Hide("robot's key")}
	}
	grants := func() string { return strings.Join(w.current().supportedGrants(), " ") }
	if got := grants(); got != "authorization_code refresh_token" {
		t.Errorf("without a service account: %s", got)
	}
	w.change("archived", service)
	if got := grants(); got != "authorization_code refresh_token" {
		t.Errorf("of an archived application: %s", got)
	}
	w.change("wiki", service)
	if got := grants(); got != "authorization_code refresh_token client_credentials" {
		t.Errorf("with a service account: %s", got)
	}
	for _, path := range []string{MetadataPath, JWKSPath} {
		got := w.do(w.request(http.MethodGet, path, ""))
		head := w.do(w.request(http.MethodHead, path, ""))
		for _, r := range []reply{got, head} {
			h := r.Header
			if r.StatusCode != 200 || h.Get("Content-Type") != "application/json" || h.Get("Cache-Control") != "public, max-age=300" ||
				h.Get("X-Content-Type-Options") != "nosniff" || r.ContentLength != int64(len(got.text)) {
				t.Errorf("%s: %d %v", path, r.StatusCode, h)
			}
		}
		if got.text == "" || head.text != "" {
			t.Errorf("%s: %q, HEAD %q", path, got.text, head.text)
		}
		refused := w.do(w.request(http.MethodPost, path, ""))
		if refused.refused(t, 405, "invalid_request"); refused.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %v", path, refused.Header)
		}
	}
}

func TestResourceOfAPath(t *testing.T) {
	w := newWorld(t)
	for _, resource := range Resources {
		for _, path := range []string{resource, resource + "/x"} {
			if got := ResourceMetadata(issuer, path); got != issuer+ProtectedResourcePath+resource {
				t.Errorf("%q is of %s", path, got)
			}
		}
		if got := ResourceMetadata(issuer, resource+"x"); resource != "" && got != issuer+ProtectedResourcePath {
			t.Errorf("%q is of %s", resource+"x", got)
		}
		rec := httptest.NewRecorder()
		w.current().ProtectedResource(rec, sent("GET", ProtectedResourcePath+resource, ""))
		if !strings.Contains(rec.Body.String(), `"resource":"`+issuer+resource+`"`) || !strings.Contains(rec.Body.String(), `["odoo.read"]`) || rec.Code != 200 {
			t.Errorf("%q: %d %s", resource, rec.Code, rec.Body)
		}
	}
}

// Nothing runs half configured.
func TestConfigurationIsComplete(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*Config){
		"issuer":         func(c *Config) { c.Issuer = nil },
		"host":           func(c *Config) { c.Issuer = &url.URL{Scheme: "https"} },
		"issuer's path":  func(c *Config) { c.Issuer = &url.URL{Scheme: "https", Host: "a", Path: "/x"} },
		"database":       func(c *Config) { c.Database = "" },
		"applications":   func(c *Config) { c.Applications = nil },
		"schemes":        func(c *Config) { c.Scheme = nil },
		"store":          func(c *Config) { c.Store = nil },
		"seal":           func(c *Config) { c.Seal = nil },
		"keys":           func(c *Config) { c.Keys = nil },
		"people":         func(c *Config) { c.People = nil },
		"connections":    func(c *Config) { c.Connections = nil },
		"memory":         func(c *Config) { c.Memory = nil },
		"issuer's slash": func(c *Config) { c.Issuer = &url.URL{Scheme: "https", Host: "a", Path: "/"} },
	} {
		c := w.config
		change(&c)
		if s, err := New(c); (err == nil) != (name == "issuer's slash") || err == nil && s.issuer != "https://a" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
