package orm

import (
	"reflect"
	"testing"
)

// plain tells whether a value is made of what JSON has, as ParseJSON yields it.
func plain(v any) bool {
	switch v := v.(type) {
	case nil, bool, int64, float64, string:
		return true
	case []any:
		for _, e := range v {
			if !plain(e) {
				return false
			}
		}
		return true
	case map[string]any:
		for _, e := range v {
			if !plain(e) {
				return false
			}
		}
		return true
	}
	return false
}

// Answers are plain values, the same from every database of a version.
func TestAnswersArePlainAndDeterministic(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		one, other := open(t, version), open(t, version)
		boss := Env{UID: 1, Superuser: true}
		for name := range one.models {
			for method, kwargs := range map[string]kw{"search_read": {"context": kw{"active_test": false}}, "fields_get": {}} {
				a, err := one.Call(boss, name, method, nil, kwargs)
				if err != nil {
					t.Fatalf("%s.%s: %v", name, method, err)
				}
				b, _ := other.Call(boss, name, method, nil, kwargs)
				if !plain(a) {
					t.Errorf("%s.%s answers more than JSON has", name, method)
				}
				if !reflect.DeepEqual(a, b) {
					t.Errorf("%s.%s differs from database to database", name, method)
				}
			}
		}
	})
}

// What a caller does with an answer, or with the values it sent, stays outside.
func TestAnswersAreCopies(t *testing.T) {
	p := open(t, 19).as(t, "admin")
	tags := list(list(int64(6), int64(0), list(int64(1), int64(2))))
	p.must("res.partner", "write", nil, list(int64(1)), kw{"category_id": tags})
	tags[0].([]any)[2].([]any)[0] = int64(7)
	p.read("res.partner", 1, "category_id").([]any)[0] = int64(99)
	equal(t, "tags", p.read("res.partner", 1, "category_id"), any(list(int64(2), int64(1))))
	u, _ := p.db.UserByLogin("admin")
	u.CompanyIDs[0] = 99
	again, _ := p.db.UserByLogin("admin")
	equal(t, "companies", again.CompanyIDs, []int64{1, 2})
}

func TestConversions(t *testing.T) {
	cases := []struct {
		field string
		value any
		want  any    // as read answers it
		class string // of the failure
	}{
		{"customer_rank", "7", int64(7), ""}, {"customer_rank", 7.0, int64(7), ""}, {"customer_rank", false, int64(0), ""},
		{"customer_rank", true, int64(1), ""}, {"customer_rank", "x", nil, ValueError}, {"customer_rank", list(), nil, TypeError},
		{"credit_limit", int64(2), 2.0, ""}, {"credit_limit", "2.5", 2.5, ""}, {"credit_limit", "x", nil, ValueError}, {"credit_limit", kw{}, nil, TypeError},
		{"is_company", int64(1), true, ""}, {"is_company", "", false, ""}, {"name", "  trimmed ", "trimmed", ""}, {"name", int64(5), "5", ""},
		{"date", "2026-11-21", "2026-11-21", ""}, {"date", "soon", nil, ValueError}, {"date", false, false, ""},
		{"country_id", list(int64(20), "Belgium"), list(int64(20), "Belgium"), ""}, {"country_id", "abc", nil, InvalidText}, {"country_id", nil, false, ""},
		{"type", "invoice", "invoice", ""}, {"type", "bogus", nil, ValueError}, {"image_1920", "no base64", nil, "binascii.Error"}, {"image_1920", int64(1), nil, TypeError},
		{"contact_address", "ignored", nil, ""}, {"category_id", "x", nil, ValueError},
	}
	p := open(t, 19).as(t, "admin")
	for _, c := range cases {
		what := c.field + " = " + python(c.value)
		equal(t, what, p.name("res.partner", "write", nil, list(int64(8)), kw{c.field: c.value}), c.class)
		if c.class == "" && c.want != nil {
			equal(t, what, p.read("res.partner", 8, c.field), c.want)
		}
	}
	p.must("res.users", "write", nil, list(int64(2)), kw{"email": "new@example.com"})
	equal(t, "written through a relation", p.read("res.partner", 3, "email"), any("new@example.com"))
}

func TestDatetimes(t *testing.T) {
	p := open(t, 19).as(t, "admin")
	order := list("id", "=", int64(2)) // of 2026-10-21 02:08:00
	for domain, want := range map[string]int64{
		`["date_order", ">", "2026-10-21"]`: 0, `["date_order", ">=", "2026-10-21"]`: 1, `["date_order", "<=", "2026-10-21"]`: 1,
		`["date_order", "<", "2026-10-21"]`: 0, `["date_order", "=", "2026-10-21 02:08:00"]`: 1, `["validity_date", "<", "2030-01-01"]`: 0,
	} {
		equal(t, domain, p.count("sale.order", order, parse(t, domain)), want)
	}
	labels := map[string][2]string{
		"hour": {"02:00 21 Oct", "2026-10-21 03:00:00"}, "day": {"21 Oct 2026", "2026-10-22 00:00:00"}, "week": {"W43 2026", "2026-10-25 00:00:00"},
		"month": {"October 2026", "2026-11-01 00:00:00"}, "quarter": {"Q4 2026", "2027-01-01 00:00:00"}, "year": {"2026", "2027-01-01 00:00:00"},
	}
	for granularity, want := range labels {
		spec := "date_order:" + granularity
		group := p.must("sale.order", "read_group", nil, list(order), list(), list(spec)).([]any)[0].(kw)
		equal(t, granularity, group[spec], any(want[0]))
		equal(t, granularity+" ends", group["__range"].(kw)[spec].(kw)["to"], any(want[1]))
	}
}

func TestParametersByVersion(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		p := open(t, version).as(t, "admin")
		if version >= 20 {
			equal(t, "get_param", p.name("ir.config_parameter", "get_param", nil, "web.base.url"), AttributeError)
			equal(t, "get_str", p.must("ir.config_parameter", "get_str", nil, "base.login_cooldown_after"), any("10"))
			return
		}
		p.must("ir.config_parameter", "set_param", nil, "x.y", "1")
		p.must("ir.config_parameter", "set_param", nil, "x.y", "2")
		equal(t, "get_param", p.must("ir.config_parameter", "get_param", nil, "x.y"), any("2"))
		equal(t, "default", p.must("ir.config_parameter", "get_param", nil, "no.such", "z"), any("z"))
		equal(t, "get_str", p.name("ir.config_parameter", "get_str", nil, "x.y"), AttributeError)
		equal(t, "by demo", p.db.as(t, "demo").name("ir.config_parameter", "get_param", nil, "x.y"), AccessError)
	})
}

func TestLike(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"%", "", true}, {"a%", "abc", true}, {"%c", "abc", true}, {"a_c", "abc", true}, {"a_c", "ac", false}, {"%b%", "abc", true},
		{`a\%c`, "a%c", true}, {`a\%c`, "abc", false}, {"", "", true}, {"", "a", false}, {"é_", "éa", true},
	} {
		equal(t, c.pattern+" on "+c.text, like(c.pattern, c.text), c.want)
	}
}
