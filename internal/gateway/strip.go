package gateway

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/oauth"
)

// Our tokens and cookies never reach Odoo, and a bearer token never mixes with
// a session: a request that presents one of our tokens at a path of Odoo's is
// answered here, and what else of ours a header holds is taken out.

// minToken is shorter than any access token: a signature alone is longer.
const minToken = 80

// presentsToken tells whether a request carries one of our tokens as its
// credential: in an Authorization line, whatever the scheme before it and the
// blanks around it, or in the URL.
func (g *Gateway) presentsToken(r *http.Request) bool {
	return slices.ContainsFunc(r.Header["Authorization"], g.holdsToken) || g.holdsToken(r.URL.RawQuery)
}

// notForTokens answers a request with one of our tokens at a path of Odoo's.
func notForTokens(w http.ResponseWriter) {
	writeError(w, http.StatusNotFound, "there is no such endpoint: an access token opens the gateway's own interfaces alone")
}

// strip returns a request's header without what is the gateway's own: its
// cookies, and lines that hold a token which it issued. Other credentials are
// Odoo's business. The header itself is not changed.
func (g *Gateway) strip(header http.Header) http.Header {
	changed := http.Header{}
	for name, lines := range header {
		switch {
		case name == "Cookie":
			if slices.ContainsFunc(lines, g.hasOwnCookie) {
				changed[name] = g.foreignCookies(lines)
			}
		case slices.ContainsFunc(lines, g.holdsToken):
			changed[name] = slices.DeleteFunc(slices.Clone(lines), g.holdsToken)
		}
	}
	if len(changed) == 0 {
		return header
	}
	out := maps.Clone(header)
	for name, lines := range changed {
		if out[name] = lines; len(lines) == 0 {
			delete(out, name)
		}
	}
	return out
}

// holdsToken tells whether a text holds a JWT with our issuer, whatever its
// signature, also behind percent-encoding.
func (g *Gateway) holdsToken(text string) bool {
	if len(text) < minToken {
		return false
	}
	if strings.Contains(text, "%") {
		if plain, err := url.QueryUnescape(text); err == nil {
			text = plain
		}
	}
	for word := range strings.FieldsFuncSeq(text, notOfToken) {
		if len(word) >= minToken && g.issued(word) {
			return true
		}
	}
	return false
}

// notOfToken tells whether a character is none that a JWT has.
func notOfToken(c rune) bool {
	return c != '.' && c != '-' && c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z')
}

func (g *Gateway) issued(token string) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return false
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	return json.Unmarshal(payload, &claims) == nil && claims.Issuer == g.issuer
}

func (g *Gateway) hasOwnCookie(line string) bool {
	for pair := range strings.SplitSeq(line, ";") {
		if g.ownCookie(pair) {
			return true
		}
	}
	return false
}

// foreignCookies returns the cookie lines without our cookies, each other
// cookie byte for byte.
func (g *Gateway) foreignCookies(lines []string) []string {
	var kept []string
	for _, line := range lines {
		var foreign []string
		for pair := range strings.SplitSeq(line, ";") {
			if !g.ownCookie(pair) {
				foreign = append(foreign, strings.TrimSpace(pair))
			}
		}
		if len(foreign) > 0 {
			kept = append(kept, strings.Join(foreign, "; "))
		}
	}
	return kept
}

// ownCookie tells whether a cookie is the gateway's, or holds a token of it.
func (g *Gateway) ownCookie(pair string) bool {
	return oauth.IsOwnCookie(cookieName(pair)) || g.holdsToken(pair)
}

// cookieName is the name in one pair of a Cookie line.
func cookieName(pair string) string {
	name, _, _ := strings.Cut(pair, "=")
	return strings.TrimSpace(name)
}
