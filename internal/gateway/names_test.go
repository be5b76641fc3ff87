package gateway

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// A filter on customers holds for the names that their orders show, too.
func TestNamesOutsideOfTheFilter(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		bearer, _ := w.connect("wiki", "demo")
		const orders = "/restapi/1.0/object/sale.order?fields=partner_id&order=id"
		named := func(filter string) (names []string) {
			t.Helper()
			rules, err := scheme.Compile(scheme.Definition{Name: "sales", Configurations: []scheme.Configuration{
				{Model: "sale.order"}, {Model: "res.partner", Filter: filter},
			}})
			if err != nil {
				t.Fatal(err)
			}
			w.gw.service.Load().schemes["sales"] = rules
			status, _, body := w.get(orders, bearer)
			if status != http.StatusOK {
				t.Fatalf("status %d, body %v", status, body)
			}
			for _, r := range body.(map[string]any)["sale.order"].([]any) {
				names = append(names, r.(map[string]any)["partner_id"].([]any)[1].(string))
			}
			return names
		}
		one := named("")[0]
		all, some := named(""), named(`[["name", "=", "`+one+`"]]`)
		for i, name := range some {
			if all[i] == one && name != one || all[i] != one && !strings.HasPrefix(name, "res.partner,") {
				t.Errorf("%q reads %q", all[i], name)
			}
		}
		if strings.Count(strings.Join(some, "|"), "res.partner,") == 0 {
			t.Error("all orders are of one customer")
		}
	})
}

// The display name of a tag names the tag above it, which is not open here.
func TestNameWithoutHiddenFields(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		bearer, _ := w.connect("wiki", "demo")
		found := func(fields ...string) string {
			t.Helper()
			rules, err := scheme.Compile(scheme.Definition{Name: "sales", Configurations: []scheme.Configuration{
				{Model: "res.partner.category", Limit: scheme.LimitWhitelist, Fields: fields},
			}})
			if err != nil {
				t.Fatal(err)
			}
			w.gw.service.Load().schemes["sales"] = rules
			status, _, body := w.get("/orestapi/record/name_search?model=res.partner.category&name=Desk", bearer)
			if status != http.StatusOK {
				t.Fatalf("status %d, body %v", status, body)
			}
			data := body.([]any)[1].(map[string]any)["data"].([]any)
			return data[0].(map[string]any)["display_name"].(string)
		}
		if name := found("name"); name != "Desk Manufacturers" {
			t.Errorf("the name alone reads %q", name)
		}
		if name := found("name", "parent_id"); name != "Vendor / Desk Manufacturers" {
			t.Errorf("with its parent it reads %q", name)
		}
	})
}
