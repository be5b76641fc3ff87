package gateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strconv"
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
// blanks around it, or in the URL, also as it came: the log leaves it out there.
func (g *Gateway) presentsToken(r *http.Request) bool {
	return slices.ContainsFunc(r.Header["Authorization"], g.holdsToken) || g.holdsToken(r.URL.Path) || g.holdsToken(r.URL.RawQuery) || g.holdsToken(r.RequestURI)
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
	for range g.tokensIn(unescaped(text)) {
		return true
	}
	return false
}

// unescaped is a text without percent-encoding. A stray percent sign stands for
// itself: it must not hide what is beside it.
func unescaped(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if c, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err == nil {
				out = append(out, byte(c))
				i += 2
				continue
			}
		}
		out = append(out, text[i])
	}
	return string(out)
}

// tokensIn gives where each of our tokens begins and ends that a text holds as
// they are written.
func (g *Gateway) tokensIn(text string) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for start := 0; start < len(text); {
			end := start
			for end < len(text) && ofToken[text[end]] {
				end++
			}
			if end-start >= minToken && !g.tokensBetween(text, start, end, yield) {
				return
			}
			start = end + 1
		}
	}
}

// tokensBetween is tokensIn of a part of a text that has the characters of tokens
// alone. A token may stand between dots there, as at the end of a sentence. It
// tells whether to go on.
func (g *Gateway) tokensBetween(text string, start, end int, yield func(int, int) bool) bool {
	for {
		header, rest, two := strings.Cut(text[start:end], ".")
		claims, rest, three := strings.Cut(rest, ".")
		if !two || !three {
			return true
		}
		signature, _, more := strings.Cut(rest, ".")
		size := len(header) + len(claims) + len(signature) + 2
		switch {
		case size < minToken || !g.issuedClaims(claims):
			start += len(header) + 1
		case !yield(start, start+size):
			return false
		case !more:
			return true
		default:
			start += size + 1
		}
	}
}

// ofToken are the characters that a JWT has.
var ofToken = func() (of [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") {
		of[c] = true
	}
	return of
}()

func (g *Gateway) issued(token string) bool {
	_, rest, _ := strings.Cut(token, ".")
	encoded, signature, ok := strings.Cut(rest, ".")
	return ok && !strings.Contains(signature, ".") && g.issuedClaims(encoded)
}

// issuedClaims tells whether encoded claims name our issuer.
func (g *Gateway) issuedClaims(encoded string) bool {
	if g.begins(encoded) {
		return true
	}
	payload, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return false
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	return json.Unmarshal(payload, &claims) == nil && claims.Issuer == g.issuer
}

// begins tells whether encoded claims begin as the gateway writes them, with its
// issuer: nothing more of them needs to be read.
func (g *Gateway) begins(encoded string) bool {
	var buffer, decoded [256]byte
	n := (len(g.firstClaim) + 2) / 3 * 4
	if n > len(buffer) || len(encoded) < n {
		return false
	}
	copy(buffer[:], encoded[:n])
	size, err := base64.RawURLEncoding.Decode(decoded[:], buffer[:n])
	return err == nil && bytes.HasPrefix(decoded[:size], g.firstClaim)
}

// firstClaim is how the claims of a gateway's tokens begin.
func firstClaim(issuer string) []byte {
	text, _ := json.Marshal(issuer) // a text: never fails
	return slices.Concat([]byte(`{"iss":`), text, []byte(","))
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
