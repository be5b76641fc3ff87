package oauth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Who administers: the superuser, whom an administrator can become and whom Odoo
// says may change its settings, is nobody, and neither is a person of the portal,
// whatever groups they are in.
func TestWhoAdministers(t *testing.T) {
	w := newWorld(t)
	w.everybody()
	w.odoo.sessions["admin"] = Person{UID: 2, Login: "admin", Database: "prod", Internal: true, System: true}
	w.odoo.sessions["superuser"] = Person{UID: 1, Login: "__system__", Database: "prod", Internal: true, System: true}
	w.odoo.sessions["portal"] = Person{UID: 9, Login: "portal", Database: "prod", System: true}
	for session, want := range map[string][2]bool{ // without a group, and with one
		"admin": {true, true}, "demo-session": {false, true}, "other-session": {false, false},
		"superuser": {}, "bare super": {}, "portal": {}, "public": {},
	} {
		for i, group := range []string{"", salesGroup} {
			rec := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, "/restapi/1.0/admin", nil)
			r.AddCookie(&http.Cookie{Name: sessionCookie, Value: session})
			who, _, ok := w.server.Administrator(rec, r, nil, group, "/restapi/1.0/admin")
			if ok != want[i] || !ok && rec.Code != http.StatusForbidden || ok && who.Subject == "" {
				t.Errorf("%s, group %q: let in %v, %d", session, group, ok, rec.Code)
			}
		}
	}
}

// A form of the console is for one administrator and one session, for an hour,
// and once.
func TestAdminFormIsTakenOnce(t *testing.T) {
	w := newWorld(t)
	a := Administrator{Person: Person{UID: 2, Database: "prod"}, Subject: "sub-admin", session: w.server.presented(withSession("admin"))}
	token, err := w.server.SealForm(a, map[string]string{"i": "a1"})
	if err != nil {
		t.Fatal(err)
	}
	open := func(as Administrator, session string) bool {
		r := httptest.NewRequest(http.MethodPost, "/restapi/1.0/admin/revoke", strings.NewReader(url.Values{"token": {token}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: session})
		var means map[string]string
		return w.server.OpenForm(r, as, &means) && means["i"] == "a1"
	}
	other := a
	other.Subject = "sub-other"
	if open(other, "admin") || open(a, "another") {
		t.Error("a form is taken from somebody else")
	}
	if !open(a, "admin") {
		t.Error("a form is not taken")
	}
	if open(a, "admin") {
		t.Error("a form is taken twice")
	}
}

func withSession(session string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: sessionCookie, Value: session})
	return r
}
