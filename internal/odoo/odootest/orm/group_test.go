package orm

import "testing"

func TestReadGroup(t *testing.T) {
	for _, version := range []int{16, 17, 18, 19} {
		p := open(t, version).as(t, "admin")
		groups := func(kwargs kw, args ...any) []any {
			t.Helper()
			return p.must("sale.order", "read_group", kwargs, args...).([]any)
		}
		got := groups(nil, list(), list("amount_total:sum"), list("state"))
		equal(t, "by state", got, list(
			kw{"state": "draft", "state_count": int64(4), "amount_total": 5470.0, "__domain": list(list("state", "=", "draft"))},
			kw{"state": "sale", "state_count": int64(15), "amount_total": got[1].(kw)["amount_total"], "__domain": list(list("state", "=", "sale"))},
			kw{"state": "sent", "state_count": int64(1), "amount_total": 1740.0, "__domain": list(list("state", "=", "sent"))},
		))
		lazy := groups(nil, list(), list(), list("state", "user_id"))
		equal(t, "the rest of a lazy grouping", lazy[0].(kw)["__context"], any(kw{"group_by": list("user_id")}))
		equal(t, "both at once", len(groups(kw{"lazy": false}, list(), list(), list("state", "user_id"))), 5)
		month := groups(kw{"lazy": false}, list(list("id", "<", int64(6))), list("amount_total", "most:max(amount_total)"), list("date_order:month"))[0]
		where := list("&", list("id", "<", int64(6)), "&", list("date_order", ">=", "2026-10-01 00:00:00"), list("date_order", "<", "2026-11-01 00:00:00"))
		if version >= 19 {
			where[1], where[2] = where[2], where[1]
		}
		equal(t, "by month", month, any(kw{"date_order:month": "October 2026", "__count": int64(3), "amount_total": 5092.5, "most": 2947.5,
			"__domain": where,
			"__range":  kw{"date_order:month": kw{"from": "2026-10-01 00:00:00", "to": "2026-11-01 00:00:00"}}}))
		equal(t, "sorted by an aggregate", groups(kw{"orderby": "amount_total desc"}, list(), list("amount_total"), list("state"))[0].(kw)["state"], any("sale"))
		_, summed := groups(nil, list(), list(), list("state"))[0].(kw)["amount_total"]
		equal(t, "without fields all are summed up", summed, version == 16)
		equal(t, "second page", groups(kw{"offset": int64(1), "limit": int64(1)}, list(), list(), "state")[0].(kw)["state"], any("sale"))
		whole := groups(nil, list(), list("amount_total:sum"), list())
		equal(t, "no grouping", whole[0].(kw)["__count"], any(int64(20)))
		partner := p.must("res.partner", "read_group", kw{"lazy": false, "limit": int64(1)}, list(), list("id"), list("country_id")).([]any)[0]
		want := map[int]any{16: list(int64(233), "United States"), 17: list(int64(233), "United States"), 18: list(int64(20), "Belgium"), 19: list(int64(128), "Liechtenstein")}
		equal(t, "by country", partner.(kw)["country_id"], want[version])
		unsearchable := AssertionError
		if version >= 19 {
			unsearchable = ValueError
		}
		equal(t, "by a computed field", p.name("res.partner", "read_group", nil, list(), list(), list("contact_address")), unsearchable)
		equal(t, "by no field", p.name("res.partner", "read_group", nil, list(), list(), list("nope")), ValueError)
		equal(t, "bad granularity", p.name("sale.order", "read_group", nil, list(), list(), list("date_order:foo")), ValueError)
		equal(t, "bad aggregator", p.name("sale.order", "read_group", nil, list(), list("amount_total:foo"), list("state")), ValueError)
		demo := p.db.as(t, "demo").must("sale.order", "read_group", nil, list(), list(), list("user_id")).([]any)
		equal(t, "rules hold", len(demo), 1)
	}
}

func TestFormattedReadGroup(t *testing.T) {
	for _, version := range []int{19, 20} {
		p := open(t, version).as(t, "admin")
		groups := func(groupby, aggregates []any, kwargs kw) []any {
			t.Helper()
			kwargs["domain"], kwargs["groupby"], kwargs["aggregates"] = list(), groupby, aggregates
			return p.must("sale.order", "formatted_read_group", kwargs).([]any)
		}
		equal(t, "having", groups(list("state"), list("amount_total:sum"), kw{"having": list(list("__count", "<", int64(2)))}), list(
			kw{"state": "sent", "__extra_domain": list(list("state", "=", "sent")), "amount_total:sum": 1740.0}))
		week := groups(list("date_order:week"), list("__count"), kw{"limit": int64(1)})
		equal(t, "by week", week, list(kw{"date_order:week": list("2026-10-11 00:00:00", "W42 2026"), "__count": int64(1),
			"__extra_domain": list("&", list("date_order", ">=", "2026-10-11 00:00:00"), list("date_order", "<", "2026-10-18 00:00:00"))}))
		most := groups(list("partner_id"), list("__count"), kw{"order": "__count desc", "limit": int64(1)})[0].(kw)
		equal(t, "most orders", []any{most["partner_id"].([]any)[1], most["__count"]}, list("Gemini Furniture", int64(13)))
		whole := groups(list(), list("__count", "amount_total:max", "amount_total:min", "user_id:count_distinct"), kw{})
		equal(t, "no grouping", whole, list(kw{"__count": int64(20), "amount_total:max": 2947.5, "amount_total:min": 377.5,
			"user_id:count_distinct": int64(2), "__extra_domain": list(list(int64(1), "=", int64(1)))}))
		tags := p.must("res.partner", "formatted_read_group", kw{"groupby": list("category_id"), "aggregates": list("__count")}, list()).([]any)
		equal(t, "a record in several groups", tags[0], any(kw{"category_id": list(int64(4), "Consulting Services"), "__count": int64(1),
			"__extra_domain": list(list("category_id", "=", int64(4)))}))
		equal(t, "without a tag", tags[len(tags)-1].(kw)["__extra_domain"], any(list(list("category_id", "not any", list()))))
	}
}

// 20 has read_group again, with another signature and lists for groups.
func TestReadGroupOf20(t *testing.T) {
	p := open(t, 20).as(t, "admin")
	got := p.must("sale.order", "read_group", nil, list(), list("state"), list("__count", "amount_total:sum")).([]any)
	equal(t, "tuples", []any{got[0], got[2]}, list(list("draft", int64(4), 5470.0), list("sent", int64(1), 1740.0)))
	equal(t, "many2one as ids", p.must("sale.order", "read_group", kw{"groupby": list("user_id"), "aggregates": list("__count"), "order": "__count"}, list()),
		any(list(list(int64(2), int64(7)), list(int64(5), int64(13)))))
	equal(t, "the old signature", p.name("sale.order", "read_group", kw{"fields": list("id"), "lazy": false}, list()), TypeError)
}

func TestKeyWizards(t *testing.T) {
	const wizard = "res.users.apikeys.description"
	type row struct {
		login string
		vals  kw
		want  map[int]string
	}
	rows := []row{
		{"admin", kw{"name": "k"}, map[int]string{16: ""}},
		{"demo", kw{"name": "k"}, map[int]string{16: ""}},
		{"demo", kw{"name": "k", "duration": "30"}, map[int]string{16: ValueError, 18: ""}},
		{"demo", kw{"name": "k", "duration": "90"}, map[int]string{16: ValueError, 18: "", 20: ValueError}},
		{"demo", kw{"name": "k", "duration": "365"}, map[int]string{16: ValueError, 18: ValidationError}},
		{"demo", kw{"name": "k", "duration": "0"}, map[int]string{16: ValueError, 18: ValidationError}},
		{"admin", kw{"name": "k", "duration": "0"}, map[int]string{16: ValueError, 18: ""}},
		{"demo", kw{"name": "k", "duration": "-1", "expiration_date": "2026-12-20 23:16:00"}, map[int]string{16: ValueError, 18: "", 20: ValueError}},
		{"demo", kw{"name": "k", "duration": "1", "expiration_date": "2027-12-20 23:16:00"}, map[int]string{16: ValueError, 18: "", 20: ValidationError}},
		{"portal", kw{"name": "k", "duration": "30"}, map[int]string{16: ValueError, 18: ValidationError}},
		{"portal", kw{"name": "k", "duration": "1"}, map[int]string{16: ValueError, 18: ""}},
		{"demo", kw{}, map[int]string{16: ValidationError}},
	}
	eachVersion(t, func(t *testing.T, version int) {
		db := open(t, version)
		for _, c := range rows {
			want := ""
			for first := 16; first <= version; first++ {
				if name, ok := c.want[first]; ok {
					want = name
				}
			}
			got := db.as(t, c.login).name(wizard, "create", nil, c.vals)
			if want == ValueError && version >= 19 && got == KeyError {
				got = ValueError
			}
			equal(t, c.login+" "+python(c.vals["duration"]), got, want)
		}
		demo, admin := db.as(t, "demo"), db.as(t, "admin")
		key, err := db.Call(Env{UID: demo.uid, Superuser: true}, "res.users.apikeys", "create", []any{kw{"name": "k", "user_id": demo.uid, "scope": "rpc"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "own keys", demo.read("res.users", demo.uid, "api_key_ids"), any(list(key)))
		equal(t, "seen by an administrator", admin.count("res.users.apikeys"), int64(1))
		equal(t, "seen by another", db.as(t, "portal").count("res.users.apikeys"), int64(0))
		equal(t, "deleted directly", demo.name("res.users.apikeys", "unlink", nil, list(key)), AccessError)
		w := demo.must(wizard, "create", nil, kw{"name": "mine"})
		equal(t, "another's wizard", db.as(t, "portal").name(wizard, "read", nil, list(w)), AccessError)
	})
}

// Every relation of every model leads somewhere, and all its records can be
// read by an administrator and sorted by every field that says so.
func TestSchemaHoldsTogether(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		db := open(t, version)
		boss := Env{UID: 1, Superuser: true}
		for name, m := range db.models {
			for _, f := range m.fields {
				if f.relational() != (f.typ == "many2one" || f.x2many()) {
					t.Errorf("%s.%s: %s with relation %q", name, f.name, f.typ, f.relation)
				}
				if f.relational() && db.models[f.relation] == nil {
					t.Errorf("%s.%s leads to no model %q", name, f.name, f.relation)
				}
				if f.typ == "one2many" && db.models[f.relation].byName[f.inverse] == nil {
					t.Errorf("%s.%s has no inverse %q", name, f.name, f.inverse)
				}
				if !f.sortable() {
					continue
				}
				if _, err := db.Call(boss, name, "search", []any{list()}, kw{"order": f.name + " desc"}); err != nil {
					t.Errorf("%s by %s: %v", name, f.name, err)
				}
			}
			if _, err := db.Call(boss, name, "search_read", nil, kw{"context": kw{"active_test": false}}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
