package scheme_test

import (
	"context"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// Where anything is hidden, the order that nobody asks for is none of Odoo's,
// and no order leaves records equal.
func TestUsualOrder(t *testing.T) {
	src := erp()
	src["sale.order"]["date_order"] = stored("date_order", "Date", "datetime")
	src["sale.order.line"]["name"] = odoo.Field{Name: "name", Type: "text", Searchable: true}
	orders := scheme.Configuration{Model: "sale.order", Limit: scheme.LimitBlacklist, Fields: []string{"margin"}}
	undated := orders
	undated.Fields = []string{"margin", "date_order"}
	for name, tt := range map[string]struct {
		c     scheme.Configuration
		asked any
		want  any
	}{
		"nothing hidden":      {scheme.Configuration{Model: "res.partner"}, nil, nil},
		"by name":             {customer, nil, "name, id"},
		"name hidden":         {scheme.Configuration{Model: "res.partner", Limit: scheme.LimitWhitelist, Fields: []string{"email"}}, nil, "id"},
		"no order by name":    {scheme.Configuration{Model: "sale.order.line", Limit: scheme.LimitBlacklist, Fields: []string{"cost"}}, nil, "id"},
		"what people know":    {orders, nil, "date_order desc, id desc"},
		"not by what is shut": {undated, nil, "name, id"},
		"made complete":       {customer, "email desc", "email desc, id"},
		"complete":            {customer, "id desc, name", "id desc, name"},
		"all open, not":       {scheme.Configuration{Model: "res.partner"}, "email desc", "email desc"},
	} {
		for _, method := range []string{"search", "search_read"} {
			checked, err := compile(t, tt.c).Check(context.Background(), src, odoo.Call{Model: tt.c.Model, Method: method, Kwargs: map[string]any{"order": tt.asked}})
			if err != nil || checked.Kwargs["order"] != tt.want {
				t.Errorf("%s: %v, %v", name, checked.Kwargs["order"], err)
			}
		}
	}
}

// Groups by other records are not sorted as those are, which may be by what is
// hidden of them; nor are groups by the record itself, or by its name, told.
func TestUsualOrderOfGroups(t *testing.T) {
	src := erp()
	src["res.partner"]["display_name"] = stored("display_name", "Name", "char") // as on 16
	order := func(c scheme.Configuration, method string, kwargs map[string]any) any {
		t.Helper()
		checked, err := compile(t, c).Check(context.Background(), src, odoo.Call{Model: "res.partner", Method: method, Kwargs: kwargs})
		if err != nil {
			t.Fatal(err)
		}
		if method == "read_group" {
			return checked.Kwargs["orderby"]
		}
		return checked.Kwargs["order"]
	}
	for _, tt := range []struct {
		c     scheme.Configuration
		by    []any
		asked string
		want  any
	}{
		{customer, []any{"country_id"}, "", "id:min"},
		{customer, []any{"name", "country_id"}, "", "name, id:min"},
		{customer, []any{"country_id"}, "__count desc", "__count desc, id:min"},
		{customer, []any{"name"}, "name desc", "name desc, id:min"},
		{customer, []any{}, "__count", "__count"},
		{scheme.Configuration{Model: "res.partner"}, []any{"country_id"}, "__count desc", "__count desc"},
		{customer, []any{"name"}, "", nil},
		{scheme.Configuration{Model: "res.partner"}, []any{"country_id"}, "", nil},
	} {
		if got := order(tt.c, "formatted_read_group", map[string]any{"groupby": tt.by, "order": tt.asked}); got != tt.want {
			t.Errorf("%v: %v", tt.by, got)
		}
		if got := order(tt.c, "read_group", map[string]any{"groupby": tt.by, "orderby": tt.asked, "lazy": false}); got != tt.want {
			t.Errorf("read_group %v: %v", tt.by, got)
		}
	}
	if got := order(customer, "read_group", map[string]any{"groupby": []any{"name", "country_id"}}); got != nil {
		t.Errorf("a lazy answer is grouped by the first alone: %v", got)
	}
	for _, kwargs := range []map[string]any{
		{"groupby": []any{"id"}}, {"groupby": []any{"display_name"}}, {"groupby": []any{"name"}, "aggregates": []any{"display_name:count_distinct"}},
	} {
		_, err := compile(t, customer).Check(context.Background(), src, odoo.Call{Model: "res.partner", Method: "formatted_read_group", Kwargs: kwargs})
		if code(err) != scheme.CodeGroup {
			t.Errorf("%v: %v", kwargs, err)
		}
	}
}
