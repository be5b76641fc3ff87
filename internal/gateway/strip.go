package gateway

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"unicode"

	"github.com/caddy-odoo/gateway/internal/oauth"
)

// strip returns a request's header without what is the gateway's own: its
// cookies, and bearer tokens that it issued. Other credentials are Odoo's
// business. The header itself is not changed.
func (g *Gateway) strip(header http.Header) http.Header {
	token, cookies := g.hasOwnToken(header), hasOwnCookie(header)
	if !token && !cookies {
		return header
	}
	out := maps.Clone(header)
	if token {
		out.Del("Authorization")
	}
	if cookies {
		out["Cookie"] = foreignCookies(header["Cookie"])
		if len(out["Cookie"]) == 0 {
			out.Del("Cookie")
		}
	}
	return out
}

// hasOwnToken tells whether any Authorization line holds a JWT with our issuer,
// whatever its signature, the scheme before it and the blanks around it.
func (g *Gateway) hasOwnToken(header http.Header) bool {
	for _, line := range header["Authorization"] {
		for word := range strings.FieldsFuncSeq(line, func(c rune) bool { return c == ',' || unicode.IsSpace(c) }) {
			if g.issued(word) {
				return true
			}
		}
	}
	return false
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

func hasOwnCookie(header http.Header) bool {
	for _, line := range header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			if oauth.IsOwnCookie(cookieName(pair)) {
				return true
			}
		}
	}
	return false
}

// foreignCookies returns the cookie lines without our cookies, each other
// cookie byte for byte.
func foreignCookies(lines []string) []string {
	var kept []string
	for _, line := range lines {
		var foreign []string
		for pair := range strings.SplitSeq(line, ";") {
			if !oauth.IsOwnCookie(cookieName(pair)) {
				foreign = append(foreign, strings.TrimSpace(pair))
			}
		}
		if len(foreign) > 0 {
			kept = append(kept, strings.Join(foreign, "; "))
		}
	}
	return kept
}

// cookieName is the name in one pair of a Cookie line.
func cookieName(pair string) string {
	name, _, _ := strings.Cut(pair, "=")
	return strings.TrimSpace(name)
}
