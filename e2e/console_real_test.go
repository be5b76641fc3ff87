//go:build realodoo

package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// TestRealConsole: a real Odoo tells an administrator from other people, and the
// superuser whom one can become there is nobody.
func TestRealConsole(t *testing.T) {
	o := realOdoo(t)
	s := startSiteWith(t, o, strings.Replace(usualCaddyfile, "database {DATABASE}", "database {DATABASE}\n\t\t\tadmin_console on", 1))
	const console = "/restapi/1.0/admin"
	admin, demo := o, o
	admin.login, admin.password = setting(envAdminLogin, "admin"), setting(envAdminPassword, "admin")
	for who, want := range map[*odoo]int{&admin: http.StatusOK, &demo: http.StatusForbidden} {
		p := newPerson(t, s.base)
		first := p.get(console)
		if first.StatusCode != http.StatusSeeOther || !strings.HasPrefix(first.location(), "/web/login?redirect=") {
			t.Fatalf("nobody gets %s to %s", first.Status, first.location())
		}
		if back := p.logIn(*who, first.location()).location(); !strings.HasSuffix(back, console) {
			t.Errorf("%s comes back to %s", who.login, back)
		}
		for _, path := range []string{console, console + "/application?name=wiki", console + "/authorizations", console + "/audit"} {
			if a := p.get(path); a.StatusCode != want || strings.Contains(a.text, "Team wiki") != (want == http.StatusOK) {
				t.Errorf("%s: %s gets %s", path, who.login, a.Status)
			}
		}
		if want != http.StatusOK {
			continue
		}
		if a := p.get("/web/become"); a.StatusCode != http.StatusSeeOther { // gone in Odoo 20
			continue
		}
		if a := p.get(console); a.StatusCode != http.StatusForbidden || strings.Contains(a.text, "Team wiki") {
			t.Errorf("the superuser gets %s", a.Status)
		}
	}
}
