package oauth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The page after a form says what it has done, once, to whom has done it.
func TestListSaysWhatWasRevoked(t *testing.T) {
	const one, part, all = "<strong>Team wiki</strong> can no longer act for you", "This connection of <strong>Team wiki</strong> is revoked", "No application can act for you any more"
	w := newWorld(t)
	b := w.browser("demo-session")
	expect := func(what, want string) {
		t.Helper()
		text := b.get(AuthorizationsPath).text
		for _, says := range []string{one, part, all} {
			if strings.Contains(text, says) != (says == want) {
				t.Errorf("%s: %q stands there: %v", what, says, says != want)
			}
		}
	}
	revoke := func(which int) {
		t.Helper()
		tokens := b.get(AuthorizationsPath).revokeTokens(t)
		if which < 0 {
			which += len(tokens)
		}
		b.post(AuthorizationsPath, url.Values{"token": {tokens[which]}}).location(t)
	}
	b.code(query())
	b.code(query("redirect_uri", aloneURI))
	b.code(query("client_id", "rival"))
	expect("nothing was done", "")
	// By title: "Team rival" comes first, then the two of "Team wiki".
	revoke(1)
	expect("one of two", part)
	expect("one of two, loaded again", "")
	revoke(1)
	expect("one", one)
	b.code(query())
	revoke(-1)
	expect("all", all)
	expect("all, loaded again", "")

	for what, change := range map[string]func(*browser){
		"too late": func(*browser) { w.clock.Advance(doneLife) },
		"to somebody else": func(b *browser) {
			w.odoo.sessions["demo-session"], w.odoo.sessions["other-session"] = w.odoo.sessions["other-session"], w.odoo.sessions["demo-session"]
		},
		"made up": func(b *browser) { b.cookies[w.current().cookieName(doneCookie)] = "AAAA" },
	} {
		b.code(query())
		revoke(-1)
		change(b)
		if text := b.get(AuthorizationsPath).text; strings.Contains(text, all) {
			t.Errorf("%s: %s", what, text)
		}
		if what == "to somebody else" {
			change(b)
		}
	}
}

// What was done on one page is said there.
func TestDoneIsSaidWhereItBelongs(t *testing.T) {
	w := newWorld(t)
	s, rec := w.current(), httptest.NewRecorder()
	admin := Administrator{Subject: "sub-admin"}
	s.NoteRevoked(rec, admin, "/admin", 3)
	cookie := rec.Result().Cookies()[0]
	if !cookie.HttpOnly || cookie.MaxAge != int(doneLife/time.Second) || !IsOwnCookie(cookie.Name) {
		t.Errorf("the cookie is %v", cookie)
	}
	r := sent(http.MethodGet, "/admin", "", "Cookie", cookie.Name+"="+cookie.Value)
	if d, ok := s.takeDone(rec, r, AuthorizationsPath, admin.Subject); ok {
		t.Errorf("another page says %+v", d)
	}
	if n := s.TakeRevoked(rec, r, Administrator{Subject: "sub-other"}, "/admin"); n != 0 {
		t.Errorf("somebody else reads of %d", n)
	}
	dropped := httptest.NewRecorder()
	if n := s.TakeRevoked(dropped, r, admin, "/admin"); n != 3 || dropped.Result().Cookies()[0].MaxAge >= 0 {
		t.Errorf("%d, and then %v", n, dropped.Result().Cookies())
	}
}
