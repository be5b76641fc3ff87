package scheme_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// An outline is of what somebody has described: an outage is an error, a model
// whose filter can not hold is left out, and where a description is missing
// that a judgement needs, the configuration alone speaks.
func TestOutline(t *testing.T) {
	partner := scheme.Configuration{Name: "customer", Model: "res.partner", Limit: scheme.LimitBlacklist, Fields: []string{"email"}}
	outline := func(src odoo.FieldSource, c scheme.Configuration) ([]scheme.Outline, error) {
		t.Helper()
		s, err := scheme.Compile(scheme.Definition{Name: "s", Configurations: []scheme.Configuration{c}})
		if err != nil {
			t.Fatal(err)
		}
		return s.Outline(t.Context(), src)
	}
	if _, err := outline(source{}, partner); !errors.Is(err, errDown) {
		t.Errorf("an outage: %v", err)
	}
	known, err := outline(erp(), partner)
	if err != nil || len(known) != 1 || !known[0].Known || known[0].ReadOthers || slices.Contains(known[0].Read, "email_normalized") || !slices.Contains(known[0].Read, "phone") {
		t.Errorf("%+v, %v", known, err)
	}
	unknown, err := outline(source{"res.partner": nil}, partner)
	if err != nil || len(unknown) != 1 || unknown[0].Known || !unknown[0].ReadOthers || slices.Contains(unknown[0].Read, "email") || len(unknown[0].Fields) != 0 {
		t.Errorf("%+v, %v", unknown, err)
	}
	closed := partner
	closed.Filter = `[["nonsense", "=", 1]]`
	if none, err := outline(erp(), closed); err != nil || len(none) != 0 {
		t.Errorf("%+v, %v", none, err)
	}
}
