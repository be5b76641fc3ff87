package oauth

import (
	"slices"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
)

func TestM16_ScopeIsNarrowed(t *testing.T) {
	read, write, call := ScopeRead, ScopeWrite, ScopeCall
	all := []string{read, write, call}
	tests := []struct {
		name       string
		configured []string // of the application
		useful     []string // to the scheme
		asked      string
		want       string // "" is invalid_scope
	}{
		{"everything", nil, all, "", "odoo.read odoo.write odoo.call"},
		{"what the scheme has a use for", nil, []string{read}, "", "odoo.read"},
		{"what the application may have", []string{write, read}, all, "", "odoo.read odoo.write"},
		{"both", []string{write, call}, []string{read, write}, "", "odoo.write"},
		{"nothing is left", []string{write}, []string{read}, "", ""},
		{"order as asked", nil, all, "odoo.call odoo.read", "odoo.call odoo.read"},
		{"twice", nil, all, "odoo.read odoo.read", "odoo.read"},
		{"part of it", nil, []string{read}, "odoo.write odoo.read", "odoo.read"},
		{"nothing of it", nil, []string{read}, "odoo.write odoo.call", ""},
		{"not for this application", []string{read}, all, "odoo.write", ""},
		{"unknown", nil, all, "odoo.read openid", ""},
		{"unknown alone", nil, all, "openid", ""},
		{"another case", nil, all, "odoo.Read", ""},
		{"white space alone", nil, all, "  ", "odoo.read odoo.write odoo.call"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.scheme.scopes = test.useful
			w.change("wiki", func(a *application.Application) { a.Scopes = test.configured })
			b := w.browser("demo-session")
			if test.want == "" {
				if e := b.get(authorizeURL(query("scope", test.asked))).location(t).Query(); e.Get("error") != "invalid_scope" || e.Has("code") {
					t.Errorf("answer %v", e)
				}
				return
			}
			got := w.token(redeemForm(b.code(query("scope", test.asked)))).tokens(t)
			if got.Scope != test.want {
				t.Errorf("got %q, want %q", got.Scope, test.want)
			}
		})
	}
}

// Legacy clients ask for scopes of other servers; those are overlooked.
func TestScopeOfLegacyClients(t *testing.T) {
	for asked, want := range map[string]string{
		"openid odoo.read": "odoo.read",
		"openid profile":   "odoo.read odoo.write",
		"write openid":     "odoo.read odoo.write",
		"x odoo.write":     "odoo.write",
		"odoo.call x":      "",
	} {
		for _, compat := range []application.Compat{{Confluence: true}, {Restapi: true}} {
			got, f := grantedScope(&application.Application{Compat: compat}, &fakeScheme{scopes: []string{ScopeRead, ScopeWrite}}, asked)
			if (f == nil) != (want != "") || strings.Join(got, " ") != want {
				t.Errorf("%q: %v, %v", asked, got, f)
			}
		}
	}
}

// A consent to less asks again, one to more does not.
func TestConsentCoversItsScope(t *testing.T) {
	w := newWorld(t)
	w.scheme.scopes = []string{ScopeRead, ScopeWrite}
	b := w.browser("demo-session")
	b.code(query("scope", ScopeRead))
	b.get(authorizeURL(query("scope", ScopeWrite))).tokenOf(t)
	b.get(authorizeURL(query("scope", ""))).tokenOf(t)
	b.code(query("scope", ScopeWrite+" "+ScopeRead))
	if b.get(authorizeURL(query("scope", ScopeRead))).location(t).Query().Get("code") == "" {
		t.Error("less than was allowed asks again")
	}
}

// People read what the application asks for, not all that it might have.
func TestConsentPageShowsItsScope(t *testing.T) {
	w := newWorld(t)
	w.scheme.scopes = []string{ScopeRead, ScopeWrite, ScopeCall}
	w.change("wiki", func(a *application.Application) { a.Scopes = []string{ScopeRead, ScopeCall} })
	b := w.browser("demo-session")
	for asked, want := range map[string]string{"": "within</strong>: odoo.read and odoo.call<", ScopeCall: "within</strong>: odoo.call<", ScopeWrite + " " + ScopeRead: "within</strong>: odoo.read<"} {
		if page := b.get(authorizeURL(query("scope", asked))); !strings.Contains(page.text, want) {
			t.Errorf("%q: the page lacks %q", asked, want)
		}
	}
}

func TestSupportedScopes(t *testing.T) {
	w := newWorld(t)
	w.scheme.scopes = []string{ScopeCall, ScopeRead}
	if got := w.current().supportedScopes(); !slices.Equal(got, []string{ScopeRead, ScopeCall}) {
		t.Errorf("got %v", got)
	}
	apps := applications()
	for i := range apps {
		apps[i].Scopes = []string{ScopeRead}
	}
	apps[2].Scopes, apps[2].Active = nil, false
	apps[3].Scopes, apps[3].Scheme = nil, "gone"
	w.reload(apps)
	if got := w.current().supportedScopes(); !slices.Equal(got, []string{ScopeRead}) {
		t.Errorf("got %v", got)
	}
}
