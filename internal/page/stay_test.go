package page

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestStay(t *testing.T) {
	for state := StayAsks; state <= StayUnavailable; state++ {
		for _, s := range []Stay{{}, {Must: true}, {ConfirmURL: "/web/session/identity?redirect=x"}, {ConfirmURL: "/web/session/identity?redirect=x", Confirmed: true}} {
			s.State, s.Application, s.Name, s.Login, s.Database, s.KeyName = state, "<Wiki>", "Marc", "demo", "prod", "<Wiki> (Odoo gateway)"
			s.RedirectURI, s.Action, s.Token = "https://wiki.example.com/cb", "/stay", "sealed"
			w := httptest.NewRecorder()
			WriteStay(w, httptest.NewRequest("GET", "/", nil), s)
			body := w.Body.String()
			has := func(text string, want bool) {
				t.Helper()
				if strings.Contains(body, text) != want {
					t.Errorf("%+v: %q stands there: %v", s, text, !want)
				}
			}
			possible := state != StayTooOften && state != StayRefused
			has(`type="password"`, possible && s.ConfirmURL == "")
			has(`value="stay"`, possible && (s.ConfirmURL == "" || s.Confirmed))
			has(`href="/web/session/identity?redirect=x"`, possible && s.ConfirmURL != "" && !s.Confirmed)
			has("Not now", !s.Must)
			has("Cancel", s.Must)
			has(`role="alert"`, state != StayAsks)
			has("without a password", possible && s.ConfirmURL == "")
			has(`value="later"`, true)
			has("wiki.example.com", true)
			has("<Wiki>", false)
			has("<script", false)
			if csp := w.Header().Get("Content-Security-Policy"); csp != "default-src 'none'; style-src 'self'; form-action 'self' https:; frame-ancestors 'none'; base-uri 'none'" {
				t.Errorf("policy %q", csp)
			}
		}
	}
}

func TestStayShowsLogo(t *testing.T) {
	w := httptest.NewRecorder()
	WriteStay(w, httptest.NewRequest("GET", "/", nil), Stay{Application: "Wiki", Logo: "/logo?client_id=wiki", RedirectURI: "https://wiki.example.com/cb"})
	if !strings.Contains(w.Body.String(), `<img class="logo" src="/logo?client_id=wiki"`) || !strings.Contains(w.Header().Get("Content-Security-Policy"), "img-src 'self'") {
		t.Errorf("policy %q, page\n%s", w.Header().Get("Content-Security-Policy"), w.Body)
	}
}
