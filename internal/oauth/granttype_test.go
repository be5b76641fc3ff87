package oauth

import (
	"net/url"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
)

// Clients of the original /restapi leave out the grant type: then it is what
// they have sent. It is never guessed for others, nor where it is doubtful.
func TestMissingGrantType(t *testing.T) {
	w := newWorld(t)
	restapi := func() {
		w.change("wiki", func(a *application.Application) { a.Compat.Restapi = true })
	}
	none := []string{"grant_type", ""}
	code := w.browser("demo-session").code(query())
	w.token(redeemForm(code, none...)).refused(t, 400, "invalid_request")
	w.change("wiki", func(a *application.Application) { a.Compat.Confluence = true })
	w.token(redeemForm(code, none...)).refused(t, 400, "invalid_request")
	restapi()
	tokens := w.token(redeemForm(code, none...)).tokens(t)
	tokens = w.token(refreshForm(tokens.RefreshToken, none...)).tokens(t)
	for name, form := range map[string]url.Values{
		"neither": refreshForm("", none...),
		"both":    refreshForm(tokens.RefreshToken, "grant_type", "", "code", code),
	} {
		t.Log(name)
		w.token(form).refused(t, 400, "invalid_request")
	}
	w.token(refreshForm(tokens.RefreshToken, "grant_type", "password")).refused(t, 400, "unsupported_grant_type")
	w.token(refreshForm(tokens.RefreshToken)).tokens(t) // nothing has consumed it
}
