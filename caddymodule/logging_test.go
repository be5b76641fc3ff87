package caddymodule

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestRedactURL(t *testing.T) {
	tests := map[string]string{
		"/restapi/1.0/common/oauth2/authorize?client_id=wiki&state=xyz": "",
		"/x?access_token=s3cret":                             "/x?access_token=REDACTED",
		"/x?a=1&code=s3cret&state=xyz":                       "/x?a=1&code=REDACTED&state=xyz",
		"/x?a=1;code=s3cret":                                 "/x?a=1;code=REDACTED",
		"/x?CODE=s3cret":                                     "/x?CODE=REDACTED",
		"/x?access%5Ftoken=s3cret":                           "/x?access%5Ftoken=REDACTED",
		"/x?c%6fde=s3cret":                                   "/x?c%6fde=REDACTED",
		"/x?%zz=s3cret":                                      "/x?%zz=REDACTED",
		"/x?code=s3cret=more":                                "/x?code=REDACTED",
		"/x?+code=s3cret":                                    "/x?+code=REDACTED",
		"https://wiki.example.com/cb?code=s3cret&iss=x":      "https://wiki.example.com/cb?code=REDACTED&iss=x",
		"https://wiki.example.com/cb#access_token=s3cret":    "https://wiki.example.com/cb#access_token=REDACTED",
		"/x?client_secret=s3cret&refresh_token=s3cret&token": "/x?client_secret=REDACTED&refresh_token=REDACTED&token",
		"/x?oauth_signature=a%26b&x=k":                       "/x?oauth_signature=REDACTED&x=k",
		"/x?":                                                "",
		"":                                                   "",
		"/x?barcode=1":                                       "",
	}
	for in, want := range tests {
		if want == "" {
			want = in
		}
		if got := redactURL(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestOtherTrafficKeepsItsOwnAccessEntry(t *testing.T) {
	for target, want := range map[string]bool{
		"/web/login?redirect=%2Fweb":                                        false,
		"/my/orders/3?access_token=odoo":                                    false,
		"/restapi/1.0/object/res.partner/1":                                 false,
		"/restapi/1.0/object/res.partner/1?access_token=s":                  true,
		"/restapi//1.0/object/res.partner/1?access_token=s":                 true,
		"/RestAPI/1.0/common/oauth2/access_token?code=s":                    true,
		"/orestapi/record/read?access_token=s":                              true,
		"/json/2/res.partner/read?access_token=s":                           true,
		"/json/2/res.partner/read":                                          false,
		"/restapi/1.0/common/oauth2/authorize":                              true,
		"/orestapi/oauth2/authorization":                                    true,
		"/restapi/1.0/object/res.partner/1?oauth_signature=s&oauth_token=t": true,
	} {
		if got := mayCarrySecrets(httptest.NewRequest("GET", target, nil)); got != want {
			t.Errorf("%s: got %v", target, got)
		}
	}
	r := httptest.NewRequest("GET", "/restapi/1.0/object/res.partner/1", nil)
	r.Header.Set("Referer", "https://wiki.example.com/callback?code=s3cret")
	if !mayCarrySecrets(r) {
		t.Error("a code in the referrer is not seen")
	}
}

// TestAccessLoggerNames: the entry goes to the loggers that Caddy would use.
func TestAccessLoggerNames(t *testing.T) {
	names := func(s ...string) caddyhttp.StringArray { return s }
	tests := []struct {
		name   string
		config caddyhttp.ServerLogConfig
		host   string
		want   string
	}{
		{"default", caddyhttp.ServerLogConfig{}, "erp.example.com", "access"},
		{"default name", caddyhttp.ServerLogConfig{DefaultLoggerName: "d"}, "erp.example.com", "access.d"},
		{"by host", caddyhttp.ServerLogConfig{LoggerNames: map[string]caddyhttp.StringArray{"erp.example.com": names("log0", "log1")}}, "ERP.example.com:8443", "access.log0 access.log1"},
		{"by wildcard", caddyhttp.ServerLogConfig{LoggerNames: map[string]caddyhttp.StringArray{"*.example.com": names("w")}}, "erp.example.com", "access.w"},
		{"unnamed", caddyhttp.ServerLogConfig{LoggerNames: map[string]caddyhttp.StringArray{"erp.example.com": names("")}}, "erp.example.com", "access"},
		{"skipped", caddyhttp.ServerLogConfig{SkipHosts: []string{"*.example.com"}}, "erp.example.com", ""},
		{"unmapped", caddyhttp.ServerLogConfig{SkipUnmappedHosts: true}, "erp.example.com", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			core, logs := observer.New(zap.InfoLevel)
			r := httptest.NewRequest("GET", "http://"+tt.host+"/", nil)
			for _, l := range accessLoggers(zap.New(core).Named("access"), &tt.config, r) {
				l.Info("x")
			}
			var got []string
			for _, e := range logs.All() {
				got = append(got, e.LoggerName)
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestNoSecretReachesTheLogs runs flows with Caddy's default access log and
// searches all that was logged, once at debug level too. There reverse_proxy
// itself logs whatever passes on, as do misspelt paths.
func TestNoSecretReachesTheLogs(t *testing.T) {
	t.Run("default level", func(t *testing.T) { noSecretReachesTheLogs(t, "", "/restapi//1.0/object/res.partner/1") })
	t.Run("debug level", func(t *testing.T) { noSecretReachesTheLogs(t, "debug", "/restapi/1.0/misspelt") })
}

func noSecretReachesTheLogs(t *testing.T, level, misspelt string) {
	s, odoo := newOdooSite(t)
	s.secret, s.inApplication = "canary-client-secret", "compat confluence"
	s.global = level
	s.inSite = "log"
	p := newMachine(t).start(s.caddyfile(), s.admin)
	base := "http://" + s.addr
	user := newPerson(t, base)
	code, err := user.authorize("xyz")
	if err != nil {
		t.Fatal(err)
	}

	// The token endpoint, with everything in the query string.
	query := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback},
		"client_id": {"wiki"}, "client_secret": {s.secret},
	}
	_, body, err := user.do(http.MethodPost, oauthBase+"access_token?"+query.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var got tokens
	if err := json.Unmarshal([]byte(body), &got); err != nil || got.Access == "" || got.Refresh == "" {
		t.Fatalf("%v: %s", err, body)
	}
	canaries := []string{code, s.secret, got.Access, strings.ReplaceAll(got.Access, ".", "%2E"), got.Refresh, "canary-code", "canary-token", "canary-password"}

	// Whatever is answered: refusals, unknown paths, misspelt ones, failures.
	secrets := "access_token=" + got.Access + "&refresh_token=" + got.Refresh + "&client_secret=" + s.secret
	for _, target := range []string{
		"/restapi/1.0/object/res.partner/1?" + secrets,
		"/restapi/1.0/object/res.partner/1?a%63cess_token=canary-token",
		"/restapi/1.0/nothing?" + secrets,
		misspelt + "?" + secrets,
		"/orestapi/record/read?" + secrets,
		oauthBase + "authorize?client_id=unknown&code=canary-code&password=canary-password",
		oauthBase + "revoke?token=" + got.Refresh,
	} {
		_, _, _ = user.do(http.MethodGet, target, nil)
		_, _, _ = user.do(http.MethodPost, target, nil)
	}
	// At Odoo's own paths as well, under whatever name, encoded, and in headers.
	const odoos = "/web/content/12?"
	for _, target := range []string{odoos + "access_token=" + got.Access, odoos + "x=" + got.Access + "&y=1", odoos + "x=" + strings.ReplaceAll(got.Access, ".", "%2E"), "/web/" + got.Access + "/x"} {
		_, _, _ = user.do(http.MethodGet, target, nil)
	}
	for name, value := range map[string]string{"Referer": base + "/restapi/1.0/object/res.partner/1?access_token=" + got.Access, "X-Token": got.Access} {
		r, err := http.NewRequest(http.MethodGet, base+odoos+"by="+name, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(name, value)
		res, err := user.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	odoo.SetDown(true)
	_, _, _ = user.do(http.MethodGet, "/restapi/1.0/object/res.partner/1?"+secrets, nil)
	_, _, _ = user.do(http.MethodGet, misspelt+"?"+secrets, nil)
	_, _, _ = user.do(http.MethodGet, "/last", nil)
	p.await(`"uri":"/last"`)
	p.stop()

	logs := p.out.String()
	for _, c := range canaries {
		for _, form := range []string{c, url.QueryEscape(c)} {
			if i := strings.Index(logs, form); i >= 0 {
				t.Errorf("%s is in the logs: …%s…", form, logs[max(0, i-300):min(len(logs), i+100)])
			}
		}
	}
	// The requests are logged all the same, to the same log.
	for _, want := range []string{
		`"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"127.0.0.1"`,
		`"uri":"/restapi/1.0/common/oauth2/access_token?client_id=wiki&client_secret=REDACTED&code=REDACTED&grant_type=authorization_code`,
		`"uri":"/web/content/12?x=REDACTED&y=1"`, `"uri":"/web/REDACTED/x"`, `"X-Token":["REDACTED"]`,
		`"Location":["` + callback + `?code=REDACTED`,
	} {
		if !strings.Contains(logs, want) {
			t.Errorf("not in the logs: %s", want)
		}
	}
}
