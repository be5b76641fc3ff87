package scheme_test

import (
	"context"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// FuzzDomain judges any JSON as a domain. What comes through can be parsed
// again, and has no hidden field in it.
func FuzzDomain(f *testing.F) {
	list := writing()
	list[0].Fields = []string{"name", "phone", "country_id", "parent_id", "child_ids", "category_id"}
	s, err := scheme.Compile(scheme.Definition{Configurations: list})
	if err != nil {
		f.Fatal(err)
	}
	hidden := map[string]bool{"email": true, "vat": true, "credit_limit": true, "margin": true, "user_ids": true, "login": true, "password": true}
	src := erp()
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := odoo.ParseJSON(data, odoo.DefaultLimits)
		if err != nil {
			return
		}
		for _, model := range []string{"res.partner", "sale.order"} {
			checked, err := s.Check(context.Background(), src, odoo.Call{Model: model, Method: "search_count", Kwargs: map[string]any{"domain": v}})
			if err != nil {
				continue
			}
			d, err := odoo.ParseDomain(checked.Kwargs["domain"])
			if err != nil {
				t.Fatalf("%s became %v: %v", data, checked.Kwargs, err)
			}
			err = d.Walk(func(within string, l odoo.Leaf) error {
				for _, step := range strings.Split(odoo.JoinPath(within, l.Path), ".") {
					if hidden[step] {
						return odoo.ErrDomain
					}
				}
				return nil
			})
			if err != nil {
				t.Fatalf("%s became %v", data, checked.Kwargs)
			}
		}
	})
}

// FuzzValues judges any JSON as the values of a new record and of a change.
// What comes through names no hidden field, no matter how deep.
func FuzzValues(f *testing.F) {
	s, err := scheme.Compile(scheme.Definition{Configurations: writing()})
	if err != nil {
		f.Fatal(err)
	}
	open := map[string]bool{}
	for _, name := range []string{"name", "email", "phone", "country_id", "parent_id", "child_ids", "category_id", "image", "credit_limit", "active", "customer_rank",
		"amount_total", "partner_id", "order_line", "pricelist", "cost", "order_id"} {
		open[name] = true
	}
	src := erp()
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := odoo.ParseJSON(data, odoo.DefaultLimits)
		if err != nil {
			return
		}
		for _, model := range []string{"res.partner", "sale.order"} {
			for _, call := range []odoo.Call{create(model, v), write(model, v, 1)} {
				checked, err := s.Check(context.Background(), src, call)
				if err != nil {
					continue
				}
				onlyOpen(t, open, checked.Args, 0)
			}
		}
	})
}

func onlyOpen(t *testing.T, open map[string]bool, v any, depth int) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			onlyOpen(t, open, item, depth)
		}
	case map[string]any:
		if depth > 3 {
			t.Fatal("too deep")
		}
		for name, item := range v {
			if !open[name] {
				t.Fatalf("field %q came through", name)
			}
			onlyOpen(t, open, item, depth+1)
		}
	}
}
