package scheme_test

import (
	"errors"
	"slices"
	"strings"
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
	if some, err := outline(source{"res.partner": nil}, filtered()); err != nil || len(some) != 1 || some[0].Known || !some[0].Selected {
		t.Errorf("a filter on what nobody has described: %+v, %v", some, err)
	}
	if _, err := outline(source{"sale.order": erp()["sale.order"]}, scheme.Configuration{Model: "sale.order", Operations: readWrite, Limit: scheme.LimitWhitelist,
		Fields: []string{"name"}, WriteLimit: scheme.LimitNone, Filter: `[["order_line", "!=", false]]`}); !errors.Is(err, errDown) {
		t.Errorf("an outage of another model: %v", err)
	}
}

// What can be called, by name, and what can be set, but for what is forced.
func TestOutlineOfWriting(t *testing.T) {
	for _, tt := range []struct {
		operations []scheme.Operation
		methods    string
		write      string
		known      bool
	}{
		{[]scheme.Operation{scheme.Read}, "a_method* check_access_rights fields_get formatted_read_group has_access name_search read* read_group search search_count search_read z_method", "", true},
		{[]scheme.Operation{scheme.Create}, "a_method* check_access_rights create default_get fields_get has_access z_method", "comment name phone", true},
		{[]scheme.Operation{scheme.Write}, "a_method* check_access_rights fields_get has_access write* z_method", "comment name phone vat", true},
		{[]scheme.Operation{scheme.Write}, "a_method* check_access_rights fields_get has_access write* z_method", "name vat phone comment email_normalized", false},
		{[]scheme.Operation{scheme.Create, scheme.Unlink}, "a_method* check_access_rights create default_get fields_get has_access unlink* z_method", "name phone comment email_normalized", false},
	} {
		c := scheme.Configuration{Name: "c", Model: "res.partner", Limit: scheme.LimitWhitelist, Fields: []string{"name", "vat", "phone", "comment", "email_normalized"}, Operations: tt.operations,
			Methods: []scheme.Method{{Name: "z_method", OnModel: true}, {Name: "a_method"}}}
		if tt.operations[0] == scheme.Create {
			c.Forced = vals{"vat": "x"}
		}
		src := erp()
		if !tt.known {
			src["res.partner"] = nil
		}
		all, err := compile(t, c).Outline(t.Context(), src)
		if err != nil || len(all) != 1 {
			t.Fatalf("%v: %v, %v", tt.operations, all, err)
		}
		var methods []string
		for _, m := range all[0].Methods {
			if m.Records {
				m.Name += "*"
			}
			methods = append(methods, m.Name)
		}
		if got := strings.Join(methods, " "); got != tt.methods {
			t.Errorf("%v: methods %s", tt.operations, got)
		}
		if got := strings.Join(all[0].Write, " "); got != tt.write || all[0].Known != tt.known {
			t.Errorf("%v: fields to write %s", tt.operations, got)
		}
	}
}
