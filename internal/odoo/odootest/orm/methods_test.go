package orm

import (
	"errors"
	"testing"
)

func TestRead(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		p := open(t, version).as(t, "admin")
		acme := p.read("sale.order", 1, "partner_id").([]any)
		country := list(int64(233), "United States")
		equal(t, "many2one", p.read("res.partner", 1, "country_id"), any(country))
		for _, load := range []any{"", nil, false} {
			record := p.must("sale.order", "read", kw{"load": load}, list(int64(1)), list("partner_id")).([]any)[0]
			equal(t, "many2one without names", record, any(kw{"id": int64(1), "partner_id": acme[0]}))
		}
		equal(t, "one id", len(p.must("res.partner", "read", nil, int64(1), list("name")).([]any)), 1)
		repeated := p.must("res.partner", "read", nil, list(int64(8), int64(1), int64(8)), list("id"))
		equal(t, "order of the ids", repeated, any(list(kw{"id": int64(8)}, kw{"id": int64(1)}, kw{"id": int64(8)})))
		empty := p.must("res.partner", "read", nil, list(int64(1)), list("vat", "customer_rank", "parent_id", "category_id", "date", "comment", "active"))
		equal(t, "values not set", empty.([]any)[0], any(kw{"id": int64(1), "vat": false, "customer_rank": int64(0), "parent_id": false,
			"category_id": list(), "date": false, "comment": false, "active": true}))
		equal(t, "a string for the fields", p.name("res.partner", "read", nil, list(int64(1)), "name"), ValueError)
		found := p.must("res.partner", "search_read", kw{"fields": list("name"), "limit": int64(1), "order": "id desc"}, list(list("is_company", "=", false)))
		equal(t, "search_read", len(found.([]any)), 1)
		equal(t, "search_read with more", p.name("res.partner", "search_read", kw{"nope": int64(1)}), TypeError)
		name := p.read("res.partner", p.db.partnerByName("Colleen Diaz"), "display_name")
		equal(t, "display name", name, any("Azure Interior, Colleen Diaz"))
		equal(t, "variant", p.read("product.product", 5, "display_name"), any("[FURN_7777] Office Chair"))
		equal(t, "related", p.read("product.product", 5, "list_price"), any(70.0))
		equal(t, "tag", p.read("res.partner.category", 7, "display_name"), any("Vendor / Desk Manufacturers"))
		equal(t, "user", p.read("res.users", 2, "name"), any("Mitchell Admin"))
	})
}

func TestSearchPagesAndSorts(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		p := open(t, version).as(t, "admin")
		search := func(kwargs kw) []int64 { return ids(p.must("res.partner", "search", kwargs, list())) }
		all := search(kw{"order": "id"})
		equal(t, "page", search(kw{"order": "id", "offset": int64(2), "limit": int64(3)}), all[2:5])
		equal(t, "past the end", search(kw{"offset": int64(1000)}), []int64{})
		equal(t, "no limit", len(search(kw{"limit": false})), len(all))
		down := search(kw{"order": "id desc"})
		equal(t, "downwards", down[0], all[len(all)-1])
		last := search(kw{"order": "vat, id"})
		equal(t, "what is not set comes last", p.read("res.partner", last[len(last)-1], "vat"), any(false))
		first := search(kw{"order": "vat desc, id"})
		equal(t, "and first downwards", p.read("res.partner", first[0], "vat"), any(false))
		equal(t, "nulls last", p.read("res.partner", search(kw{"order": "vat desc nulls last"})[0], "vat") == any(false), false)
		byCountry := search(kw{"order": "country_id, id", "limit": int64(1)})
		want := map[int]string{16: "United States", 17: "United States", 18: "Belgium", 19: "Liechtenstein", 20: "Liechtenstein"}
		equal(t, "by the name of the country", p.read("res.partner", byCountry[0], "country_id").([]any)[1], any(want[version]))
		equal(t, "by the id of the country", len(search(kw{"order": "country_id.id"})), len(all))
		equal(t, "by a path", p.name("res.partner", "search", kw{"order": "country_id.name"}, list()), ValueError)
		equal(t, "negative offset", p.name("res.partner", "search", kw{"offset": int64(-1)}, list()), "psycopg2.errors.InvalidRowCountInResultOffsetClause")
		equal(t, "limited count", p.must("res.partner", "search_count", kw{"limit": int64(5)}, list()), any(int64(5)))
		if version == 16 {
			equal(t, "count instead of ids", p.must("res.partner", "search", kw{"count": true}, list()), any(int64(len(all))))
		}
		orders := ids(p.must("sale.order", "search", nil, list()))
		equal(t, "default order", orders[len(orders)-1], int64(18))
	})
}

func TestFieldsGet(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		p := open(t, version).as(t, "admin")
		got := p.must("res.partner", "fields_get", kw{"allfields": list("name", "country_id", "child_ids", "image_128"),
			"attributes": list("type", "relation", "relation_field", "sortable", "searchable", "store", "required")}).(kw)
		equal(t, "all", got, kw{
			"name":       kw{"type": "char", "sortable": true, "searchable": true, "store": true, "required": false},
			"country_id": kw{"type": "many2one", "relation": "res.country", "sortable": true, "searchable": true, "store": true, "required": false},
			"child_ids":  kw{"type": "one2many", "relation": "res.partner", "relation_field": "parent_id", "sortable": false, "searchable": true, "store": true, "required": false},
			"image_128":  kw{"type": "binary", "sortable": false, "searchable": true, "store": true, "required": false},
		})
		display := p.must("res.partner", "fields_get", nil, list("display_name"), list("searchable", "sortable", "store"))
		equal(t, "display_name", display.(kw)["display_name"], any(kw{"searchable": version != 17, "sortable": version == 16, "store": version == 16}))
		credit := p.must("res.partner", "fields_get", nil, list("credit_limit"), list("groups")).(kw)["credit_limit"]
		equal(t, "groups", credit, any(kw{"groups": accounting}))
		state := p.must("sale.order", "fields_get", nil, list("state"), list("selection")).(kw)["state"].(kw)["selection"].([]any)
		equal(t, "states", len(state) == 5, version == 16)
		equal(t, "groups of a user", p.must("res.users", "fields_get", nil, list("groups_id", "group_ids"), list("type")), any(kw{p.db.groupsField(): kw{"type": "many2many"}}))
	})
}

func TestWebReads(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		p := open(t, version).as(t, "admin")
		if version == 16 {
			got := p.must("res.partner", "web_search_read", kw{"domain": list(list("id", "=", int64(1))), "fields": list("name")})
			equal(t, "16", got, any(kw{"length": int64(1), "records": list(kw{"id": int64(1), "name": "YourCompany"})}))
			equal(t, "web_read", p.name("res.partner", "web_read", nil, list(int64(1)), kw{}), AttributeError)
			return
		}
		spec := kw{"name": kw{}, "country_id": kw{"fields": kw{"display_name": kw{}}}, "user_id": kw{"fields": kw{}}, "parent_id": kw{},
			"child_ids": kw{"fields": kw{"name": kw{}}, "limit": int64(2)}}
		azure := p.db.partnerByName("Azure Interior")
		got := p.must("res.partner", "web_read", nil, list(azure), spec).([]any)[0].(kw)
		equal(t, "country", got["country_id"], any(kw{"id": int64(233), "display_name": "United States"}))
		equal(t, "nothing", got["user_id"], any(false))
		children := got["child_ids"].([]any)
		equal(t, "a child", children[0].(kw)["name"], any("Brandon Freeman"))
		equal(t, "a child past the limit", len(children[2].(kw)), 1)
		found := p.must("res.partner", "web_search_read", kw{"domain": list(), "specification": kw{}, "limit": int64(2), "count_limit": int64(5)}).(kw)
		equal(t, "length", found["length"], any(int64(5)))
		equal(t, "ids alone", len(found["records"].([]any)[0].(kw)), 1)
		equal(t, "unknown field", p.name("res.partner", "web_read", nil, list(azure), kw{"nope": kw{}}), ValueError)
		saved := p.must("res.partner", "web_save", nil, list(azure), kw{"city": "Ghent"}, kw{"city": kw{}})
		equal(t, "web_save", saved, any(list(kw{"id": azure, "city": "Ghent"})))
		// What a many2one shows beyond its name is read as the user.
		portal := p.db.as(t, "portal")
		seller := func(field string) kw { return kw{"user_id": kw{"fields": kw{field: kw{}}}} }
		equal(t, "a hidden user", portal.name("sale.order", "web_read", nil, list(int64(19)), seller("login")), AccessError)
		named := portal.must("sale.order", "web_read", nil, list(int64(19)), seller("display_name")).([]any)[0].(kw)["user_id"]
		equal(t, "the name of a hidden user", named, any(kw{"id": int64(2), "display_name": "Mitchell Admin"}))
		if version >= 20 {
			image := p.must("res.partner", "web_read", nil, list(int64(1)), kw{"image_128": kw{}}).([]any)[0].(kw)["image_128"].(kw)
			if _, there := image["content"]; there {
				t.Error("web_read transfers the content")
			}
		}
	})
}

func TestDefaultGet(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		p := open(t, version).as(t, "admin")
		equal(t, "defaults", p.must("res.partner", "default_get", nil, list("type", "active", "nope")), any(kw{"type": "contact", "active": true}))
		equal(t, "from the context", p.must("res.partner", "default_get", kw{"context": kw{"default_city": "Ghent"}}, list("city")), any(kw{"city": "Ghent"}))
		argument := "fields_list"
		if version >= 19 {
			argument = "fields"
		}
		equal(t, "named", p.must("res.partner", "default_get", kw{argument: list("type")}), any(kw{"type": "contact"}))
	})
}

func TestCallNamed(t *testing.T) {
	db := open(t, 19)
	db.Handle("res.users.apikeys", "remove", func(_ Env, args []any, _ map[string]any) (any, error) { return args[0], nil })
	cases := []struct {
		name, model, method string
		ids                 []int64
		kwargs              kw
		want                any
		class, message      string
	}{
		{"read", "res.partner", "read", []int64{1}, kw{"fields": list("name")}, list(kw{"id": int64(1), "name": "YourCompany"}), "", ""},
		{"no ids", "res.partner", "read", nil, kw{}, list(), "", ""},
		{"create one", "res.partner", "create", nil, kw{"vals_list": kw{"name": "x"}}, list(int64(43)), "", ""},
		{"handled", "res.users.apikeys", "remove", []int64{3}, kw{}, list(int64(3)), "", ""},
		{"missing", "res.partner", "search_count", nil, kw{}, nil, UnprocessableData, "missing a required argument: 'domain'"},
		{"unexpected", "res.partner", "read", []int64{1}, kw{"nope": int64(1)}, nil, UnprocessableData, "got an unexpected keyword argument 'nope'"},
		{"ids of a model method", "res.partner", "search_read", []int64{1}, kw{"domain": list()}, nil, UnprocessableData, "cannot call res.partner.search_read with ids"},
		{"unknown model", "no.such", "search", nil, kw{"domain": list()}, nil, NotFound, "the model 'no.such' does not exist"},
		{"unknown method", "res.partner", "nope", nil, kw{}, nil, NotFound, "The method 'res.partner.nope' does not exist"},
		{"private method", "res.partner", "_compute_display_name", []int64{1}, kw{}, nil, AccessError, "Private methods (such as 'res.partner._compute_display_name') cannot be called remotely."},
		{"language", "res.partner", "read", []int64{1}, kw{"context": kw{"lang": "xx_XX"}}, nil, UserError, "Invalid language code: xx_XX"},
	}
	for _, c := range cases {
		got, err := db.CallNamed(Env{UID: 2}, c.model, c.method, c.ids, c.kwargs)
		if c.class == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			equal(t, c.name, got, c.want)
			continue
		}
		var e *Error
		if !errors.As(err, &e) || e.Name != c.class || e.Message != c.message {
			t.Errorf("%s: %v, want %s: %s", c.name, err, c.class, c.message)
		}
	}
}

func TestHandle(t *testing.T) {
	db := open(t, 19)
	db.Handle("x.wizard", "run", func(env Env, args []any, kwargs map[string]any) (any, error) {
		if len(args) == 0 {
			return nil, NewError(UserError, "no args")
		}
		if _, leaked := kwargs["context"]; leaked {
			return nil, errors.New("context among the kwargs")
		}
		return list(env.UID, env.Context["k"], args[0]), nil
	})
	p := db.as(t, "demo")
	equal(t, "handled", p.must("x.wizard", "run", kw{"context": kw{"k": "v"}}, int64(1)), any(list(p.uid, "v", int64(1))))
	equal(t, "its error", p.name("x.wizard", "run", nil), UserError)
	equal(t, "nothing else", p.name("x.wizard", "search", nil, list()), AccessError)
	equal(t, "known", db.HasModel("x.wizard"), true)
	db.Handle("res.partner", "_hidden", func(Env, []any, map[string]any) (any, error) { return true, nil })
	equal(t, "a private name stays private", p.name("res.partner", "_hidden", nil, list(int64(1))), AccessError)
}

func TestUserHelpers(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		db := open(t, version)
		uid, err := db.AddUser("totp", "Two Factors", "secret", false)
		if err != nil {
			t.Fatal(err)
		}
		u, _ := db.UserByID(uid)
		equal(t, "internal", u.Internal, true)
		equal(t, "name", u.Name, "Two Factors")
		got, ok := db.CheckPassword("totp", "secret")
		equal(t, "login", []any{got, ok}, []any{uid, true})
		db.SetActive(uid, false)
		_, ok = db.CheckPassword("totp", "secret")
		equal(t, "archived", ok, false)
		_, ok = db.CheckPassword("public", "")
		equal(t, "no password", ok, false)
		demo := db.as(t, "demo")
		equal(t, "wrong old password", demo.name("res.users", "change_password", nil, "x", "new"), AccessDenied)
		demo.must("res.users", "change_password", nil, "demo", "new")
		_, ok = db.CheckPassword("demo", "new")
		equal(t, "changed", ok, true)
		db.as(t, "admin").must("res.users", "write", nil, list(demo.uid), kw{"password": "set"})
		_, ok = db.CheckPassword("demo", "set")
		equal(t, "set by an administrator", ok, true)
		if _, err := db.AddUser("totp", "Again", "x", false); err == nil {
			t.Error("the same login twice")
		}
		portal, err := db.AddUser("guest", "Guest", "x", true)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "portal", db.HasGroup(portal, groupPortal), true)
	})
}
