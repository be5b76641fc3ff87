package gateway

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/caddy-odoo/gateway/internal/oauth"
)

// Where a login of Odoo's ends, by whatever way it went, and where it leads
// when it knows of no way back.
var (
	loginEnds = []string{"/web/login", "/web/login/totp", "/auth_oauth/signin", "/web/signup", "/web/reset_password"}
	homes     = []string{"/web", "/odoo", "/my", "/web/login_successful"}
)

// endsLogin tells whether a login of Odoo's may end with the answer to r.
func endsLogin(r *http.Request) bool { return slices.Contains(loginEnds, r.URL.Path) }

// wayBack gives a person the way back to the authorization for which they had
// to log in, where the login has lost it: a failed provider and a password
// reset do. Odoo would lead them to its start page; they are offered the choice.
func (s *service) wayBack(r *http.Request, status int, header http.Header) {
	if status != http.StatusSeeOther && status != http.StatusFound || !endsLogin(r) {
		return
	}
	to, err := url.Parse(header.Get("Location"))
	if err != nil || to.Host != "" && to.Host != r.Host || !slices.Contains(homes, to.Path) || !s.oauth.Pending(r) {
		return
	}
	header.Set("Location", oauth.AuthorizePath)
}
