package scheme_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// What a configuration names is looked for: a slip of a blacklist leaves open
// what it was to close.
func TestDoubts(t *testing.T) {
	c := scheme.Configuration{
		Name: "customer", Model: "res.partner", Limit: scheme.LimitBlacklist, Fields: []string{"email", "emial"}, Operations: []scheme.Operation{scheme.Read, scheme.Write},
		WriteLimit: scheme.LimitBlacklist, WriteFields: []string{"emial", "phnoe"}, Filter: `[["country_id.cdoe", "=", "BE"]]`,
		SearchFields: []string{"name", "nmae"}, Reports: []string{"a.b"},
	}
	s := define(t, scheme.Definition{Limit: scheme.LimitBlacklist, Blacklist: []string{"hr.*", "hr.employe"}, Configurations: []scheme.Configuration{c, {Name: "country", Model: "res.country", Filter: `[["code", "=", "BE"]]`}}})
	if name, fields := s.Unknown("res.partner", erp()["res.partner"]); name != "customer" || !slices.Equal(fields, []string{"emial", "phnoe", "nmae"}) {
		t.Errorf("%s: %v", name, fields)
	}
	for _, model := range []string{"res.country", "sale.order"} {
		if name, fields := s.Unknown(model, erp()[model]); fields != nil {
			t.Errorf("%s of %s: %v", model, name, fields)
		}
	}
	if named := s.Named(); !slices.Equal(named, []scheme.Named{{"res.partner", "customer"}, {"res.country", "country"}, {"hr.employe", ""}}) {
		t.Errorf("%v", named)
	}
	if reports := s.NamedReports(); !slices.Equal(reports, []scheme.NamedReport{{"a.b", "res.partner", "customer"}}) {
		t.Errorf("%v", reports)
	}
	undescribed := erp()
	undescribed["res.country"] = nil
	for _, tt := range []struct {
		model string
		src   source
		want  string
		err   error
	}{
		{"res.partner", erp(), "country_id.cdoe", nil}, {"res.country", erp(), "", nil}, {"sale.order", erp(), "", nil},
		{"res.partner", undescribed, "", nil}, {"res.partner", source{}, "", errDown},
	} {
		if got, err := s.Unenforceable(t.Context(), tt.src, tt.model); got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("filter of %s: %q, %v", tt.model, got, err)
		}
	}
}
