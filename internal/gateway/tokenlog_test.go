package gateway

import (
	"bufio"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A47: one of our tokens is found wherever it stands, also right beside dots and
// other characters that tokens have, and beside what no address should have.
func TestA47_TokensAreFoundBesideDots(t *testing.T) {
	const issuer, gone = "https://erp.example.com", "REDACTED"
	g := &Gateway{issuer: issuer, firstClaim: firstClaim(issuer)}
	ours, theirs := jwtWithIssuer(issuer), jwtWithIssuer("https://other.example.com")
	encoded := strings.ReplaceAll(ours, ".", "%2E")
	for text, want := range map[string]string{
		"/web?x=" + ours:                           "/web?x=" + gone,
		"/web?x=" + ours + ".":                     "/web?x=" + gone + ".",
		"/web?x=" + ours + "...":                   "/web?x=" + gone + "...",
		"/web?x=." + ours:                          "/web?x=." + gone,
		"/web/" + ours + ".pdf":                    "/web/" + gone + ".pdf",
		"/web/a.b." + ours + ".c.d":                "/web/a.b." + gone + ".c.d",
		ours + "." + ours:                          gone + "." + gone,
		ours + "," + ours + ".x":                   gone + "," + gone + ".x",
		"/web?x=" + encoded + ".&y=1":              gone,
		"/web?q=100%&x=" + encoded:                 gone,
		"/web?q=%zz&x=" + encoded + "%":            gone,
		"/web?q=100%&x=" + ours:                    "/web?q=100%&x=" + gone,
		"/web?x=" + theirs + ".":                   "/web?x=" + theirs + ".",
		"/web?x=" + strings.Repeat("a.", 100):      "/web?x=" + strings.Repeat("a.", 100),
		"/web?x=" + strings.Repeat(".", 100) + "x": "/web?x=" + strings.Repeat(".", 100) + "x",
	} {
		if got := g.WithoutTokens(text, gone); got != want {
			t.Errorf("of %s is left %s, want %s", text, got, want)
		}
		r := &http.Request{RequestURI: text, URL: &url.URL{}}
		if shown := text != want; g.ShowsToken(r) != shown {
			t.Errorf("%s shows a token: %v", text, !shown)
		}
		if shown := text != want; g.presentsToken(&http.Request{URL: &url.URL{RawQuery: text}}) != shown {
			t.Errorf("%s presents a token: %v", text, !shown)
		}
	}
}

// A47: where the address of a request stands without a token in the log, and so
// without all around it, the request goes nowhere: nobody hides what they ask of
// Odoo.
func TestA47_NothingIsAskedOfOdooUnseen(t *testing.T) {
	const issuer = "https://erp.example.com"
	g := &Gateway{issuer: issuer, firstClaim: firstClaim(issuer)}
	encoded := strings.ReplaceAll(jwtWithIssuer(issuer), ".", "%2E")
	for line, want := range map[string]bool{
		"GET /web/database/manager":                                    false,
		"GET http://x:" + encoded + "@erp.example.com/web/database":    true,
		"GET http://" + encoded + "@erp.example.com/web/database":      true,
		"GET /web/database?x=" + encoded:                               true,
		"GET /web/" + encoded:                                          true,
		"GET /web/database#" + encoded:                                 true,
		"GET http://erp.example.com/web?" + strings.Repeat("x=1&", 50): false,
	} {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(line + " HTTP/1.1\r\nHost: erp.example.com\r\n\r\n")))
		if err != nil {
			t.Fatal(err)
		}
		if hidden := g.ShowsToken(r); hidden != want || g.presentsToken(r) != want {
			t.Errorf("%.60s: not in the log %v, refused %v", line, hidden, g.presentsToken(r))
		}
	}
}
