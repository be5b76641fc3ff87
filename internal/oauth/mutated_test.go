package oauth

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/audit"
)

// mutations are addresses that differ from uri in whatever a program might
// overlook, made by rule.
func mutations(uri string) []string {
	var all []string
	scheme, rest, _ := strings.Cut(uri, "://")
	host, path, _ := strings.Cut(rest, "/")
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	// Each byte left out, doubled, in the other case, and percent-encoded.
	for i := range len(uri) {
		before, c, after := uri[:i], uri[i:i+1], uri[i+1:]
		add("%s%s", before, after)
		add("%s%s%s%s", before, c, c, after)
		add("%s%%%02X%s", before, c[0], after)
		if other := strings.ToUpper(c); other != c {
			add("%s%s%s", before, other, after)
		}
	}
	for _, end := range []string{
		"/", "//", "?", "#", "?x=1", "#x", "&", ";", ";x=1", ".", "..", "/.", "/..", "/../cb", "/./", "%2f", "%2F..", "%5c", "%00", "%0d%0a",
		"%20", "%23", "%3f", "\x00", "\t", "\n", "\r\n", " ", "\u00a0", "\u200b", "\\", "@evil.example", ":443", "*", "'", "\"", "<", ",", "|",
	} {
		add("%s%s", uri, end)
		add("%s%s", end, uri)
	}
	for _, h := range []string{
		"evil@" + host, host + "@evil.example", host + ":443", host + ":", host + ":0", host + ":8443", host + ".", "." + host, host + ".evil.example",
		"evil." + host, "evil-" + host, host + "%00.evil.example", host + "%2eevil", host + "\\.evil.example", host + "#.evil.example", host + "?.evil.example",
		"[" + host + "]", strings.ReplaceAll(host, ".", "。"), strings.ReplaceAll(host, ".", "%2e"), "xn--" + host, "127.0.0.1", "localhost", "*", "",
	} {
		add("%s://%s/%s", scheme, h, path)
	}
	for _, s := range []string{"http", "HTTPS", "ftp", "javascript", "data", "file", "ws", "wss", "view-source:https", "blob:https", "https:https"} {
		if s != scheme {
			add("%s://%s", s, rest)
		}
	}
	for _, p := range []string{"", "CB", "Cb", "cb/cb", "../cb", "./cb", "x/../cb", "x/%2e%2e/cb", "/cb", "%63b", "c%62", "%2563b", "cb.", "cb%"} {
		if p != path {
			add("%s://%s/%s", scheme, host, p)
		}
	}
	return append(all, "//"+rest, "/"+path, path, scheme+":"+rest, scheme+":/"+rest, scheme+":///"+rest, scheme+`:\\`+rest, uri+","+uri, uri+" "+uri)
}

// Whatever is not the registered string byte for byte is a page, and never a
// redirect.
func TestM1_MutatedRedirectURIs(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	for client, uri := range map[string]string{"wiki": wikiURI, "native": appURI} {
		tried := 0
		for _, mutated := range mutations(uri) {
			if mutated == uri || client == "native" && sameProgram(mutated) {
				continue
			}
			tried++
			q := query("client_id", client, "code_challenge", challenge, "code_challenge_method", "S256")
			q["redirect_uri"] = []string{mutated}
			got := b.get(authorizeURL(q))
			if got.noRedirect(t, http.StatusBadRequest); t.Failed() {
				t.Fatalf("%s: %q", client, mutated)
			}
		}
		if tried < 120 {
			t.Errorf("%s: only %d addresses were tried", client, tried)
		}
		b.get(authorizeURL(query("client_id", client, "redirect_uri", uri, "code_challenge", challenge, "code_challenge_method", "S256"))).tokenOf(t)
	}
	if w.kinds(audit.CodeIssued)+w.kinds(audit.Consent) != 0 {
		t.Errorf("audit trail %v", w.audit.Kinds())
	}
}

// sameProgram tells whether a mutation has changed the port alone, which a
// program on a person's machine may choose (RFC 8252 section 7.3).
func sameProgram(uri string) bool {
	rest, ok := strings.CutPrefix(uri, "http://127.0.0.1:")
	port, ok2 := strings.CutSuffix(rest, "/cb")
	return ok && ok2 && strings.Trim(port, "0123456789") == "" && port != "" && port[0] != '0' && len(port) <= 4
}
