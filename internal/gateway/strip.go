package gateway

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"unicode"

	"github.com/caddy-odoo/gateway/internal/oauth"
)

// strip returns the request without what is the gateway's own: its cookies,
// and bearer tokens that it issued. Other credentials are Odoo's business. The
// request itself is not changed.
func (g *Gateway) strip(r *http.Request) *http.Request {
	token, cookies := g.hasOwnToken(r.Header), hasOwnCookie(r.Header)
	if !token && !cookies {
		return r
	}
	out := r.Clone(r.Context())
	if token {
		out.Header.Del("Authorization")
	}
	if cookies {
		out.Header["Cookie"] = foreignCookies(r.Header["Cookie"])
		if len(out.Header["Cookie"]) == 0 {
			out.Header.Del("Cookie")
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
