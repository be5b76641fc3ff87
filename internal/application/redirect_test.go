package application_test

import (
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
)

const registered = "https://app.example/cb"

// mutations are spellings that some parser takes for the registered URI.
var mutations = []string{
	"", " ", "https://app.example@evil/cb", "https://app.example:443/cb", "HTTPS://app.example/cb", "Https://app.example/cb",
	"https://APP.example/cb", "https://app.example/CB", "https://app.example/cb/", "https://app.example/cb?",
	"https://app.example/cb#", "https://app.example/cb#x", "https://app.example/cb%2f..", "https://app.example/cb/../x",
	"https://app.example/x/../cb", "https://app.example/./cb", "https://app.example/cb;x", "https://app.example//cb",
	`https://app.example\cb`, `https:\\app.example\cb`, `https://app.example/\cb`, "https:app.example/cb", "https:/app.example/cb",
	"https:///app.example/cb", "//app.example/cb", "/cb", "app.example/cb", "https://app.example.evil/cb", "https://app.example.evil",
	"https://evil/app.example/cb", "https://app.example%00.evil/cb", "https://app.example%00.evil", "https://app。example/cb",
	"https://app．example/cb", "https://xn--app-example-xyz/cb", "https://аpp.example/cb", "https://app.example./cb",
	"https://app.example/cb\t", "https://app.example/\tcb", "https://app.example/cb\n", "https://app.example/c\nb",
	"https://app.example/cb\r\nX: y", "https://app.example/cb%0d%0a", "https://app.example/cb%0a", "https://app.example/%63b",
	"https://app.example/%2563b", "https://app.example/cb ", " https://app.example/cb", "https://app.example/cb%20",
	"https://user@app.example/cb", "https://user:pass@app.example/cb", "https://user:1234@app.example:443/cb",
	"https://app.example:0443/cb", "https://app.example:/cb", "https://app.example:80/cb", "http://app.example/cb",
	"javascript:alert(1)", "javascript://app.example/cb", "JavaScript:alert(1)//https://app.example/cb",
	"data:text/html,x", "data:text/html;base64,PHA+", "vbscript:x", "file:///etc/passwd", "ftp://app.example/cb", "app.example:/cb",
	"https://app.example/cb?x=1", "https://app.example/cb&x=1", "https://app.example/cb,https://evil/",
	"https://app.example/cb https://evil/", "https://app.example/c", "https://app.example/cbx", "https://app.example",
	"https://app.example/", "https://app.example/cb\x00", "https://app.example/cb\xff", "https://app.example/cb\xc0\xaf",
	"https://app.example/cb/" + strings.Repeat("a", 8192), "https://*.example/cb", "https://app.example/*",
}

func TestFindRedirectURIIsExact(t *testing.T) {
	a := &application.Application{RedirectURIs: []application.RedirectURI{
		{URI: "https://app.example/old"},
		{URI: registered, Active: true, Individually: true},
	}}
	for _, uri := range mutations {
		if got := a.FindRedirectURI(uri); got != nil {
			t.Errorf("%q found %q", uri, got.URI)
		}
	}
	if got := a.FindRedirectURI(registered); got == nil || !got.Active || !got.Individually {
		t.Errorf("the registered URI gave %+v", got)
	}
	if got := a.FindRedirectURI("https://app.example/old"); got == nil || got.Active {
		t.Errorf("the archived URI gave %+v", got)
	}
}

func TestValidateRedirectURI(t *testing.T) {
	for _, uri := range []string{
		registered,
		"https://app.example",
		"https://app.example/",
		"https://app.example:8443/cb?tenant=1&x=%2F",
		"https://wiki.example.com/plugins/odoo-connector/callback.action",
		"https://192.0.2.1/cb",
		"https://[2001:db8::1]:8443/cb",
		"https://xn--bcher-kva.example/cb",
		"http://localhost:5678/rest/oauth2-credential/callback",
		"http://127.0.0.1/cb",
		"http://127.9.9.9:8080/cb",
		"http://[::1]:9000/cb",
	} {
		if err := application.ValidateRedirectURI(uri); err != nil {
			t.Errorf("good URI: %v", err)
		}
	}
	for _, test := range []struct{ uri, rule string }{
		{"", "https://"},
		{"/cb", "https://"},
		{"//app.example/cb", "https://"},
		{"app.example/cb", "https://"},
		{"https:app.example/cb", "https://"},
		{"https:/app.example/cb", "https://"},
		{"HTTPS://app.example/cb", "https://"},
		{"ftp://app.example/cb", "https://"},
		{"myapp://cb", "https://"},
		{"javascript:alert(1)", "https://"},
		{"javascript://app.example/%0aalert(1)", "https://"},
		{"data:text/html,x", "https://"},
		{"urn:ietf:wg:oauth:2.0:oob", "https://"},
		{"https://", "host"},
		{"https:///cb", "host"},
		{"https://:443/cb", "host"},
		{"https://*.example/cb", "host"},
		{"https://app.example%00.evil/cb", "URL"},
		{"https://app.example%2eevil/cb", "URL"},
		{"https://[fe80::1%25eth0]/cb", "zone"},
		{"https://app.example:0/cb", "port"},
		{"https://app.example:65536/cb", "port"},
		{"https://app.example:/cb", "port"},
		{"https://app.example:x/cb", "URL"},
		{"https://user@app.example/cb", "user"},
		{"https://user:pass@app.example/cb", "user"},
		{"https://app.example@evil/cb", "user"},
		{"https://app.example/cb#", "fragment"},
		{"https://app.example/cb#x", "fragment"},
		{"https://app.example/../cb", "dot"},
		{"https://app.example/cb/..", "dot"},
		{"https://app.example/cb/%2e%2e/x", "dot"},
		{"https://app.example/./cb", "dot"},
		{"https://app.example/cb%zz", "URL"},
		{`https://app.example\cb`, "ASCII"},
		{"https://app。example/cb", "ASCII"},
		{"https://аpp.example/cb", "ASCII"},
		{"https://app.example/cb\xff", "ASCII"},
		{"https://app.example/c b", "ASCII"},
		{"https://app.example/cb ", "ASCII"},
		{"https://app.example/cb\t", "ASCII"},
		{"https://app.example/cb\r\nX: y", "ASCII"},
		{"https://app.example/cb\x00", "ASCII"},
		{`https://app.example/"><script>`, "ASCII"},
		{"http://app.example/cb", "loopback"},
		{"http://localhost.evil/cb", "loopback"},
		{"http://127.0.0.1.evil/cb", "loopback"},
		{"http://10.0.0.1/cb", "loopback"},
		{"http://[::]/cb", "loopback"},
		{"https://app.example/" + strings.Repeat("a", application.MaxRedirectURI), "longer"},
	} {
		err := application.ValidateRedirectURI(test.uri)
		if err == nil || !strings.Contains(err.Error(), test.rule) {
			t.Errorf("%.60q: error %v, want one about %q", test.uri, err, test.rule)
		}
	}
}
