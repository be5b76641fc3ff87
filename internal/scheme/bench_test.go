package scheme_test

import (
	"context"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// The work of the rules on a search_read with a whitelist and a filter.
func BenchmarkRules(b *testing.B) {
	s := compile(b, filtered(), country)
	src := erp()
	call := searchRead("res.partner", map[string]any{
		"fields": []any{"name", "email", "country_id"}, "order": "name", "limit": int64(10),
		"domain": []any{leaf("name", "ilike", "a"), leaf("country_id.code", "=", "BE")},
	})
	one := `{"id":12,"name":"Peter Example","email":"peter@example.com","country_id":[20,"Belgium"]}`
	res := odoo.Result{Value: []byte("[" + strings.TrimSuffix(strings.Repeat(one+",", 10), ",") + "]")}
	b.ReportAllocs()
	for b.Loop() {
		checked, err := s.Check(context.Background(), src, call)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Filter(context.Background(), src, checked, res); err != nil {
			b.Fatal(err)
		}
	}
}
