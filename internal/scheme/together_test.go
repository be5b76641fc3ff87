package scheme_test

import (
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Reads may be asked for together. A default may be the next number of a
// sequence, as that of a serial number is: two who ask are never given the same.
func TestWhatIsAskedForTogether(t *testing.T) {
	s := compile(t, writing()...)
	for method, call := range map[string]odoo.Call{
		"read":        {Model: "res.partner", Method: "read", IDs: []int64{1}, Kwargs: vals{"fields": []any{"name"}}},
		"search_read": searchRead("res.partner", nil),
		"default_get": {Model: "res.partner", Method: "default_get", Kwargs: vals{"fields_list": []any{"name"}}},
	} {
		checked, err := check(t, s, call)
		if err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		if _, _, together := checked.Together(); together != (method != "default_get") {
			t.Errorf("%s is asked for together: %v", method, together)
		}
	}
}

// Calls on other records, or with other words, are other calls.
func TestKeysOfWhatIsAskedForTogether(t *testing.T) {
	s := compile(t, writing()...)
	access := func(operation string, ids ...int64) odoo.Call {
		return odoo.Call{Model: "sale.order", Method: "has_access", IDs: ids, Args: []any{operation}}
	}
	german := searchRead("sale.order", nil)
	german.Context = map[string]any{"lang": "de_DE"}
	seen := map[string]int{}
	for i, call := range []odoo.Call{
		access("read"), access("read", 1), access("read", 2), access("write", 1), german, searchRead("sale.order", nil), searchRead("sale.order", domain(leaf("name", "=", "x"))),
	} {
		checked, err := check(t, s, call)
		if err != nil {
			t.Fatal(err)
		}
		key, _, ok := checked.Together()
		if other, same := seen[key]; same || !ok {
			t.Errorf("calls %d and %d have the key %s", other, i, key)
		}
		seen[key] = i
	}
}
