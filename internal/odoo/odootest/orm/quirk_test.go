package orm

import (
	"strings"
	"testing"
)

// names are the display names in a name_search answer.
func names(v any) []string {
	var out []string
	for _, pair := range v.([]any) {
		out = append(out, pair.([]any)[1].(string))
	}
	return out
}

func ids(v any) []int64 { return idList(v) }

// A leaf on a field that cannot be searched is true up to 18 and an error
// later: a filter on it fails open.
func TestLeafOnUnsearchableField(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		p := open(t, version).as(t, "admin")
		domain := list(list("contact_address", "=", "zzz"))
		described := p.must("res.partner", "fields_get", nil, list("contact_address"), list("searchable", "sortable", "store")).(kw)
		equal(t, "fields_get", described["contact_address"], any(kw{"searchable": false, "sortable": false, "store": false}))
		if version >= 19 {
			equal(t, "search", p.name("res.partner", "search", nil, domain), ValueError)
			equal(t, "order", p.name("res.partner", "search", kw{"order": "contact_address"}, list()), ValueError)
			return
		}
		equal(t, "count", p.count("res.partner", domain...), p.count("res.partner"))
		equal(t, "negated count", p.count("res.partner", "!", domain[0]), p.count("res.partner"))
		equal(t, "order", p.name("res.partner", "search", kw{"order": "contact_address"}, list()), "")
	})
}

// 17 cannot search display_name: a condition on it counts all.
func TestDisplayNameSearch(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		p := open(t, version).as(t, "admin")
		got := p.count("res.partner", list("display_name", "ilike", "no such name"))
		if version == 17 {
			equal(t, "17 counts all", got, p.count("res.partner"))
		} else {
			equal(t, "count", got, int64(0))
			equal(t, "found", p.count("res.partner", list("display_name", "ilike", "Azure Interior, C")), int64(1))
		}
	})
}

// name_search, and a text compared with a many2one, look at fields that nobody
// named: the e-mail on every version, the tax id from 17 on.
func TestNameSearchLooksFurther(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		p := open(t, version).as(t, "admin")
		byVAT := names(p.must("res.partner", "name_search", nil, "US12345677"))
		if version == 16 {
			equal(t, "by VAT", len(byVAT), 0)
		} else {
			equal(t, "by VAT", byVAT[0], "Azure Interior")
			equal(t, "found by VAT", len(byVAT), 4)
		}
		equal(t, "by e-mail", names(p.must("res.partner", "name_search", nil, "colleen.diaz@azure")), []string{"Azure Interior, Colleen Diaz"})
		equal(t, "orders by the customer's e-mail", p.count("sale.order", list("partner_id", "ilike", "joel.willis63")), int64(2))
		equal(t, "orders by the customer's name", p.count("sale.order", list("partner_id", "=", "Ready Mat")), int64(2))
		equal(t, "first three", names(p.must("res.partner", "name_search", kw{"name": "Azure", "limit": int64(3)})),
			[]string{"Azure Interior", "Azure Interior, Brandon Freeman", "Azure Interior, Colleen Diaz"})
		argument := "args"
		if version >= 19 {
			argument = "domain"
		}
		equal(t, "with a domain", len(names(p.must("res.partner", "name_search", kw{"name": "Azure", argument: list(list("is_company", "=", true))}))), 1)
		other := map[string]string{"args": "domain", "domain": "args"}[argument]
		equal(t, "the other name", p.name("res.partner", "name_search", kw{other: list()}), TypeError)
	})
}

// From 17 on the context puts hidden fields into display names.
func TestContextPutsFieldsIntoNames(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		p := open(t, version).as(t, "admin")
		context := kw{"show_email": true, "show_vat": true}
		search := p.must("res.partner", "name_search", kw{"name": "Azure Interior", "limit": int64(1), "context": context})
		read := p.must("res.partner", "search_read", kw{"fields": list("parent_id"), "context": context}, list(list("name", "=", "Colleen Diaz")))
		parent := read.([]any)[0].(kw)["parent_id"].([]any)[1].(string)
		for what, name := range map[string]string{"name_search": names(search)[0], "many2one": parent} {
			shown := strings.Contains(name, "vauxoo@") && strings.Contains(name, "US12345677")
			equal(t, what+" shows "+name, shown, version >= 17)
		}
	})
}

// The groups of a field do not matter to domain and order up to 16: counting
// tells the value of a field that cannot be read.
func TestFieldGroups(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		p := open(t, version).as(t, "demo")
		want := AccessError
		if version == 16 {
			want = ""
		}
		leaf := list("credit_limit", ">", 2500.0)
		equal(t, "domain", p.name("res.partner", "search_count", nil, list(leaf)), want)
		equal(t, "path", p.name("res.partner", "search_count", nil, list(list("parent_id.credit_limit", ">", 2500.0))), want)
		equal(t, "path from orders", p.name("sale.order", "search_count", nil, list(list("partner_id.credit_limit", ">", 2500.0))), want)
		equal(t, "order", p.name("res.partner", "search", kw{"order": "credit_limit desc"}, list()), want)
		if version == 16 {
			limited := p.count("res.partner", leaf)
			if limited == 0 || limited == p.count("res.partner") {
				t.Errorf("counted %d, which tells nothing", limited)
			}
		}
		equal(t, "read", p.name("res.partner", "read", nil, list(int64(1)), list("credit_limit")), AccessError)
		equal(t, "search_read", p.name("res.partner", "search_read", kw{"fields": list("credit_limit")}), AccessError)
		equal(t, "write", p.name("res.partner", "write", nil, list(int64(1)), kw{"credit_limit": 1.0}), AccessError)
		equal(t, "create", p.name("res.partner", "create", nil, kw{"name": "x", "credit_limit": 1.0}), AccessError)
		if version <= 19 {
			equal(t, "read_group", p.name("res.partner", "read_group", nil, list(), list("credit_limit:sum"), list("country_id")), AccessError)
		}
		if version >= 19 {
			equal(t, "aggregate", p.name("res.partner", "formatted_read_group", kw{"aggregates": list("credit_limit:sum")}, list()), AccessError)
		}
		equal(t, "fields_get", len(p.must("res.partner", "fields_get", nil, list("credit_limit")).(kw)), 0)
		all := p.must("res.partner", "read", nil, list(int64(1))).([]any)[0].(kw)
		if _, there := all["credit_limit"]; there || all["name"] != "YourCompany" {
			t.Errorf("a read of all fields answers %v", all)
		}
		boss := p.db.as(t, "admin")
		equal(t, "admin", boss.read("res.partner", 1, "credit_limit"), any(0.0))
	})
}

func TestBinaryFields(t *testing.T) {
	eachVersion(t, func(t *testing.T, version int) {
		p := open(t, version).as(t, "admin")
		v := p.read("res.partner", 1, "image_128")
		object, isObject := v.(kw)
		equal(t, "an object", isObject, version >= 20)
		content, _ := v.(string)
		if isObject {
			content = object["content"].(string)
			equal(t, "size", object["size"], any(binarySize(content)))
			equal(t, "search by size", p.count("res.partner", list("id", "=", int64(1)), list("image_128.size", ">", int64(10))), int64(1))
			p.must("res.partner", "write", nil, list(int64(8)), kw{"image_1920": kw{"content": "aGVsbG8=", "filename": "x"}})
			equal(t, "written as an object", p.read("res.partner", 8, "image_1920").(kw)["content"], any("aGVsbG8="))
		} else {
			size := p.must("res.partner", "read", kw{"context": kw{"bin_size": true}}, list(int64(1)), list("image_128")).([]any)[0].(kw)["image_128"]
			if s, _ := size.(string); !strings.HasSuffix(s, "bytes") {
				t.Errorf("bin_size answers %v", size)
			}
		}
		if !strings.HasPrefix(content, "iVBOR") {
			t.Errorf("no PNG: %.20s", content)
		}
		equal(t, "empty", p.read("res.partner", 2, "image_128"), any(false))
		p.must("res.partner", "write", nil, list(int64(8)), kw{"image_1920": "aGk="})
		equal(t, "set", p.count("res.partner", list("id", "=", int64(8)), list("image_1920", "!=", false)), int64(1))
	})
}
