package orm

import (
	"encoding/json"
	"strings"
	"testing"
)

// parse reads JSON as calls carry it, integers as int64.
func parse(t *testing.T, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return numbers(v)
}

func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	}
	return v
}

// counted are domains on res.partner with what a real 19 counted for them over
// the same records, and every later version must.
var counted = []struct {
	domain string
	want   int64
}{
	{`[["name","not ilike",""]]`, 0},
	{`[["vat","not ilike","US"]]`, 14},
	{`[["vat","!=","US12345672"]]`, 35},
	{`["!",["vat","=","US12345672"]]`, 35},
	{`[["vat","<","US12345674"]]`, 22},
	{`["!",["vat","<","US12345674"]]`, 17},
	{`[["vat","in",["US12345672",false]]]`, 13},
	{`[["vat","not in",["US12345672",false]]]`, 26},
	{`[["vat","not in",["US12345672"]]]`, 35},
	{`[["vat","=?",false]]`, 39},
	{`[["vat","=?","US12345672"]]`, 4},
	{`[["vat","=",false]]`, 9},
	{`[["name","=like","A%"]]`, 3},
	{`[["name","=ilike","a%"]]`, 3},
	{`[["name","=ilike","az_re%"]]`, 1},
	{`[["name","like","azure"]]`, 0},
	{`[["name","ilike","azure"]]`, 1},
	{`[["name","ilike","az_re"]]`, 1},
	{`[["parent_id.name","!=","Azure Interior"]]`, 22},
	{`[["parent_id.name","=","Azure Interior"]]`, 3},
	{`[["parent_id","!=",15]]`, 36},
	{`[["parent_id","=",15]]`, 3},
	{`[["parent_id","=",false]]`, 14},
	{`[["parent_id","in",[15,false]]]`, 17},
	{`[["parent_id","not in",[15,false]]]`, 22},
	{`[["parent_id","not ilike","Azure"]]`, 36},
	{`[["parent_id","ilike","Azure"]]`, 3},
	{`[["parent_id","=","Azure Interior"]]`, 3},
	{`[["parent_id.parent_id","=",false]]`, 25},
	{`[["child_ids","=",false]]`, 31},
	{`[["child_ids","!=",false]]`, 8},
	{`[["child_ids.name","=","Colleen Diaz"]]`, 1},
	{`[["child_ids.name","!=","Colleen Diaz"]]`, 8},
	{`["!",["child_ids.name","=","Colleen Diaz"]]`, 38},
	{`[["child_ids","ilike","Colleen"]]`, 1},
	{`[["child_ids","not ilike","Colleen"]]`, 38},
	{`[["child_ids","in",[34,27]]]`, 1},
	{`[["child_ids","not in",[34,27]]]`, 38},
	{`[["id","child_of",15]]`, 4},
	{`[["id","child_of",[15,8]]]`, 8},
	{`[["parent_id","child_of",15]]`, 4},
	{`[["id","parent_of",27]]`, 2},
	{`[["id","child_of","Azure"]]`, 4},
	{`[["category_id","child_of",1]]`, 4},
	{`[["category_id","=",1]]`, 0},
	{`[["category_id","in",[7]]]`, 4},
	{`[["category_id","in",[7,false]]]`, 38},
	{`[["category_id","not in",[7]]]`, 35},
	{`[["category_id.name","ilike","desk"]]`, 4},
	{`[["category_id.parent_id.name","=","Vendor"]]`, 4},
	{`[["active","=",false]]`, 3},
	{`[["active","in",[true,false]]]`, 42},
	{`["|",["active","=",false],["id","=",1]]`, 4},
	{`["&",["is_company","=",true],"|",["id","=",8],["id","=",9]]`, 2},
	{`["!","&",["is_company","=",true],["vat","!=",false]]`, 32},
	{`["!","|",["is_company","=",true],["vat","!=",false]]`, 5},
	{`[["customer_rank","=",false]]`, 35},
	{`[["customer_rank",">",5]]`, 3},
	{`[["customer_rank",">=",6]]`, 3},
	{`[["customer_rank","<=",6]]`, 37},
	{`[["customer_rank","=","6"]]`, 1},
	{`[["customer_rank","in",[6,8]]]`, 2},
	{`[["is_company","=",1]]`, 11},
	{`[["is_company","!=",true]]`, 28},
	{`[["is_company","=",false]]`, 28},
	{`[["is_company","in",[true]]]`, 11},
	{`[[1,"=",1]]`, 39},
	{`[[0,"=",1]]`, 0},
	{`["!",[0,"=",1]]`, 39},
	{`[["id","in",[]]]`, 0},
	{`[["id","not in",[]]]`, 39},
	{`[["id","=",[1,2]]]`, 1},
	{`[["id",">",40]]`, 2},
	{`[["name","in","Azure Interior"]]`, 1},
	{`[["user_ids","any",[["login","=","demo"]]]]`, 1},
	{`[["user_ids","not any",[["login","=","demo"]]]]`, 38},
	{`[["parent_id","any",[["is_company","=",true],["vat","ilike","US"]]]]`, 19},
	{`[["parent_id","not any",[["is_company","=",true]]]]`, 14},
	{`[["country_id","=","United States"]]`, 32},
	{`[["country_id.code","=","US"]]`, 32},
	{`[["country_id","ilike","united"]]`, 32},
	{`[["country_id","=","US"]]`, 32},
	{`[["country_id","in",["United States","LI"]]]`, 33},
	{`[["credit_limit",">=",0]]`, 39},
	{`[["create_date",">","2020-01-01"]]`, 39},
	{`[["create_date","<","2020-01-01 00:00:00"]]`, 0},
	{`[["display_name","ilike","azure interior, c"]]`, 1},
	{`[["name","=","Azure Interior"],["is_company","=",true]]`, 1},
	{`[]`, 39},
}

func TestDomainsCountAsSeenLive(t *testing.T) {
	for _, version := range []int{19, 20} {
		p := open(t, version).as(t, "admin")
		for _, c := range counted {
			if got := p.must("res.partner", "search_count", nil, parse(t, c.domain)); got != c.want {
				t.Errorf("%d %s: %v, want %d", version, c.domain, got, c.want)
			}
		}
	}
}

// The operators mean the same on the older versions; only what is not set is
// ordered, or compared with False, differently.
func TestDomainsMeanTheSameBefore19(t *testing.T) {
	type caseOf struct {
		domain string
		want   map[int]int64
	}
	same := func(domain string, want int64) caseOf {
		return caseOf{domain, map[int]int64{16: want, 17: want, 18: want}}
	}
	cases := []caseOf{
		same(`[["name","=like","Azure%"]]`, 1),
		same(`[["name","=ilike","azure%"]]`, 1),
		same(`[["name","like","azure"]]`, 0),
		same(`[["name","ilike","azure"]]`, 1),
		same(`[["vat","=","US12345672"]]`, 4),
		same(`[["vat","in",["US12345672","US12345678"]]]`, 6),
		same(`[["vat","<","US12345673"]]`, 4),
		same(`["&",["is_company","=",true],"|",["id","=",9],["id","=",10]]`, 2),
		same(`[["parent_id.name","=","Azure Interior"]]`, 3),
		same(`[["parent_id","ilike","Azure"]]`, 3),
		same(`[["child_ids.name","=","Colleen Diaz"]]`, 1),
		same(`[["child_ids.name","!=","Colleen Diaz"]]`, 8),
		same(`["!",["child_ids.name","=","Colleen Diaz"]]`, 8),
		same(`["!",["vat","<","US12345673"]]`, 26),
		same(`[["category_id","child_of",1]]`, 4),
		same(`[["category_id","=",1]]`, 0),
		same(`[["country_id.code","=","US"]]`, 36),
		same(`[["active","=",false]]`, 4),
		same(`[["id","child_of",9]]`, 4),
		same(`[["customer_rank","=",false]]`, 0),
		{`[["customer_rank",">",5]]`, map[int]int64{16: 2, 17: 2, 18: 3}},
		{`[["vat","=",false]]`, map[int]int64{16: 6, 17: 6, 18: 7}},
	}
	for _, version := range []int{16, 17, 18} {
		p := open(t, version).as(t, "admin")
		for _, c := range cases {
			if got := p.must("res.partner", "search_count", nil, parse(t, c.domain)); got != c.want[version] {
				t.Errorf("%d %s: %v, want %d", version, c.domain, got, c.want[version])
			}
		}
	}
}

func TestMalformedDomains(t *testing.T) {
	cases := []struct {
		domain string
		want   map[int]string
	}{
		{`[["name","ilike"]]`, map[int]string{16: ValueError, 19: ValueError}},
		{`["&",["name","=","x"]]`, map[int]string{16: IndexError, 19: ValueError}},
		{`"nope"`, map[int]string{16: ValueError, 19: TypeError}},
		{`[["name","foo","x"]]`, map[int]string{16: ValueError, 19: ValueError}},
		{`[["name","any",[]]]`, map[int]string{16: ValueError, 19: ValueError}},
		{`[["name.x","=",1]]`, map[int]string{16: ValueError, 19: ValueError}},
		{`[["parent_id.nope","=",1]]`, map[int]string{16: ValueError, 19: ValueError}},
		{`[["parent_id","any",[["nope","=",1]]]]`, map[int]string{16: ValueError, 19: ValueError}},
		{`[["customer_rank","=","x"]]`, map[int]string{16: InvalidText, 19: ValueError}},
		{`[[1,"=",2]]`, map[int]string{16: ValueError, 19: ValueError}},
		{`[["user_ids","any",[["login","=","demo"]]]]`, map[int]string{16: ValueError, 17: "", 19: ""}},
	}
	eachVersion(t, func(t *testing.T, version int) {
		p := open(t, version).as(t, "admin")
		for _, c := range cases {
			want := ""
			for first := 16; first <= version; first++ {
				if name, ok := c.want[first]; ok {
					want = name
				}
			}
			equal(t, c.domain, p.name("res.partner", "search_count", nil, parse(t, c.domain)), want)
		}
	})
}
