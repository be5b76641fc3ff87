package orm

import (
	"sync"
	"testing"
	"time"
)

func TestCreateWriteUnlinkCopy(t *testing.T) {
	first := map[int]int64{16: 41, 17: 41, 18: 42, 19: 43, 20: 43}
	eachVersion(t, func(t *testing.T, version int) {
		p := open(t, version).as(t, "admin")
		id := first[version]
		equal(t, "create", p.must("res.partner", "create", nil, kw{"name": "Gateway Probe"}), any(id))
		equal(t, "create a list", p.must("res.partner", "create", nil, list(kw{"name": "A"}, kw{"name": "B"})), any(list(id+1, id+2)))
		equal(t, "write", p.must("res.partner", "write", nil, list(id), kw{"name": "Gateway Probe 2", "customer_rank": "4"}), any(true))
		equal(t, "written", p.read("res.partner", id, "name"), any("Gateway Probe 2"))
		equal(t, "converted", p.read("res.partner", id, "customer_rank"), any(int64(4)))
		equal(t, "default", p.read("res.partner", id, "type"), any("contact"))
		equal(t, "entity", p.read("res.partner", id, "commercial_partner_id").([]any)[0], any(id))
		copied := p.must("res.partner", "copy", nil, list(id))
		if version <= 17 {
			equal(t, "copy", copied, any(id+3))
		} else {
			equal(t, "copy", copied, any(list(id+3)))
		}
		equal(t, "name of the copy", p.read("res.partner", id+3, "name"), any("Gateway Probe 2 (copy)"))
		equal(t, "not copied", p.read("res.partner", id+3, "customer_rank"), any(int64(0)))
		equal(t, "unlink", p.must("res.partner", "unlink", nil, list(id)), any(true))
		equal(t, "read of what is gone", p.must("res.partner", "read", nil, list(id), list("name")), any(list()))
		equal(t, "search of what is gone", p.count("res.partner", list("id", "=", id)), int64(0))
		equal(t, "write to what is gone", p.name("res.partner", "write", nil, list(id), kw{"name": "x"}), MissingError)
		equal(t, "name_create", p.must("res.partner", "name_create", nil, "Named"), any(list(id+4, "Named")))
		equal(t, "default from the context", p.read("res.partner",
			p.must("res.partner", "create", kw{"context": kw{"default_city": "Ghent"}}, kw{"name": "x"}).(int64), "city"), any("Ghent"))
		equal(t, "order with its lines", len(p.read("sale.order", ids(p.must("sale.order", "copy", nil, list(int64(1))))[0], "order_line").([]any)), 3)
	})
}

// A call that fails leaves nothing behind, not even what it had done before.
func TestFailedCallsUndo(t *testing.T) {
	p := open(t, 19).as(t, "admin")
	before := p.count("res.partner")
	equal(t, "second record refused", p.name("res.partner", "create", nil, list(kw{"name": "A"}, kw{"type": "contact"})), ValidationError)
	equal(t, "count", p.count("res.partner"), before)
	equal(t, "second write refused", p.name("res.partner", "write", nil, list(int64(8), int64(9)), kw{"parent_id": int64(9)}), ValidationError)
	equal(t, "first write", p.read("res.partner", 8, "parent_id"), any(false))
	equal(t, "line refused", p.name("sale.order", "write", nil, list(int64(1)), kw{"note": "x", "order_line": list(list(int64(2), int64(1)), list(int64(9)))}), ValueError)
	equal(t, "lines", p.read("sale.order", 1, "order_line"), any(list(int64(1), int64(2), int64(3))))
	equal(t, "note", p.read("sale.order", 1, "note"), any(false))
}

func TestMany2ManyCommands(t *testing.T) {
	cases := []struct {
		name  string
		value any
		want  []any
	}{
		{"set", list(list(int64(6), int64(0), list(int64(1), int64(2)))), list(int64(2), int64(1))},
		{"set by ids", list(int64(1), int64(2)), list(int64(2), int64(1))},
		{"link", list(list(int64(4), int64(5))), list(int64(7), int64(6), int64(5))},
		{"link short", list(list(int64(4), int64(5), int64(0))), list(int64(7), int64(6), int64(5))},
		{"unlink", list(list(int64(3), int64(7))), list(int64(6))},
		{"clear", list(list(int64(5))), list()},
		{"clear by false", false, list()},
		{"several", list(list(int64(5)), list(int64(4), int64(3))), list(int64(3))},
		{"delete", list(list(int64(2), int64(7), false)), list(int64(6))},
	}
	eachVersion(t, func(t *testing.T, version int) {
		for _, c := range cases {
			p := open(t, version).as(t, "admin")
			wood := p.db.partnerByName("Wood Corner")
			p.must("res.partner", "write", nil, list(wood), kw{"category_id": c.value})
			got := p.read("res.partner", wood, "category_id").([]any)
			// The tags come in the order of their names.
			if c.name == "link" || c.name == "link short" {
				equal(t, c.name, len(got), 3)
				continue
			}
			equal(t, c.name, got, c.want)
			if c.name == "delete" {
				equal(t, "the tag is gone", p.count("res.partner.category", list("id", "=", int64(7))), int64(0))
			}
		}
		p := open(t, version).as(t, "admin")
		wood := p.db.partnerByName("Wood Corner")
		p.must("res.partner", "write", nil, list(wood), kw{"category_id": list(list(int64(0), int64(0), kw{"name": "New tag"}))})
		equal(t, "created", p.count("res.partner.category", list("name", "=", "New tag"), list("partner_ids", "in", list(wood))), int64(1))
		p.must("res.partner", "write", nil, list(wood), kw{"category_id": list(list(int64(1), int64(6), kw{"name": "Renamed"}))})
		equal(t, "updated", p.read("res.partner.category", 6, "name"), any("Renamed"))
		p.must("res.partner.category", "write", nil, list(int64(2)), kw{"partner_ids": list(list(int64(4), wood))})
		equal(t, "linked from the other side", p.count("res.partner", list("id", "=", wood), list("category_id", "=", int64(2))), int64(1))
		broken := MissingError
		if version >= 19 {
			broken = ValidationError
		}
		equal(t, "link to nothing", p.name("res.partner", "write", nil, list(wood), kw{"category_id": list(list(int64(4), int64(999)))}), broken)
		equal(t, "no command", p.name("res.partner", "write", nil, list(wood), kw{"category_id": list(list(int64(7)))}), ValueError)
	})
}

func TestOne2ManyCommands(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		p := open(t, version).as(t, "admin")
		total := func() any { return p.read("sale.order", 1, "amount_total") }
		equal(t, "total", total(), any(1740.0))
		p.must("sale.order", "write", nil, list(int64(1)), kw{"order_line": list(
			list(int64(0), int64(0), kw{"name": "Extra", "price_unit": 10.0, "product_uom_qty": int64(2)}),
			list(int64(1), int64(3), kw{"price_unit": int64(100)}),
			list(int64(2), int64(2)),
		)})
		equal(t, "total after", total(), any(885.0+200+20))
		p.must("sale.order", "write", nil, list(int64(1)), kw{"order_line": list(list(int64(5)))})
		equal(t, "total of nothing", total(), any(0.0))
		equal(t, "the lines are gone", p.count("sale.order.line", list("id", "in", list(int64(1), int64(3)))), int64(0))

		child := p.db.partnerByName("Colleen Diaz")
		azure, wood := p.db.partnerByName("Azure Interior"), p.db.partnerByName("Wood Corner")
		p.must("res.partner", "write", nil, list(azure), kw{"child_ids": list(list(int64(3), child))})
		equal(t, "unlinked", p.read("res.partner", child, "parent_id"), any(false))
		p.must("res.partner", "write", nil, list(wood), kw{"child_ids": list(list(int64(4), child))})
		equal(t, "linked", p.read("res.partner", child, "parent_id"), any(list(wood, "Wood Corner")))
		p.must("sale.order", "unlink", nil, list(int64(2)))
		equal(t, "lines go with their order", p.count("sale.order.line", list("order_id", "=", int64(2))), int64(0))
		equal(t, "a customer in use", p.name("res.partner", "unlink", nil, list(p.db.partnerByName("Lumber Inc"))), ValidationError)
	})
}

// A command needs the right on the comodel.
func TestCommandsNeedRights(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		p := open(t, version).as(t, "demo")
		equal(t, "a user through a partner", p.name("res.partner", "write", nil, list(int64(8)),
			kw{"user_ids": list(list(int64(0), int64(0), kw{"login": "x", "name": "x"}))}), AccessError)
		equal(t, "groups of a user", p.name("res.users", "write", nil, list(p.uid),
			kw{p.db.groupsField(): list(list(int64(4), int64(3)))}), AccessError)
	})
}

func TestOrderMethods(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		p := open(t, version).as(t, "demo")
		equal(t, "confirm", p.must("sale.order", "action_confirm", nil, list(int64(1))), any(true))
		equal(t, "state", p.read("sale.order", 1, "state"), any("sale"))
		equal(t, "confirm twice", p.name("sale.order", "action_confirm", nil, list(int64(1))), UserError)
		p.must("sale.order", "action_cancel", nil, list(int64(1)))
		equal(t, "cancelled", p.read("sale.order", 1, "state"), any("cancel"))
		equal(t, "another's", p.name("sale.order", "action_confirm", nil, list(int64(2))), AccessError)
		equal(t, "gone", p.name("sale.order", "action_confirm", nil, list(int64(99))), MissingError)
		portal := p.db.as(t, "portal")
		equal(t, "without the right", portal.name("sale.order", "action_cancel", nil, list(int64(19))), AccessError)
		p.must("res.partner", "action_archive", nil, list(int64(8)))
		equal(t, "archived", p.count("res.partner", list("id", "=", int64(8))), int64(0))
		equal(t, "active_test off", p.must("res.partner", "search_count", kw{"context": kw{"active_test": false}}, list(list("id", "=", int64(8)))), any(int64(1)))
	})
}

func TestStampsFollowTheClock(t *testing.T) {
	now := clock
	db := New(Options{Version: 19, Now: func() time.Time { return now }})
	p := db.as(t, "admin")
	equal(t, "at load", p.read("res.partner", 1, "write_date"), any("2026-11-21 02:08:42"))
	now = now.Add(90 * time.Minute)
	p.must("res.partner", "write", nil, list(int64(1)), kw{"city": "Ghent"})
	equal(t, "written", p.read("res.partner", 1, "write_date"), any("2026-11-21 03:38:42"))
	equal(t, "by", p.read("res.partner", 1, "write_uid").([]any)[0], any(int64(2)))
	equal(t, "created", p.read("res.partner", 1, "create_date"), any("2026-11-21 02:08:42"))
}

func TestDatabasesAreIsolatedAndConcurrent(t *testing.T) {
	one, other := open(t, 19), open(t, 19)
	before := other.as(t, "admin").count("res.partner")
	one.Handle("res.partner", "twice", func(env Env, _ []any, _ map[string]any) (any, error) {
		// A handler calls back into the database.
		return one.Call(env, "res.partner", "search_count", []any{list()}, nil)
	})
	var wg sync.WaitGroup
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for _, call := range []struct {
				method string
				args   []any
			}{
				{"create", list(kw{"name": "x", "category_id": list(int64(1))})}, {"search_read", list(list(list("name", "ilike", "a")))},
				{"write", list(list(int64(8)), kw{"category_id": list(list(int64(5)), list(int64(4), int64(2)))})}, {"twice", nil},
			} {
				if _, err := one.Call(Env{UID: 2}, "res.partner", call.method, call.args, nil); err != nil {
					t.Errorf("%s: %v", call.method, err)
				}
			}
			if _, ok := one.CheckPassword("demo", "demo"); !ok {
				t.Error("password refused")
			}
			one.SetPassword(5, "demo")
		}()
	}
	wg.Wait()
	equal(t, "written", one.as(t, "admin").count("res.partner"), before+8)
	equal(t, "the other database", other.as(t, "admin").count("res.partner"), before)
}
