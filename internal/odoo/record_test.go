package odoo

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

func TestRecords(t *testing.T) {
	in := jsontext.Value(` [ {"id": 7, "name":"A\u00e9", "country_id": [1, "B"] , "n":1.50}, {} ] `)
	records, err := Records(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 2 || len(records[0]) != 4 || len(records[1]) != 0 {
		t.Fatalf("records: %v", records)
	}
	if id, ok := records[0].ID(); id != 7 || !ok {
		t.Errorf("ID = %d, %v", id, ok)
	}
	if _, ok := records[1].ID(); ok {
		t.Error("a record without id has one")
	}
	got := string(AppendRecords(nil, records))
	want := `[{"id":7,"name":"A\u00e9","country_id":[1, "B"],"n":1.50},{}]`
	if got != want {
		t.Errorf("written %s; want %s", got, want)
	}
	if v := records[0].Get("nope"); v != nil {
		t.Errorf("Get of an unknown field = %s", v)
	}
}

func TestRecordValuesAreApart(t *testing.T) {
	records, err := Records(jsontext.Value(`[{"a":1,"b":2}]`))
	if err != nil {
		t.Fatal(err)
	}
	_ = append(records[0].Get("a"), "garbage"...)
	if got := string(records[0].Get("b")); got != "2" {
		t.Errorf("appending to one value changed the next: %s", got)
	}
}

func TestRecordsRefuses(t *testing.T) {
	for _, in := range []string{
		``, `null`, `false`, `{}`, `[1]`, `[[]]`, `[{"a":1}`, `[{"a":1}] 2`, `[{"a":1,"a":2}]`, `[{"a":}]`, `[{"a":1}]]`, "[{\"a\":\"\xff\"}]", `[{"a":[1}]`,
	} {
		if r, err := Records(jsontext.Value(in)); !errors.Is(err, ErrShape) {
			t.Errorf("Records(%s) = %v, %v; want ErrShape", in, r, err)
		}
	}
}

func TestIDs(t *testing.T) {
	got, err := IDs(jsontext.Value(`[3, 1,2]`))
	if err != nil || !reflect.DeepEqual(got, []int64{3, 1, 2}) {
		t.Errorf("IDs = %v, %v", got, err)
	}
	for _, in := range []string{`1`, `[0]`, `[-1]`, `["1"]`, `[1.5]`, `[1e2]`, `[true]`, `[1] 2`, `[9223372036854775808]`} {
		if ids, err := IDs(jsontext.Value(in)); !errors.Is(err, ErrShape) {
			t.Errorf("IDs(%s) = %v, %v; want ErrShape", in, ids, err)
		}
	}
}

func TestValueIDs(t *testing.T) {
	for _, tt := range []struct {
		in   any
		want []int64
	}{{int64(4), []int64{4}}, {[]any{int64(2), int64(1)}, []int64{2, 1}}, {[]any{}, []int64{}}} {
		if got, ok := ValueIDs(tt.in); !ok || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("ValueIDs(%v) = %v, %v; want %v", tt.in, got, ok, tt.want)
		}
	}
	for _, in := range []any{nil, true, "1", 1.0, int64(0), int64(-1), []any{"1"}, []any{int64(0)}, []any{[]any{int64(1)}}} {
		if got, ok := ValueIDs(in); ok {
			t.Errorf("ValueIDs(%v) = %v", in, got)
		}
	}
}

func TestNames(t *testing.T) {
	long := strings.Repeat("a", 65)
	tests := []struct {
		s                           string
		model, field, method, path_ bool
	}{
		{"res.partner", true, false, false, true},
		{"name", true, true, true, true},
		{"x_studio_field_1", true, true, true, true},
		{"ir.actions.act_window", true, false, false, true},
		{"a.2fa", true, false, false, false},
		{"__last_update", false, true, false, true},
		{"_private", false, true, false, true},
		{"getValue", false, true, true, true},
		{"RES.PARTNER", false, false, false, true},
		{"res.partner.", false, false, false, false},
		{".res", false, false, false, false},
		{"res..partner", false, false, false, false},
		{"2fa", false, false, false, false},
		{"res．partner", false, false, false, false},
		{"rеs.partner", false, false, false, false},
		{"res.partner\x00", false, false, false, false},
		{"res.partner\n", false, false, false, false},
		{"a b", false, false, false, false},
		{"a/../b", false, false, false, false},
		{"", false, false, false, false},
		{long, false, false, false, false},
		{long[:64], true, true, true, true},
	}
	for _, tt := range tests {
		if got := ValidModel(tt.s); got != tt.model {
			t.Errorf("ValidModel(%q) = %v", tt.s, got)
		}
		if got := ValidField(tt.s); got != tt.field {
			t.Errorf("ValidField(%q) = %v", tt.s, got)
		}
		if got := ValidMethod(tt.s); got != tt.method {
			t.Errorf("ValidMethod(%q) = %v", tt.s, got)
		}
		if got := ValidPath(tt.s); got != tt.path_ {
			t.Errorf("ValidPath(%q) = %v", tt.s, got)
		}
	}
}

func TestParseFields(t *testing.T) {
	// Recorded from Odoo 19.
	in := `{"name": {"readonly": false, "required": true, "searchable": true, "sortable": true, "store": true, "string": "Name", "type": "char"},
	"contact_address": {"readonly": true, "required": false, "searchable": false, "sortable": false, "store": false, "string": "Complete Address", "type": "char", "depends": ["street", "zip"]},
	"country_code": {"readonly": true, "store": false, "string": "Country Code", "type": "char", "related": "country_id.code", "depends": ["country_id.code"]},
	"country_id": {"relation": "res.country", "string": "Country", "type": "many2one"}}`
	got, err := ParseFields(jsontext.Value(in))
	want := Fields{
		"name":            {Name: "name", String: "Name", Type: "char", Required: true, Store: true, Searchable: true, Sortable: true},
		"contact_address": {Name: "contact_address", String: "Complete Address", Type: "char", Readonly: true, Depends: []string{"street", "zip"}},
		"country_code":    {Name: "country_code", String: "Country Code", Type: "char", Readonly: true, Depends: []string{"country_id.code"}, Related: "country_id.code"},
		"country_id":      {Name: "country_id", String: "Country", Type: "many2one", Relation: "res.country"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("ParseFields = %+v, %v; want %+v", got, err, want)
	}
	for _, in := range []string{``, `[]`, `{"a":1}`, `{"a":{}}`, `{"a":{"type":1}}`, `{"a":{"type":"char"},"a":{"type":"char"}}`} {
		if got, err := ParseFields(jsontext.Value(in)); err == nil {
			t.Errorf("ParseFields(%s) = %v; want an error", in, got)
		}
	}
}
