package orm

import "testing"

func TestModelRights(t *testing.T) {
	cases := []struct {
		login, model string
		can          string // of "rwcu"
	}{
		{"admin", "res.partner", "rwcu"}, {"demo", "res.partner", "rwcu"}, {"portal", "res.partner", "r"},
		{"admin", "sale.order", "rwcu"}, {"demo", "sale.order", "rwc"}, {"portal", "sale.order", "r"},
		{"admin", "ir.config_parameter", "rwcu"}, {"demo", "ir.config_parameter", ""}, {"portal", "ir.config_parameter", ""},
		{"admin", "ir.model", "rwcu"}, {"demo", "ir.model", ""}, {"portal", "product.template", ""},
		{"demo", "product.template", "r"}, {"portal", "res.country", "r"}, {"demo", "res.users", "r"},
		{"admin", "ir.actions.act_window", "rwcu"}, {"demo", "ir.actions.act_window", ""}, {"demo", "ir.ui.menu", "r"}, {"demo", "ir.actions.report", "r"},
	}
	operations := map[byte]string{'r': "read", 'w': "write", 'c': "create", 'u': "unlink"}
	eachVersion(t, func(t *testing.T, version int) {
		db := open(t, version)
		for _, c := range cases {
			p := db.as(t, c.login)
			for letter, operation := range operations {
				want := false
				for i := range c.can {
					want = want || c.can[i] == letter
				}
				what := c.login + " " + operation + " " + c.model
				if version <= 19 {
					equal(t, what, p.must(c.model, "check_access_rights", kw{"raise_exception": false}, operation), any(want))
				} else {
					equal(t, what, p.name(c.model, "check_access_rights", nil, operation), AttributeError)
				}
				if version >= 18 {
					equal(t, what, p.must(c.model, "has_access", nil, list(), operation), any(want))
				}
			}
		}
	})
}

func TestAccessMethodsByVersion(t *testing.T) {
	want := map[string]map[int]string{
		"check_access_rights":  {16: "", 20: AttributeError},
		"check_access_rule":    {16: "", 20: AttributeError},
		"has_access":           {16: AttributeError, 18: ""},
		"check_access":         {16: AttributeError, 18: "", 19: AccessError},
		"formatted_read_group": {16: AttributeError, 19: ""},
		"web_read":             {16: AttributeError, 17: ""},
		"name_get":             {16: "", 18: AttributeError},
		"exists":               {16: AttributeError, 18: AccessError},
	}
	arguments := map[string][]any{
		"check_access_rights": {"read"}, "formatted_read_group": {list()}, "web_read": {list(int64(1)), kw{}},
		"name_get": {list(int64(1))}, "exists": {list(int64(1))},
	}
	eachVersion(t, func(t *testing.T, version int) {
		p := open(t, version).as(t, "admin")
		for method, by := range want {
			expected := ""
			for first := 16; first <= version; first++ {
				if name, ok := by[first]; ok {
					expected = name
				}
			}
			args, ok := arguments[method]
			if !ok {
				args = list(list(int64(1)), "read")
			}
			equal(t, method, p.name("res.partner", method, nil, args...), expected)
		}
	})
}

func TestRecordRules(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		db := open(t, version)
		admin, demo, portal := db.as(t, "admin"), db.as(t, "demo"), db.as(t, "portal")
		me, _ := db.UserByLogin("portal")

		equal(t, "partners of portal", ids(portal.must("res.partner", "search", nil, list())), []int64{me.PartnerID})
		equal(t, "another partner", portal.name("res.partner", "read", nil, list(int64(1)), list("name")), AccessError)
		equal(t, "one's own and another", portal.name("res.partner", "read", nil, list(me.PartnerID, int64(1)), list("name")), AccessError)
		equal(t, "gone reads as nothing", portal.must("res.partner", "read", nil, list(int64(9999)), list("name")), any(list()))
		equal(t, "users of portal", ids(portal.must("res.users", "search", nil, list())), []int64{me.ID})

		equal(t, "all orders", admin.count("sale.order"), int64(20))
		equal(t, "orders of demo", demo.count("sale.order"), int64(13))
		equal(t, "orders of portal", portal.count("sale.order"), int64(2))
		equal(t, "another's order", demo.name("sale.order", "read", nil, list(int64(2)), list("name")), AccessError)
		equal(t, "another's order written", demo.name("sale.order", "write", nil, list(int64(2)), kw{"note": "x"}), AccessError)
		equal(t, "lines of demo", demo.count("sale.order.line", list("order_id", "=", int64(2))), int64(0))
		equal(t, "an order given away", demo.name("sale.order", "write", nil, list(int64(1)), kw{"user_id": int64(2)}), AccessError)
		equal(t, "and still there", demo.read("sale.order", 1, "name"), any("S00001"))
		equal(t, "an order made for another", demo.name("sale.order", "create", nil, kw{"partner_id": int64(1), "user_id": int64(2)}), AccessError)
		equal(t, "leads of demo", demo.count("crm.lead"), int64(2))

		// Searching through a relation goes no further than the rules let.
		equal(t, "through lines", portal.count("res.partner", list("sale_order_ids.name", "ilike", "S")), int64(1))
		equal(t, "through another's orders", demo.count("res.partner", list("sale_order_ids.name", "=", "S00002")), int64(0))
		equal(t, "through a closed model", portal.name("res.partner", "search", nil, list(list("category_id.name", "=", "Vendor"))), AccessError)
		equal(t, "x2many shows what is seen", demo.read("res.partner", db.partnerByName("Ready Mat"), "sale_order_ids"), any(list()))
	})
}

func TestCompanies(t *testing.T) {
	db := open(t, 19)
	admin := db.as(t, "admin")
	admin.must("sale.order", "write", nil, list(int64(2)), kw{"company_id": int64(2)})
	in := func(ids ...any) kw { return kw{"context": kw{"allowed_company_ids": ids}} }
	equal(t, "both", admin.must("sale.order", "search_count", in(int64(1), int64(2)), list()), any(int64(20)))
	equal(t, "the first", admin.must("sale.order", "search_count", in(int64(1)), list()), any(int64(19)))
	equal(t, "hidden by the choice", admin.name("sale.order", "read", in(int64(1)), list(int64(2))), AccessError)
	portal := db.as(t, "portal")
	equal(t, "not the user's", portal.name("res.partner", "search", in(int64(1), int64(2)), list()), AccessError)
	equal(t, "superuser", func() any {
		v, _ := db.Call(Env{UID: 1, Superuser: true}, "sale.order", "search_count", []any{list()}, in(int64(99)))
		return v
	}(), any(int64(20)))
}

func TestHasGroup(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		db := open(t, version)
		for _, login := range []string{"admin", "demo", "portal"} {
			p := db.as(t, login)
			args := list(list(p.uid), groupUser)
			if version <= 17 {
				args = list(groupUser)
			}
			equal(t, login, p.must("res.users", "has_group", nil, args...), any(login != "portal"))
		}
		if version >= 18 {
			equal(t, "of another, by portal", db.as(t, "portal").name("res.users", "has_group", nil, list(int64(2)), groupUser), AccessError)
			equal(t, "of another, by demo", db.as(t, "demo").must("res.users", "has_group", nil, list(int64(2)), groupSystem), any(true))
		}
	})
}

func TestPeopleReadThemselves(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		p := open(t, version).as(t, "portal")
		want := ""
		if version >= 19 {
			want = AccessError
		}
		equal(t, "groups", p.name("res.users", "read", nil, list(p.uid), list("login", p.db.groupsField())), want)
		equal(t, "login", p.read("res.users", p.uid, "login"), any("portal"))
		demo := p.db.as(t, "demo")
		demo.must("res.users", "write", nil, list(demo.uid), kw{"signature": "<p>x</p>"})
		equal(t, "own signature", demo.read("res.users", demo.uid, "signature"), any("<p>x</p>"))
		equal(t, "own login", demo.name("res.users", "write", nil, list(demo.uid), kw{"login": "x"}), AccessError)
		equal(t, "another's signature", demo.name("res.users", "write", nil, list(int64(2)), kw{"signature": "x"}), AccessError)
	})
}

func TestAvailableModels(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		db := open(t, version)
		listed := func(login string) map[string]bool {
			out := map[string]bool{}
			for _, each := range db.as(t, login).must("ir.model", "get_available_models", nil).([]any) {
				out[each.(kw)["model"].(string)] = true
			}
			return out
		}
		equal(t, "demo orders", listed("demo")["sale.order"], true)
		equal(t, "demo parameters", listed("demo")["ir.config_parameter"], false)
		equal(t, "portal", len(listed("portal")), 0)
		equal(t, "portal products", listed("portal")["product.template"], false)
		equal(t, "wizards", listed("admin")["res.users.identitycheck"], false)
	})
}
