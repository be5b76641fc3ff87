package scheme_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest/orm"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// A filter that looks into a list means the same for what reads and for what
// changes: archived records in the list do not count. A record that is archived
// itself is within it as any other.
func TestFiltersAndArchivedRecordsInLists(t *testing.T) {
	for version := 16; version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
			db := orm.New(orm.Options{Version: version, Now: func() time.Time { return now }})
			user, _ := db.UserByLogin("admin")
			w := world{db: db, uid: user.ID, version: version}
			made := func(model string, vals map[string]any) int64 {
				id, err := db.Call(orm.Env{UID: user.ID, Superuser: true}, model, "create", []any{vals}, nil)
				if err != nil {
					t.Fatal(err)
				}
				return id.(int64)
			}
			company := func(name string, active, childActive bool) int64 {
				id := made("res.partner", vals{"name": name, "active": active})
				made("res.partner", vals{"name": "child", "parent_id": id, "email": "key@x.example", "active": childActive})
				return id
			}
			inside, left, archived := company("Inside", true, true), company("SENTINEL", true, false), company("Archived", false, true)
			c := scheme.Configuration{Model: "res.partner", Limit: scheme.LimitBlacklist, Fields: []string{"vat"}, Filter: `[["child_ids.email", "=", "key@x.example"]]`,
				Operations: []scheme.Operation{scheme.Read, scheme.Write, scheme.Unlink}}
			s := compile(t, c, scheme.Configuration{Model: "sale.order", Operations: readWrite})
			for id, want := range map[int64]bool{inside: true, left: false, archived: true} {
				read, err := s.Check(context.Background(), w, odoo.Call{Model: "res.partner", Method: "read", IDs: []int64{id}, Args: []any{[]any{"name"}}})
				if err != nil {
					t.Fatal(err)
				}
				res, err := w.do(read)
				if there := string(res.Value) != "[]"; err != nil || there != want {
					t.Errorf("read of %d: %s, %v", id, res.Value, err)
				}
				for _, call := range []odoo.Call{
					write("res.partner", vals{"phone": "x"}, id), {Model: "res.partner", Method: "unlink", IDs: []int64{id}},
					create("sale.order", vals{"partner_id": id}), {Model: "res.partner", Method: "has_access", IDs: []int64{id}, Args: []any{"write"}},
				} {
					checked, err := s.Check(context.Background(), w, call)
					if err != nil {
						t.Fatal(err)
					}
					err = s.Prove(context.Background(), w, checked)
					if e, ok := errors.AsType[*odoo.Error](err); (err == nil) != want || err != nil && (!ok || e.Kind != odoo.Missing) {
						t.Errorf("%s of %d: %v", call.Method, id, err)
					}
				}
				order := made("sale.order", vals{"partner_id": id})
				checked, err := s.Check(context.Background(), w, odoo.Call{Model: "sale.order", Method: "read", IDs: []int64{order}, Args: []any{[]any{"partner_id"}}})
				if err != nil {
					t.Fatal(err)
				}
				if res, err = w.do(checked); err == nil {
					res, err = s.Filter(context.Background(), w, checked, res)
				}
				if err != nil || strings.Contains(string(res.Value), "res.partner,") == want || strings.Contains(string(res.Value), sentinel) {
					t.Errorf("the name of %d: %s, %v", id, res.Value, err)
				}
			}
		})
	}
}

// Behind a many2one Odoo counts archived records in lists: a condition on records
// of a model does not get there where the model's filter looks into such lists, or
// it would tell about records that are outside.
func TestFiltersOverListsBehindLinks(t *testing.T) {
	src := erp()
	src["res.partner"]["order_ids"] = listed("order_ids", "sale.order", "partner_id")
	src["res.partner"]["x_ids"] = relation("x_ids", "many2many", "x.kept")
	src["x.kept"] = fields(stored("name", "Name", "char"), stored("x_active", "Active", "boolean"))
	for filter, want := range map[string]string{
		`[["child_ids.email", "=", "x"]]`:                                     scheme.CodeField,
		`[["child_ids", "any", [["email", "=", "x"]]]]`:                       scheme.CodeField,
		`["!", ["child_ids.email", "=", "x"]]`:                                scheme.CodeField,
		`[["customer_rank", ">", 0], ["x_ids.name", "=", "x"]]`:               scheme.CodeField,
		`[["order_ids.partner_id.child_ids.email", "=", "x"]]`:                "", // nor are orders archived
		`[["order_ids", "any", [["partner_id.child_ids.email", "=", "x"]]]]`:  "",
		`[["parent_id.child_ids.email", "=", "x"]]`:                           "", // behind a many2one in any case
		`[["parent_id", "any", [["child_ids.email", "=", "x"]]]]`:             "",
		`[["order_ids.order_line.cost", ">", 5]]`:                             "",
		`[["order_ids", "any", [["order_line", "any", [["cost", ">", 5]]]]]]`: "",
		`[["child_ids", "in", [5, 6]]]`:                                       "",
		`[["category_id", "=", "VIP"]]`:                                       "",
		`[["country_id.code", "=", "BE"]]`:                                    "",
	} {
		c := customer
		c.Filter = filter
		s := compile(t, c, order, line)
		for _, d := range []map[string]any{
			domain(leaf("partner_id.name", "=", "x")), domain(leaf("partner_id", "any", []any{leaf("name", "=", "x")})),
			domain("!", leaf("partner_id", "not any", []any{leaf("name", "=", "x")})),
		} {
			if _, err := s.Check(t.Context(), src, odoo.Call{Model: "sale.order", Method: "search_count", Kwargs: d}); code(err) != want {
				t.Errorf("%s, %v: %v", filter, d, err)
			}
		}
		for _, call := range []odoo.Call{searchRead("res.partner", domain(leaf("name", "=", "x"))), searchRead("sale.order", domain(leaf("partner_id", "=", int64(5))))} {
			if _, err := s.Check(t.Context(), src, call); err != nil {
				t.Errorf("%s: %s: %v", filter, call.Model, err)
			}
		}
	}
	c := customer
	delete(src, "sale.order.line")
	c.Filter = `[["order_ids.order_line.cost", ">", 5]]`
	if _, err := compile(t, c, order).Check(t.Context(), src, odoo.Call{Model: "sale.order", Method: "search_count", Kwargs: domain(leaf("partner_id.name", "=", "x"))}); !errors.Is(err, errDown) {
		t.Errorf("without a description: %v", err)
	}
}
