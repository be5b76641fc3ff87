package scheme_test

import (
	"context"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// TestFilterLeavesNoRecordsBehind: what leaves instead of an answer takes the place
// of the records, too, that were found in it when it was parsed.
func TestFilterLeavesNoRecordsBehind(t *testing.T) {
	writer := compile(t, scheme.Configuration{
		Model: "res.partner", Limit: scheme.LimitWhitelist, Fields: []string{"name"},
		Operations: []scheme.Operation{scheme.Read, scheme.Write},
		Methods:    []scheme.Method{{Name: "action_archive"}},
	})
	for name, call := range map[string]odoo.Call{
		"write":  {Model: "res.partner", Method: "write", IDs: []int64{1}, Args: []any{map[string]any{"name": "x"}}},
		"method": {Model: "res.partner", Method: "action_archive", IDs: []int64{1}},
	} {
		checked, err := writer.Check(context.Background(), erp(), call)
		if err != nil {
			t.Fatal(name, err)
		}
		res, ok := odoo.ParseResult([]byte(`[{"id":1,"vat":"SENTINEL"}]`))
		if !ok {
			t.Fatal("malformed")
		}
		if res, err = writer.Filter(context.Background(), erp(), checked, res); err != nil {
			t.Fatal(name, err)
		}
		records, _ := res.Records()
		for _, r := range records {
			for _, m := range r {
				if strings.Contains(string(m.Value), "SENTINEL") {
					t.Errorf("%s: the value is %s, and the records are %s=%s", name, res.Value, m.Name, m.Value)
				}
			}
		}
	}
}
