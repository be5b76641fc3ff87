package scheme_test

import (
	"context"
	"strconv"
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

// A search_read of ten fields with a domain of five leaves: at most 10 µs and
// 20 allocations.
func BenchmarkCheck(b *testing.B) {
	c := filtered()
	c.Fields = append(c.Fields, "vat", "credit_limit")
	s := compile(b, c, country)
	src := erp()
	call := searchRead("res.partner", map[string]any{
		"fields": []any{"id", "name", "email", "phone", "country_id", "parent_id", "category_id", "vat", "credit_limit", "display_name"},
		"order":  "name, id desc", "limit": int64(10),
		"domain": []any{"|", leaf("name", "ilike", "a"), leaf("email", "=", "b"), leaf("country_id", "in", []any{int64(1), int64(2)}),
			leaf("credit_limit", ">", int64(5)), leaf("country_id.code", "=", "BE")},
	})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Check(context.Background(), src, call); err != nil {
			b.Fatal(err)
		}
	}
}

// Filter is linear in the answer.
func BenchmarkFilter(b *testing.B) {
	s := compile(b, filtered(), country)
	src := erp()
	checked, err := s.Check(context.Background(), src, searchRead("res.partner", map[string]any{"fields": []any{"name", "email", "country_id"}}))
	if err != nil {
		b.Fatal(err)
	}
	one := `{"id":12,"name":"Peter Example","email":"peter@example.com","country_id":[20,"Belgium"]}`
	for _, n := range []int{10, 100, 1000} {
		res := odoo.Result{Value: []byte("[" + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + "]")}
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Filter(context.Background(), src, checked, res); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
