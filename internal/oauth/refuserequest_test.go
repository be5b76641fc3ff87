package oauth

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-odoo/gateway/internal/page"
)

// Only an administrator is told what was received and what is registered.
func TestAdviceForAdministrators(t *testing.T) {
	w := newWorld(t)
	for name, test := range map[string]struct {
		query string
		want  []string
	}{
		"redirect URI": {authorizeURL(query("redirect_uri", wikiURI+"/")), []string{"For administrators", wikiURI + "/</code>", wikiURI + "</code>", archivedURI + " (archived)"}},
		"client":       {authorizeURL(query("client_id", "nobody<")), []string{"No application has the client id <strong>nobody&lt;</strong>"}},
		"archived":     {authorizeURL(query("client_id", "archived")), []string{"<strong>archived</strong> is that of <strong>Team archived</strong>, which is archived"}},
	} {
		for _, session := range []string{"admin-session", "demo-session", "unknown-session", ""} {
			got := w.browser(session).get(test.query)
			if got.StatusCode != http.StatusBadRequest || got.Header.Get("Location") != "" {
				t.Errorf("%s, %q: %d", name, session, got.StatusCode)
			}
			for _, want := range test.want {
				if strings.Contains(got.text, want) != (session == "admin-session") {
					t.Errorf("%s, %q: %q stands there: %v", name, session, want, session != "admin-session")
				}
			}
		}
	}
	b := w.browser("admin-session")
	r := b.request(http.MethodGet, authorizeURL(query("redirect_uri", wikiURI+"/")), "")
	r.Header.Set("Sec-Fetch-Dest", "iframe")
	if got := b.send(r); strings.Contains(got.text, archivedURI) {
		t.Error("a frame is told what is registered")
	}
	// An administrator of another database is nobody here.
	foreign := w.odoo.sessions["admin-session"]
	foreign.Database = "staging"
	w.odoo.sessions["foreign-session"] = foreign
	if got := w.browser("foreign-session").get(authorizeURL(query("redirect_uri", wikiURI+"/"))); strings.Contains(got.text, archivedURI) {
		t.Error("an administrator of another database is told what is registered")
	}
	if got := w.browser("admin-session").get(authorizeURL(query("redirect_uri", wikiURI+strings.Repeat("/", 900)))); strings.Contains(got.text, strings.Repeat("/", 600)) {
		t.Error("all of a long address is shown")
	}
}

// A program is told in JSON what a person reads on a page.
func TestProblemsForPrograms(t *testing.T) {
	w := newWorld(t)
	core, logs := observer.New(zap.InfoLevel)
	w.config.Logger = zap.New(core)
	w.reload(applications())
	for path, kind := range map[string]page.Kind{ConsentPath: page.FormRefused, AuthorizationsPath: page.ListRefused} {
		r := w.request(http.MethodPost, path, "token=x")
		r.Header.Set("Accept", "application/json")
		r.Header.Set("Origin", "https://evil.example.com")
		r.Header.Set("Accept-Language", "de")
		got := w.do(r)
		var body struct {
			Error       string
			Description string `json:"error_description"`
			RequestID   string `json:"request_id"`
		}
		if err := json.Unmarshal([]byte(got.text), &body); err != nil || got.StatusCode != kind.Status() || got.Header.Get("Content-Type") != "application/json" {
			t.Fatalf("%s: %d %s %v", path, got.StatusCode, got.text, err)
		}
		if body.Error != kind.String() || body.Description != kind.Describe() || len(body.Description) < 80 || body.RequestID == "" {
			t.Errorf("%s: %+v", path, body)
		}
		r = w.request(http.MethodPost, path, "token=x")
		r.Header.Set("Accept", "text/html,application/json;q=0.9")
		r.Header.Set("Origin", "https://evil.example.com")
		if got := w.do(r); !strings.HasPrefix(got.text, "<!DOCTYPE html>") || !strings.Contains(got.text, "If it does not work") {
			t.Errorf("%s: a person reads %s", path, got.text)
		}
		// What does not fit is told: the issuer may name another port than the site's.
		for _, entry := range logs.TakeAll() {
			if f := entry.ContextMap(); f["origin"] != "https://evil.example.com" || f["issuer"] != w.config.Issuer.String() {
				t.Errorf("%s: the log has %v", path, f)
			}
		}
	}
}
