package application_test

import (
	"slices"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
)

// An application may have what its configuration and its model scheme both have
// a use for, in the order in which scopes are told.
func TestMayHave(t *testing.T) {
	for _, tt := range []struct{ configured, useful, want []string }{
		{nil, []string{application.ScopeCall, application.ScopeRead}, []string{application.ScopeRead, application.ScopeCall}},
		{nil, application.Scopes(), []string{application.ScopeRead, application.ScopeWrite, application.ScopeCall}},
		{nil, nil, nil},
		{[]string{application.ScopeWrite, application.ScopeRead}, application.Scopes(), []string{application.ScopeRead, application.ScopeWrite}},
		{[]string{application.ScopeWrite}, []string{application.ScopeRead}, nil},
		{[]string{application.ScopeRead, application.ScopeCall}, []string{application.ScopeWrite, application.ScopeCall}, []string{application.ScopeCall}},
	} {
		a := application.Application{Scopes: tt.configured}
		if got := a.MayHave(tt.useful); !slices.Equal(got, tt.want) {
			t.Errorf("of %v with %v: %v, want %v", tt.configured, tt.useful, got, tt.want)
		}
	}
}

// Odoo prints for the session of a person alone.
func TestPrints(t *testing.T) {
	people := []application.RedirectURI{{URI: "https://wiki.example.com/cb"}}
	for _, tt := range []struct {
		app  application.Application
		want bool
	}{
		{application.Application{RedirectURIs: people}, true},
		{application.Application{RedirectURIs: people, Connection: application.ConnectionSession}, true},
		{application.Application{RedirectURIs: people, Connection: application.ConnectionAPIKey}, false},
		{application.Application{}, false},
		{application.Application{Connection: application.ConnectionAPIKey}, false},
	} {
		if got := tt.app.Prints(); got != tt.want {
			t.Errorf("%d redirect URIs, connection %q: %v", len(tt.app.RedirectURIs), tt.app.Connection, got)
		}
	}
}
