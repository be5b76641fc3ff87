package scheme_test

import (
	"context"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// kinds has a field of each kind, named after it.
func kinds() source {
	src := source{"a.b": fields(relation("many2one", "many2one", "a.b"), relation("many2many", "many2many", "a.b"))}
	for _, kind := range []string{
		"char", "text", "html", "selection", "date", "datetime", "boolean", "integer", "float", "monetary", "many2one_reference", "reference",
		"binary", "json", "properties", "properties_definition",
	} {
		src["a.b"][kind] = stored(kind, kind, kind)
	}
	return src
}

// The database takes no text for a number, and Odoo takes much for a truth value.
func TestKindsCompared(t *testing.T) {
	s := compile(t, scheme.Configuration{Model: "a.b"})
	all := "char text html selection date datetime boolean integer float monetary many2one_reference reference binary many2one many2many"
	for _, tt := range []struct {
		value any
		kinds string
	}{
		{false, all}, {true, "boolean"},
		{nil, strings.Replace(all, " binary", "", 1)},
		{"2026-05-01", "char text html selection date datetime reference"},
		{strings.Repeat("x", 10_000), "char text html selection date datetime reference"},
		{strings.Repeat("x", 10_001), ""}, {"a\x00", ""},
		{int64(0), "boolean integer float monetary many2one_reference many2one many2many"},
		{int64(1), "boolean integer float monetary many2one_reference many2one many2many"},
		{int64(2), "integer float monetary many2one_reference many2one many2many"},
		{1.5, "integer float monetary many2one_reference"},
		{[]any{int64(1)}, ""}, {vals{"a": int64(1)}, ""},
	} {
		for kind := range kinds()["a.b"] {
			if kind == "id" || kind == "display_name" {
				continue
			}
			want := strings.Contains(" "+tt.kinds+" ", " "+kind+" ")
			_, err := s.Check(context.Background(), kinds(), odoo.Call{Model: "a.b", Method: "search_count", Kwargs: domain(leaf(kind, "=", tt.value))})
			if (err == nil) != want || err != nil && code(err) != scheme.CodeOperator && code(err) != scheme.CodeDomain {
				t.Errorf("%s = %.20v: %v", kind, tt.value, err)
			}
			if kind == "binary" {
				continue
			}
			for _, operator := range []string{"in", "not in"} {
				_, err = s.Check(context.Background(), kinds(), odoo.Call{Model: "a.b", Method: "search_count", Kwargs: domain(leaf(kind, operator, []any{tt.value}))})
				if (err == nil) != want || err != nil && code(err) != scheme.CodeOperator && code(err) != scheme.CodeDomain {
					t.Errorf("%s %s [%.20v]: %v", kind, operator, tt.value, err)
				}
			}
		}
	}
}

// What is written has the form of its field.
func TestKindsWritten(t *testing.T) {
	s := compile(t, scheme.Configuration{Model: "a.b", Operations: readWrite})
	const (
		texts   = "char text html selection"
		numbers = "integer float monetary many2one_reference"
		single  = texts + " " + numbers + " date datetime boolean reference binary json properties properties_definition many2one"
	)
	for _, tt := range []struct {
		value any
		kinds string // that take it as it is
		other string // that take it for something else
		sent  string // which is this
	}{
		{"x", texts + " date datetime", "", ""},
		{"QQ==", texts + " date datetime binary", "", ""},
		{strings.Repeat("2", 32), texts + " date datetime binary", "", ""},
		{strings.Repeat("2", 33), texts, "", ""},
		{strings.Repeat("2", 10_001), "char text html", "", ""},
		{strings.Repeat("2", 10<<20+4), "", "", ""},
		{"a\x00", "", "", ""},
		{int64(0), numbers, "boolean", "false"},
		{int64(1), numbers + " many2one", "boolean", "true"},
		{int64(2), numbers + " many2one", "", ""},
		{int64(-1), numbers, "", ""},
		{1.5, "float monetary", "", ""},
		{true, "boolean", "", ""},
		{nil, "", single, "false"},
		{false, single, "many2many", "[]"},
		{[]any{}, "many2many", "", ""},
		{vals{}, "", "", ""},
		{strings.Repeat("2", 10<<20), "char text html binary", "", ""},
	} {
		same := text(t, tt.value)
		for kind := range kinds()["a.b"] {
			want, sent := "", same
			switch {
			case tt.value == nil && kind == "many2many":
				sent = "[]"
			case kind == "id", kind == "display_name":
				want = scheme.CodeField
			case strings.Contains(" "+tt.other+" ", " "+kind+" "):
				sent = tt.sent
			case !strings.Contains(" "+tt.kinds+" ", " "+kind+" "):
				want = scheme.CodeInvalid
			}
			got, err := s.Check(context.Background(), kinds(), write("a.b", vals{kind: tt.value}, 1))
			if code(err) != want || err == nil && text(t, got.Args) != `[{"`+kind+`":`+sent+`}]` {
				t.Errorf("%s is %.40v: %.80v, %v, want %q", kind, tt.value, got.Args, err, want)
			}
		}
	}
}
