package application_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
)

func TestRegistryFinds(t *testing.T) {
	r, err := application.NewRegistry([]application.Application{
		{Name: "wiki", ClientID: "wiki-client", Active: true, RedirectURIs: []application.RedirectURI{{URI: registered, Active: true}}},
		{Name: "shop", ClientID: "shop-client"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := r.ByName("wiki"); a == nil || a != r.ByClientID("wiki-client") {
		t.Errorf("by name %p, by client id %p", a, r.ByClientID("wiki-client"))
	}
	if a := r.ByClientID("shop-client"); a == nil || a.Name != "shop" || a.Active {
		t.Errorf("the archived application is %+v", a)
	}
	for _, missing := range []string{"", "Wiki", "wiki ", "wiki-client"} {
		if a := r.ByName(missing); a != nil {
			t.Errorf("name %q found %s", missing, a.Name)
		}
	}
	for _, missing := range []string{"", "WIKI-client", "wiki-client ", "wiki"} {
		if a := r.ByClientID(missing); a != nil {
			t.Errorf("client id %q found %s", missing, a.Name)
		}
	}
}

func TestRegistryRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		apps []application.Application
		want string
	}{
		{"no name", []application.Application{{ClientID: "x"}}, "required"},
		{"no client id", []application.Application{{Name: "wiki"}}, `"wiki"`},
		{"a name twice", []application.Application{{Name: "wiki", ClientID: "x"}, {Name: "wiki", ClientID: "y"}}, "defined twice"},
		{"a client id twice", []application.Application{{Name: "wiki", ClientID: "x"}, {Name: "shop", ClientID: "x"}}, `already used by application "wiki"`},
		{"a bad redirect URI", []application.Application{{Name: "wiki", ClientID: "x", RedirectURIs: []application.RedirectURI{
			{URI: "http://app.example/cb"}}}}, `application "wiki": redirect_uri "http://app.example/cb"`},
		{"a redirect URI twice", []application.Application{{Name: "wiki", ClientID: "x", RedirectURIs: []application.RedirectURI{
			{URI: registered, Active: true}, {URI: registered}}}}, "listed twice"},
		{"a port that any port matches", []application.Application{{Name: "app", ClientID: "x", Public: true, RedirectURIs: []application.RedirectURI{
			{URI: "http://localhost:1/cb"}, {URI: "http://localhost:2/cb"}}}}, "any port matches"},
		{"no port that any port matches", []application.Application{{Name: "app", ClientID: "x", Public: true, RedirectURIs: []application.RedirectURI{
			{URI: "http://[::1]:1/cb"}, {URI: "http://[::1]/cb"}}}}, "any port matches"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := application.NewRegistry(test.apps)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestSecretMatches(t *testing.T) {
	s := application.NewSecret("correct horse")
	for plain, want := range map[string]bool{
		"correct horse": true, "correct hors": false, "correct horse ": false, "Correct horse": false, "": false,
	} {
		if got := s.Matches(plain); got != want {
			t.Errorf("%q matches: %v, want %v", plain, got, want)
		}
	}
	for _, none := range []application.Secret{{}, application.NewSecret("")} {
		if none.Set() || none.Matches("") || none.Matches(strings.Repeat("\x00", 32)) {
			t.Error("a secret that is not set matches")
		}
	}
}

func TestSecretIsNeverPrinted(t *testing.T) {
	a := application.Application{Name: "wiki", Secrets: []application.Secret{application.NewSecret("correct horse")}, OwnSecret: application.Hide("battery staple")}
	// The first bytes of the SHA-256, as %v and %#v would print an array.
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		text := fmt.Sprintf(format, a)
		if !strings.Contains(text, "[secret]") || strings.Contains(text, "sum") || strings.Contains(text, "staple") {
			t.Errorf("%s prints %s", format, text)
		}
	}
}
