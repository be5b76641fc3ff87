package application_test

import (
	"slices"
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

// TestA20_FindRedirectURIIsExact: no parser's view of a URI makes it another's.
func TestA20_FindRedirectURIIsExact(t *testing.T) {
	a := &application.Application{RedirectURIs: []application.RedirectURI{
		{URI: "https://app.example/old"},
		{URI: registered, Active: true, Individually: true},
	}}
	for _, public := range []bool{false, true} {
		a.Public = public
		for _, uri := range mutations {
			if got := a.FindRedirectURI(uri); got != nil {
				t.Errorf("public %v: %q found %q", public, uri, got.URI)
			}
		}
	}
	if got := a.FindRedirectURI(registered); got == nil || !got.Active || !got.Individually {
		t.Errorf("the registered URI gave %+v", got)
	}
	if got := a.FindRedirectURI("https://app.example/old"); got == nil || got.Active {
		t.Errorf("the archived URI gave %+v", got)
	}
}

// TestA21_LoopbackPort: a program on somebody's machine listens on any port; all
// else of its URI is exact, and a confidential client's port is, too.
func TestA21_LoopbackPort(t *testing.T) {
	all := []string{
		"http://127.0.0.1/cb", "http://[::1]:9000/cb?a=b", "http://localhost/", "http://127.9.9.9/cb", "https://127.0.0.1/cb", "http://localhost",
		"http://localhost?a=b",
	}
	a := &application.Application{}
	for _, uri := range all {
		a.RedirectURIs = append(a.RedirectURIs, application.RedirectURI{URI: uri, Active: true})
	}
	good := map[string]string{
		"http://127.0.0.1:1/cb":     all[0],
		"http://127.0.0.1:80/cb":    all[0],
		"http://127.0.0.1:65535/cb": all[0],
		"http://[::1]:1/cb?a=b":     all[1],
		"http://localhost:51004/":   all[2],
		"http://localhost:51004":    all[5],
		"http://localhost:80?a=b":   all[6],
		"http://127.0.0.1/cb":       all[0],
		"http://[::1]:9000/cb?a=b":  all[1],
	}
	for uri, want := range good {
		a.Public = true
		if got, ok := a.ActiveRedirectURI(uri); !ok || got.URI != want {
			t.Errorf("%q found %q, want %q", uri, got.URI, want)
		}
		a.Public = false
		if got, ok := a.ActiveRedirectURI(uri); ok != slices.Contains(all, uri) {
			t.Errorf("confidential: %q found %q", uri, got.URI)
		}
	}
	a.Public = true
	for _, uri := range []string{
		"http://127.0.0.1:0/cb", "http://127.0.0.1:65536/cb", "http://127.0.0.1:080/cb", "http://127.0.0.1:/cb", "http://127.0.0.1:-1/cb",
		"http://127.0.0.1:+80/cb", "http://127.0.0.1:8 0/cb", "http://127.0.0.1:8a/cb", "http://127.0.0.1:\u0668/cb", "http://127.0.0.1:999999999999999999999/cb",
		"http://127.0.0.1:80", "http://127.0.0.1:80/", "http://127.0.0.1:80/cb/", "http://127.0.0.1:80/cb?", "http://127.0.0.1:80/cb#", "http://127.0.0.1:80/CB",
		"http://127.0.0.1:80cb", "http://127.0.0.1:80.evil/cb", "http://127.0.0.1:80@evil/cb", "http://127.0.0.1:80:80/cb", `http://127.0.0.1:80\cb`,
		"http://127.0.0.1.evil/cb", "http://127.0.0.1.evil:80/cb", "http://127.0.0.1@evil/cb", "http://127.0.0.10:80/cb", "http://127.0.0.180/cb", "http://localhost80/", "http://127.1:80/cb", "http://0x7f.1:80/cb",
		"http://2130706433:80/cb", "http://[::ffff:127.0.0.1]:80/cb", "http://[0:0:0:0:0:0:0:1]:80/cb?a=b", "http://[::1]/cb?a=b", "http://[::1]:80/cb",
		"http://[::1]:80/cb?a=c", "http://localhost:80/cb", "http://localhost.evil:80/", "http://localhost.:80/", "http://LOCALHOST:80/", "HTTP://localhost:80/",
		"http://user@localhost:80/", "http://localhost:80?", "http://127.9.9.9:80/cb", "https://127.0.0.1:80/cb", "https://localhost:80/", "//127.0.0.1:80/cb",
	} {
		if got := a.FindRedirectURI(uri); got != nil {
			t.Errorf("%q found %q", uri, got.URI)
		}
	}
	// A host that only begins like loopback is another one, though plain http
	// may be allowed there.
	a.RedirectURIs = append(a.RedirectURIs, application.RedirectURI{URI: "http://localhost.example/cb", Insecure: true, Active: true})
	if got := a.FindRedirectURI("http://localhost:80.example/cb"); got != nil {
		t.Errorf("another host found %q", got.URI)
	}
	a.RedirectURIs[0].Active = false
	if got, ok := a.ActiveRedirectURI("http://127.0.0.1:80/cb"); ok {
		t.Errorf("an archived URI serves: %+v", got)
	}
}
