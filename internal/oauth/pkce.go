package oauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// checkChallenge judges the PKCE parameters of an authorization request (RFC
// 7636). Only S256 is taken. The method's default is plain, which shows the
// verifier to whoever sees the request: it is refused as any other method.
func checkChallenge(app *application.Application, p params) *failure {
	challenge, method := p.get("code_challenge"), p.get("code_challenge_method")
	switch {
	case challenge == "" && method != "":
		return invalidRequest("code_challenge is missing")
	case challenge == "" && (app.Public || app.RequirePKCE):
		return invalidRequest("code_challenge is required")
	case challenge == "":
		return nil
	case method != "S256":
		return invalidRequest("code_challenge_method must be S256")
	}
	if b, err := base64.RawURLEncoding.Strict().DecodeString(challenge); err != nil || len(b) != sha256.Size {
		return invalidRequest("code_challenge is malformed")
	}
	return nil
}

// checkVerifier compares a code's challenge with the verifier. A verifier for
// a code without a challenge is refused: somebody has taken the challenge
// away (RFC 9700 section 4.8.2).
func checkVerifier(c grant.Code, verifier string) bool {
	if c.Challenge == "" {
		return verifier == ""
	}
	if !validVerifier(verifier) || c.ChallengeMethod != "S256" {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	want := base64.RawURLEncoding.EncodeToString(sum[:])
	return subtle.ConstantTimeCompare([]byte(want), []byte(c.Challenge)) == 1
}

func validVerifier(v string) bool {
	if len(v) < 43 || len(v) > 128 {
		return false
	}
	for i := range len(v) {
		switch c := v[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '-', c == '.', c == '_', c == '~':
		default:
			return false
		}
	}
	return true
}
