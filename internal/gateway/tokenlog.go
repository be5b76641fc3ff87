package gateway

import (
	"net/http"
	"slices"
	"strings"
)

// neverLogged are headers that Caddy keeps out of its logs by itself.
var neverLogged = map[string]bool{"Authorization": true, "Cookie": true, "Proxy-Authorization": true}

// ShowsToken tells whether a log of a request would show one of the gateway's
// access tokens: one in its URL, under whatever name, or in a header, such as the
// Referer that a browser sends from a page whose address had one.
func (g *Gateway) ShowsToken(r *http.Request) bool {
	if g.holdsToken(r.RequestURI) {
		return true
	}
	for name, lines := range r.Header {
		if !neverLogged[name] && slices.ContainsFunc(lines, g.holdsToken) {
			return true
		}
	}
	return false
}

// WithoutTokens returns a text with the gateway's access tokens replaced. One
// that is written in another way, as percent-encoded, goes with all around it.
func (g *Gateway) WithoutTokens(text, replacement string) string {
	if !g.holdsToken(text) {
		return text
	}
	var b strings.Builder
	from := 0
	for start, end := range g.tokensIn(text) {
		b.WriteString(text[from:start] + replacement)
		from = end
	}
	b.WriteString(text[from:])
	if out := b.String(); !g.holdsToken(out) {
		return out
	}
	return replacement
}
