package administration

import (
	"slices"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// The page of an application says what that application may do, not what its
// scheme would let another one do.
func TestAllows(t *testing.T) {
	people := []application.RedirectURI{{URI: "https://wiki.example.com/", Active: true}}
	registry, err := application.NewRegistry([]application.Application{
		{Name: "all", Title: "All", ClientID: "all", Public: true, Scheme: "sales", RedirectURIs: people, Active: true},
		{Name: "reader", Title: "Reader", ClientID: "reader", Public: true, Scheme: "sales", RedirectURIs: people, Scopes: []string{"odoo.read"}, Active: true},
		{Name: "keyed", Title: "Keyed", ClientID: "keyed", Public: true, Scheme: "sales", RedirectURIs: people, Connection: application.ConnectionAPIKey, Active: true},
		{Name: "service", Title: "Service", ClientID: "service", Public: true, Scheme: "sales", Active: true},
		{Name: "homeless", Title: "Homeless", ClientID: "homeless", Public: true, Scheme: "none", Active: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	d := New(Config{Applications: registry, Schemes: []scheme.Definition{{Name: "sales", Configurations: []scheme.Configuration{{
		Name: "order", Model: "sale.order", Operations: []scheme.Operation{scheme.Read, scheme.Write},
		Methods: []scheme.Method{{Name: "action_confirm"}}, Reports: []string{"sale.report_saleorder"},
	}}}}}, Actor{})
	for name, want := range map[string][]scheme.Act{
		"all": {scheme.ActRead, scheme.ActChange, scheme.ActRun, scheme.ActPrint}, "reader": {scheme.ActRead},
		"keyed": {scheme.ActRead, scheme.ActChange, scheme.ActRun}, "service": {scheme.ActRead, scheme.ActChange, scheme.ActRun},
		"homeless": nil, "nope": nil,
	} {
		var got []scheme.Act
		for _, s := range d.Allows(t.Context(), name) {
			got = append(got, s.Act)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
