package oauth

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

const salesGroup = "sales_team.group_sale_salesman"

// everybody logs in one person of each kind, and puts demo and the portal user
// into the sales group.
func (w *world) everybody() {
	for session, p := range map[string]Person{
		"portal":     {UID: 9, Login: "portal", Database: "prod"},
		"public":     {UID: 4, Login: "public", Database: "prod"},
		"superuser":  {UID: 1, Login: "__system__", Database: "prod", Internal: true},
		"bare super": {UID: 1, Login: "__system__", Database: "prod"},
	} {
		w.odoo.sessions[session] = p
	}
	w.odoo.groups["base.group_portal"] = []int64{9}
	w.odoo.groups[salesGroup] = []int64{1, 4, 6, 9}
}

func TestWhoMayConnect(t *testing.T) {
	all := []string{"demo-session", "other-session", "portal", "public", "superuser", "bare super"}
	tests := []struct {
		name  string
		allow application.Allow
		may   string // sessions
		why   string // on the page
	}{
		{"internal", application.Allow{}, "demo-session other-session", "Only internal users"},
		{"portal", application.Allow{Portal: true}, "demo-session other-session portal", "internal and portal users"},
		{"group", application.Allow{Group: salesGroup}, "demo-session portal", salesGroup},
		{"group that is not there", application.Allow{Group: "sales_team.none"}, "", "sales_team.none"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.everybody()
			w.change("wiki", func(a *application.Application) { a.Allow = test.allow })
			for _, session := range all {
				got := w.browser(session).get(authorizeURL(query()))
				if strings.Contains(" "+test.may+" ", " "+session+" ") {
					got.tokenOf(t)
					continue
				}
				got.noRedirect(t, http.StatusForbidden)
				if !strings.Contains(got.text, test.why) || !strings.Contains(got.text, "prompt=login") {
					t.Errorf("%s: the page lacks %q or the way to another account: %s", session, test.why, got.text)
				}
				answer := w.browser(session).get(authorizeURL(query("prompt", "none"))).location(t).Query()
				if answer.Get("error") != "access_denied" || answer.Has("code") {
					t.Errorf("%s, prompt=none: %v", session, answer)
				}
				w.program(session, query()).withheld(t, http.StatusForbidden, "access_denied")
			}
			for _, agent := range w.odoo.asked {
				if agent != "Browser/1" {
					t.Errorf("Odoo was asked as %q", agent)
				}
			}
		})
	}
}

// Who leaves the group between the page and the answer has not connected.
func TestAllowAtTheConsentForm(t *testing.T) {
	w := newWorld(t)
	w.everybody()
	w.change("wiki", func(a *application.Application) { a.Allow.Group = salesGroup })
	b := w.browser("demo-session")
	token := b.get(authorizeURL(query())).tokenOf(t)
	w.odoo.groups[salesGroup] = nil
	b.post(ConsentPath, allow(token)).noRedirect(t, http.StatusForbidden)
	if w.granted(6) {
		t.Error("granted nevertheless")
	}
	w.odoo.groups[salesGroup] = []int64{6}
	b.code(query())
	w.odoo.groups[salesGroup] = nil
	b.get(authorizeURL(query())).noRedirect(t, http.StatusForbidden) // remembered or not
}

// A group that can not be asked for is no permission, and an outage no refusal.
func TestAllowWhereOdooFails(t *testing.T) {
	w := newWorld(t)
	w.everybody()
	w.change("wiki", func(a *application.Application) { a.Allow.Group = salesGroup })
	for kind, status := range map[odoo.Kind]int{
		odoo.AccessError: http.StatusForbidden, odoo.Unavailable: http.StatusServiceUnavailable, odoo.Server: http.StatusServiceUnavailable,
	} {
		w.odoo.errs[salesGroup] = &odoo.Error{Kind: kind}
		w.browser("demo-session").get(authorizeURL(query())).noRedirect(t, status)
	}
	w.odoo.errs[salesGroup] = &odoo.Error{Kind: odoo.SessionExpired}
	if to := w.browser("demo-session").get(authorizeURL(query())).location(t); to.Path != loginPath {
		t.Errorf("sent to %s", to)
	}
	delete(w.odoo.errs, salesGroup)
	w.odoo.errs[portalGroup] = &odoo.Error{Kind: odoo.Unavailable}
	w.browser("portal").get(authorizeURL(query())).noRedirect(t, http.StatusServiceUnavailable)
}

// The session that Odoo has just rotated is the one that asks for the group.
func TestAllowAsksWithTheRotatedSession(t *testing.T) {
	w := newWorld(t)
	w.everybody()
	w.odoo.rotate["demo-session"] = "next-session"
	delete(w.odoo.sessions, "next-session")
	w.change("wiki", func(a *application.Application) { a.Allow.Group = salesGroup })
	w.browser("demo-session").get(authorizeURL(query())).tokenOf(t)
}
