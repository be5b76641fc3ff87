package caddymodule

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/audit"
)

// jsonLines reads what a command prints with --json.
func jsonLines[T any](t *testing.T, out string) []T {
	t.Helper()
	var all []T
	for line := range strings.Lines(out) {
		var v T
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, v)
	}
	return all
}

// An administrator sees who has connected what, and with which codes, takes it
// back, and nothing secret is told on the way.
func TestAdministratorListsAndRevokes(t *testing.T) {
	s, _ := newOdooSite(t)
	s.inApplication = "authorization_code_retain 30d"
	m := newMachine(t)
	p := m.start(s.caddyfile(), s.admin)
	base := "http://" + s.addr
	user := newPerson(t, base)
	connect := func() (string, tokens) {
		t.Helper()
		code, err := user.authorize("xyz")
		if err != nil {
			t.Fatalf("%v\n%s", err, p.out)
		}
		got, err := redeem(user.client, base, code)
		if err == nil {
			err = read(user.client, base, got.Access)
		}
		if err != nil {
			t.Fatal(err)
		}
		return code, got
	}
	code, got := connect()
	run := func(want int, args ...string) (string, string) {
		t.Helper()
		out, errOut, status := m.odooGateway(append(args, "--address", s.admin)...)
		if status != want {
			t.Fatalf("%v: status %d: %s%s", args, status, out, errOut)
		}
		for _, secret := range []string{code, got.Access, got.Refresh, "top-secret"} {
			if strings.Contains(out+errOut, secret) {
				t.Errorf("%v told a secret: %s%s", args, out, errOut)
			}
		}
		return out, errOut
	}
	list := func(args ...string) []administration.Authorization {
		t.Helper()
		out, _ := run(0, append([]string{"authorizations", "list", "--json"}, args...)...)
		if strings.Contains(strings.ToLower(out), "sealed") || strings.Contains(strings.ToLower(out), "hash") {
			t.Errorf("a credential is listed: %s", out)
		}
		return jsonLines[administration.Authorization](t, out)
	}

	all := list()
	if len(all) != 1 {
		t.Fatalf("listed %+v", all)
	}
	a := all[0]
	if a.Application != "wiki" || a.Login != "demo" || a.Database != "demo19" || a.UID == 0 || a.Subject == "" || !a.Connection.Live ||
		a.Connection.Kind != "session" || a.ConsentedAt.IsZero() || !a.RevokedAt.IsZero() {
		t.Errorf("listed %+v", a)
	}
	for _, filter := range [][]string{{"--application", "wiki"}, {"--login", "demo"}, {"--subject", a.Subject}, {"--gateway", "erp"}} {
		if got := list(filter...); len(got) != 1 || got[0].ID != a.ID {
			t.Errorf("%v: %+v", filter, got)
		}
	}
	for _, filter := range [][]string{{"--login", "admin"}, {"--subject", "x"}, {"--application", "wiki", "--login", "admin"}} {
		if got := list(filter...); len(got) != 0 {
			t.Errorf("%v: %+v", filter, got)
		}
	}
	if out, _ := run(0, "authorizations", "list"); !strings.HasPrefix(out, "ID ") || !strings.Contains(out, a.ID+"  wiki         demo   session     20") {
		t.Errorf("the table is\n%s", out)
	}

	out, _ := run(0, "codes", "list", "--application", "wiki", "--json")
	codes := jsonLines[administration.Code](t, out)
	if len(codes) != 1 || codes[0].Fingerprint != audit.Fingerprint(code) || codes[0].Authorization != a.ID || codes[0].TokenSet == "" ||
		codes[0].RedirectURI != callback || codes[0].RetainUntil.Sub(codes[0].IssuedAt) != 30*24*time.Hour {
		t.Errorf("codes %+v", codes)
	}
	if out, _ = run(0, "codes", "list", "--authorization", a.ID); !strings.Contains(out, audit.Fingerprint(code)+"  wiki") {
		t.Errorf("the table is\n%s", out)
	}
	if out, _ = run(0, "codes", "list", "--application", "shop", "--json"); out != "" {
		t.Errorf("codes %s", out)
	}

	// What does not say one thing clearly revokes nothing.
	for _, args := range [][]string{
		{}, {"--all"}, {"--yes"}, {"--all", "--yes", "--login", "demo"}, {a.ID, "--login", "demo"}, {a.ID, "--all", "--yes"}, {""},
		{"--gateway", "other", "--login", "demo"}, {"nonsense"}, {"--aplication", "wiki"},
	} {
		run(1, append([]string{"authorizations", "revoke"}, args...)...)
	}
	for _, verb := range []string{"list", "revoke"} {
		if _, errOut := run(1, "authorizations", verb, "--application", "wikki"); errOut != "Error: there is no application \"wikki\"\n" {
			t.Errorf("%s: %s", verb, errOut)
		}
	}
	if out, errOut := run(0, "authorizations", "revoke", "--application", "wiki", "--login", "nobody"); out != "0 revoked\n" ||
		!strings.HasPrefix(errOut, "Nobody matches --application wiki --login nobody: ") {
		t.Errorf("revoked %s%s", out, errOut)
	}
	if err := read(user.client, base, got.Access); err != nil {
		t.Fatal(err)
	}

	for _, args := range [][]string{{"--", a.ID}, {"--application", "wiki", "--login", "demo"}, {"--subject", a.Subject}, {"--all", "--yes"}} {
		if len(args) > 0 && args[0] == "--" {
			args = append([]string{"--address", s.admin}, args...)
			if out, errOut, status := m.odooGateway(append([]string{"authorizations", "revoke"}, args...)...); status != 0 || !strings.HasSuffix(out, "\n1 revoked\n") {
				t.Fatalf("status %d: %s%s", status, out, errOut)
			}
		} else if out, _ := run(0, append([]string{"authorizations", "revoke", "--json"}, args...)...); len(jsonLines[administration.Authorization](t, out)) != 1 {
			t.Fatalf("%v: %s", args, out)
		}
		if err := read(user.client, base, got.Access); err == nil || !strings.Contains(err.Error(), "401") {
			t.Errorf("%v: reading after it was revoked: %v", args, err)
		}
		if _, err := refresh(user.client, base, got.Refresh); err == nil {
			t.Errorf("%v: refreshed after it was revoked", args)
		}
		if got := list(); len(got) != 0 {
			t.Errorf("%v: left %+v", args, got)
		}
		code, got = connect()
	}
	if revoked := slices.DeleteFunc(list("--revoked"), func(a administration.Authorization) bool { return a.RevokedAt.IsZero() }); len(revoked) != 4 ||
		revoked[0].Connection.Live || revoked[0].Connection.EndReason != "revoked" {
		t.Errorf("revoked %+v", revoked)
	}
	if events := strings.Count(p.out.String(), `"authorization_revoked"`); events != 4 {
		t.Errorf("%d events in the audit trail", events)
	}
	if strings.Contains(p.out.String(), code) || strings.Contains(p.out.String(), got.Access) {
		t.Error("a secret was logged")
	}

	// What an application was granted can be taken back after it was removed
	// from the configuration, and while a reload has failed.
	s.failAt = "start"
	if err := p.load(strings.ReplaceAll(s.caddyfile(), "application wiki", "application renamed")); err == nil {
		t.Fatal("the configuration was taken")
	}
	s.failAt = ""
	if err := read(user.client, base, got.Access); err != nil {
		t.Error(err)
	}
	if out, _ = run(0, "authorizations", "revoke", "--application", "wiki"); !strings.HasSuffix(out, "\n1 revoked\n") {
		t.Errorf("after a failed reload: %s", out)
	}
	if err := read(user.client, base, got.Access); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("reading after it was revoked: %v", err)
	}
	code, got = connect()
	if err := p.load(strings.ReplaceAll(s.caddyfile(), "application wiki", "application renamed")); err != nil {
		t.Fatal(err)
	}
	if out, _ = run(0, "authorizations", "revoke", "--application", "wiki"); !strings.HasSuffix(out, "\n1 revoked\n") {
		t.Errorf("of an application that is configured no more: %s", out)
	}
	if out, _ = run(0, "authorizations", "revoke", "--application", "wiki"); out != "0 revoked\n" {
		t.Errorf("once more: %s", out)
	}

	p.stop()
	if _, errOut, status := m.odooGateway("authorizations", "list", "--address", s.admin); status != 1 || !strings.Contains(errOut, "no Caddy answers at "+s.admin) {
		t.Errorf("status %d: %s", status, errOut)
	}
}

func TestAdminEndpointsRefuse(t *testing.T) {
	s := newSite(t)
	newMachine(t).start(s.caddyfile(), s.admin)
	for _, tt := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", authorizationsEndpoint, "", 405, "use GET"},
		{"GET", revokeEndpoint, "", 405, "use POST"},
		{"DELETE", revokeEndpoint, `{"all": true}`, 405, "use POST"},
		{"POST", codesEndpoint, "", 405, "use GET"},
		{"GET", authorizationsEndpoint + "?aplication=wiki", "", 400, `unknown parameter \"aplication\"`},
		{"GET", authorizationsEndpoint + "?login=a&login=b", "", 400, "given twice"},
		{"GET", authorizationsEndpoint + "?a=%zz", "", 400, "malformed"},
		{"GET", authorizationsEndpoint + "?revoked=yes", "", 400, "neither true nor false"},
		{"GET", authorizationsEndpoint + "?limit=0", "", 400, "between 1 and 1000"},
		{"GET", authorizationsEndpoint + "?limit=1001", "", 400, "between 1 and 1000"},
		{"GET", authorizationsEndpoint + "?gateway=other", "", 404, `there is no gateway \"other\"`},
		{"GET", codesEndpoint + "?login=a", "", 400, "unknown parameter"},
		{"GET", codesEndpoint + "?limit=x", "", 400, "between 1 and 1000"},
		{"GET", codesEndpoint + "?gateway=other", "", 404, "there is no gateway"},
		{"GET", codesEndpoint + "?after=nonsense", "", 404, "kept no more"},
		{"GET", doctorEndpoint + "?gatewy=erp", "", 400, "unknown parameter"},
		{"POST", auditEndpoint, "", 405, "use GET"},
		{"GET", auditEndpoint + "?logn=a", "", 400, "unknown parameter"},
		{"GET", auditEndpoint + "?after=nonsense", "", 400, "is not what a page before has given"},
		{"GET", auditEndpoint + "?gateway=other", "", 404, "there is no gateway"},
		{"POST", backupEndpoint, "", 405, "use GET"},
		{"GET", backupEndpoint + "?gateway=erp", "", 400, "unknown parameter"},
		{"POST", applicationsEndpoint, "", 405, "use GET"},
		{"GET", applicationsEndpoint + "?name=nonsense", "", 404, "there is no application"},
		{"GET", schemesEndpoint + "?name=nonsense", "", 404, "there is no model scheme"},
		{"GET", configurationsEndpoint + "?name=nonsense", "", 404, "there is no model configuration"},
		{"GET", historyEndpoint + "?kind=nonsense", "", 400, "is none of"},
		{"GET", historyEndpoint + "?gateway=other", "", 404, "there is no gateway"},
		{"POST", revokeEndpoint, "", 400, "the body is not as expected"},
		{"POST", revokeEndpoint, `{}`, 400, "say what to revoke"},
		{"POST", revokeEndpoint, `{"aplication": "wiki", "all": true}`, 400, "unknown field"},
		{"POST", revokeEndpoint, `{"all": true} {}`, 400, "goes on"},
		{"POST", revokeEndpoint, `{"all": true, "login": "demo"}`, 400, "all stands alone"},
		{"POST", revokeEndpoint, `{"ids": ["a"], "all": true}`, 400, "all stands alone"},
		{"POST", revokeEndpoint, `{"ids": ["a"], "subject": "b"}`, 400, "ids stand alone"},
		{"POST", revokeEndpoint, `{"ids": [""]}`, 400, "an id is empty"},
		{"POST", revokeEndpoint, `{"ids": ["nonsense"]}`, 404, `{"error":"there is no authorization \"nonsense\""}`},
		{"POST", revokeEndpoint, `{"application": "nonsense"}`, 404, `{"error":"there is no application \"nonsense\""}`},
		{"GET", authorizationsEndpoint + "?application=nonsense", "", 404, `there is no application \"nonsense\"`},
		{"POST", revokeEndpoint, `{"login": "` + strings.Repeat("a", maxAdminBody) + `"}`, 400, "the body is not as expected"},
		{"POST", revokeEndpoint, `{"gateway": "other", "all": true}`, 404, "there is no gateway"},
	} {
		status, body := s.ask(t, tt.method, tt.path, tt.body, nil)
		if status != tt.status || !strings.Contains(body, tt.want) {
			t.Errorf("%s %s %.60s: %d %s\nwant %d %s", tt.method, tt.path, tt.body, status, body, tt.status, tt.want)
		}
	}
	// A page in a browser is another origin, and Caddy's to refuse.
	for _, h := range []http.Header{{"Origin": {"https://evil.example"}}, {"Origin": {"null"}, "Sec-Fetch-Mode": {"no-cors"}}} {
		if status, body := s.ask(t, "POST", revokeEndpoint, `{"all": true}`, h); status < http.StatusBadRequest || strings.Contains(body, "revoked") {
			t.Errorf("%v: %d %s", h, status, body)
		}
	}
}

// ask makes a request to the admin API.
func (s site) ask(t *testing.T, method, path, body string, h http.Header) (int, string) {
	t.Helper()
	r := request(t, method, "http://"+s.admin+path, body)
	for name, values := range h {
		r.Header[name] = values
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// People's names and logins are what they wrote.
func TestTablesKeepToTheirLines(t *testing.T) {
	var out strings.Builder
	evil := administration.Authorization{ID: "1", Login: "a\tb\n2  wiki  admin\x1b[2J", Connection: administration.Connection{Kind: "session", EndReason: "logged_out"}}
	if err := printAuthorizations(&out, []administration.Authorization{evil}, false); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.Count(got, "\n") != 2 || strings.ContainsAny(got, "\t\x1b") || !strings.Contains(got, "session (logged_out)") {
		t.Errorf("got %q", got)
	}
	out.Reset()
	evil.Connection = administration.Connection{Kind: "api_key", Live: true, KeyID: 12, KeyName: "Team\nwiki"}
	if err := printRevocation(&out, administration.Revocation{Count: 2000, Revoked: []administration.Authorization{evil}}, false); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.Count(got, "\n") != 4 || !strings.Contains(got, "2000 revoked, of which 1 are listed\n") ||
		!strings.Contains(got, `the API key "Team\nwiki" (12) of a b 2  wiki  admin`) {
		t.Errorf("got %q", got)
	}
}

// Columns stay columns where a row has nothing at its end, and no line ends
// with blanks.
func TestTablesAreStraight(t *testing.T) {
	var out strings.Builder
	if err := table(&out, [][]string{{"NAME", "CLIENT", "URI"}, {"wiki", "a-long-client-id", "x"}, {"nightly", "b", ""}, {"c", "d", "y"}}); err != nil {
		t.Fatal(err)
	}
	if want := "NAME     CLIENT            URI\nwiki     a-long-client-id  x\nnightly  b\nc        d                 y\n"; out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestSeveralGatewaysMustBeNamed(t *testing.T) {
	app := &App{gateways: map[string]*served{"erp": {}, "test": {}}}
	if _, err := app.named(""); err == nil || !strings.Contains(err.Error(), "there are 2: erp, test") {
		t.Errorf("got %v", err)
	}
	if s, err := app.named("test"); err != nil || s != app.gateways["test"] {
		t.Errorf("got %v, %v", s, err)
	}
}
