package oauth

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
)

// TestA21_AnyPortOfAProgram: the browser, the code and its tokens keep to the
// port that the program listens on, all under one consent, and archiving the
// registered URI ends them.
func TestA21_AnyPortOfAProgram(t *testing.T) {
	w := newWorld(t)
	individually := func(active bool) {
		w.change("native", func(a *application.Application) {
			a.RedirectURIs[0].Individually, a.RedirectURIs[0].Active = true, active
		})
	}
	individually(true)
	b := w.browser("demo-session")
	refresh := ""
	for _, uri := range []string{"http://127.0.0.1:50123/cb", "http://127.0.0.1:1/cb", appURI} {
		q := query("client_id", "native", "redirect_uri", uri, "code_challenge", challenge, "code_challenge_method", "S256")
		page := b.get(authorizeURL(q))
		back := b.post(ConsentPath, map[string][]string{"token": {page.tokenOf(t)}, "decision": {"allow"}}).location(t)
		if !strings.HasPrefix(back.String(), uri+"?") {
			t.Errorf("sent back to %s, want %s", back, uri)
		}
		redeem := func(uri string) reply {
			return w.token(redeemForm(back.Query().Get("code"), "client_id", "native", "client_secret", "", "redirect_uri", uri, "code_verifier", verifier))
		}
		refresh = redeem(uri).tokens(t).RefreshToken
		refresh = w.token(refreshForm(refresh, "client_id", "native", "client_secret", "")).tokens(t).RefreshToken

		// The port that was sent is the one that counts at the token endpoint.
		back = b.post(ConsentPath, map[string][]string{"token": {b.get(authorizeURL(q)).tokenOf(t)}, "decision": {"allow"}}).location(t)
		redeem("http://127.0.0.1:2/cb").refused(t, 400, "invalid_grant")
	}
	all, err := w.store.AuthorizationsBySubject(t.Context(), Subject(issuer, "prod", 6))
	if err != nil || len(all) != 1 || all[0].RedirectURI != appURI {
		t.Errorf("authorizations %+v, %v", all, err)
	}
	individually(false)
	w.token(refreshForm(refresh, "client_id", "native", "client_secret", "")).refused(t, 400, "invalid_grant")
}

// TestA21_ConfidentialPortIsExact: a server knows its port.
func TestA21_ConfidentialPortIsExact(t *testing.T) {
	w := newWorld(t)
	w.change("wiki", func(a *application.Application) { a.RedirectURIs[0].URI = appURI })
	b := w.browser("demo-session")
	b.get(authorizeURL(query("redirect_uri", "http://127.0.0.1:8124/cb"))).noRedirect(t, http.StatusBadRequest)
	b.code(query("redirect_uri", appURI))
}
