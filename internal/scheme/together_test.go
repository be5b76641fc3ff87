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
