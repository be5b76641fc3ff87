package application_test

import (
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
)

func TestM2_ValidateRedirectURI(t *testing.T) {
	for _, uri := range []string{
		registered,
		"https://app.example",
		"https://app.example/",
		"https://app.example:8443/cb?tenant=1&x=%2F",
		"https://wiki.example.com/plugins/odoo-connector/callback.action",
		"https://192.0.2.1/cb",
		"https://[2001:db8::1]:8443/cb",
		"https://xn--bcher-kva.example/cb",
		"https://app.example./cb",
		"https://app.example/" + strings.Repeat("a", application.MaxRedirectURI-len("https://app.example/")),
		"http://localhost:5678/rest/oauth2-credential/callback",
		"http://127.0.0.1/cb",
		"http://127.9.9.9:8080/cb",
		"http://[::1]:9000/cb",
	} {
		for _, public := range []bool{false, true} {
			if err := application.ValidateRedirectURI(application.RedirectURI{URI: uri}, public); err != nil {
				t.Errorf("good URI, public %v: %v", public, err)
			}
		}
	}
	for _, test := range []struct{ uri, rule string }{
		{"", "https://"},
		{"/cb", "https://"},
		{"//app.example/cb", "https://"},
		{"app.example/cb", "https://"},
		{"https:app.example/cb", "https://"},
		{"https:\\app.example/cb", "ASCII"},
		{"https:/app.example/cb", "https://"},
		{"HTTPS://app.example/cb", "https://"},
		{"ftp://app.example/cb", "https://"},
		{"myapp://cb", "https://"},
		{"javascript:alert(1)", "https://"},
		{"javascript://app.example/%0aalert(1)", "https://"},
		{"data:text/html,x", "https://"},
		{"urn:ietf:wg:oauth:2.0:oob", "https://"},
		{"https://", "host name"},
		{"https:///cb", "host name"},
		{"https://:443/cb", "host"},
		{"https://./cb", "host"},
		{"https://.app.example/cb", "host"},
		{"https://app..example/cb", "host"},
		{"https://app.example../cb", "host"},
		{"https://*.example/cb", "asterisk"},
		{"https://app.example/*", "asterisk"},
		{"https://app.example/cb/*/x", "asterisk"},
		{"https://app.example/cb?tenant=*", "asterisk"},
		{"http://127.0.0.1:*/cb", "asterisk"},
		{"https://app.example%00.evil/cb", "URL"},
		{"https://app.example%2eevil/cb", "URL"},
		{"https://[fe80::1%25eth0]/cb", "zone"},
		{"https://app.example:0/cb", "port"},
		{"https://app.example:65536/cb", "port"},
		{"https://app.example:/cb", "port"},
		{"https://app.example:0443/cb", "port"},
		{"https://0x7f.1/cb", "complete IP"},
		{"https://app.1/cb", "complete IP"},
		{"https://2130706433/cb", "complete IP"},
		{"https://127.0.0.0x1./cb", "complete IP"},
		{"https://[::ffff:127.0.0.1]/cb", "IPv4"},
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
		{"https://app.example/cb\x7f", "ASCII"},
		{`https://app.example/"><script>`, "ASCII"},
		{"http://app.example/cb", "loopback"},
		{"http://localhost.evil/cb", "loopback"},
		{"http://127.0.0.1.evil/cb", "loopback"},
		{"http://10.0.0.1/cb", "loopback"},
		{"http://[::]/cb", "loopback"},
		{"http://localhost./cb", "loopback"},
		{"http://LOCALHOST/cb", "loopback"},
		{"https://app.example/" + strings.Repeat("a", application.MaxRedirectURI), "longer"},
	} {
		for _, public := range []bool{false, true} {
			err := application.ValidateRedirectURI(application.RedirectURI{URI: test.uri}, public)
			if err == nil || !strings.Contains(err.Error(), test.rule) {
				t.Errorf("%.60q, public %v: error %v, want one about %q", test.uri, public, err, test.rule)
			}
		}
	}
}

func TestM2_InsecureRedirectURI(t *testing.T) {
	for _, test := range []struct{ uri, rule string }{
		{"http://app.example/cb", ""},
		{"http://10.0.0.1:8080/cb", ""},
		{"http://127.0.0.1/cb", ""},
		{"https://app.example/cb", ""},
		{"http://app.example/cb#x", "fragment"},
		{"http://user@app.example/cb", "user"},
		{"http://127.1/cb", "complete IP"},
		{"http://0x7f.1/cb", "complete IP"},
		{"http://[::ffff:127.0.0.1]/cb", "IPv4"},
		{"ftp://app.example/cb", "https://"},
		{"javascript://app.example/cb", "https://"},
	} {
		for _, public := range []bool{false, true} {
			err := application.ValidateRedirectURI(application.RedirectURI{URI: test.uri, Insecure: true}, public)
			if test.rule == "" && err != nil || test.rule != "" && (err == nil || !strings.Contains(err.Error(), test.rule)) {
				t.Errorf("%q, public %v: error %v, want one about %q", test.uri, public, err, test.rule)
			}
		}
	}
}

func TestPrivateUseRedirectURI(t *testing.T) {
	for _, test := range []struct{ uri, rule string }{
		{"com.example.app:/callback", ""},
		{"com.example.app:/", ""},
		{"com.example.app:/callback?a=b", ""},
		{"com.example.app://callback/x", ""},
		{"com.googleusercontent.apps.1-a:/oauth2redirect", ""},
		{"app.example:/callback", ""},
		{"z.example:/callback", ""},
		{"com.example.app:callback", "path"},
		{"com.example.app:", "path"},
		{"com.example.app:/cb#x", "fragment"},
		{"com.example.app:/a/../b", "dot"},
		{"com.example.app:/a b", "ASCII"},
		{"com.example.app://user@host/cb", "user"},
		{"com.example.app:///cb", "host"},
		{"com.example.app://127.1/cb", "complete IP"},
		{"Com.Example.App:/cb", "lower case"},
		{"1com.example.app:/cb", "contains a dot"},
		{"com_example.app:/cb", "contains a dot"},
		{".:/cb", "contains a dot"},
		{"myapp:/cb", "contains a dot"},
		{"javascript:/alert(1)", "contains a dot"},
		{"data:/text/html,x", "contains a dot"},
		{"app.example/cb", "contains a dot"},
	} {
		err := application.ValidateRedirectURI(application.RedirectURI{URI: test.uri}, true)
		if test.rule == "" && err != nil || test.rule != "" && (err == nil || !strings.Contains(err.Error(), test.rule)) {
			t.Errorf("%q: error %v, want one about %q", test.uri, err, test.rule)
		}
		if err := application.ValidateRedirectURI(application.RedirectURI{URI: test.uri}, false); err == nil {
			t.Errorf("%q is good for a confidential client", test.uri)
		}
	}
}
