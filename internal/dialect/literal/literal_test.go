package literal_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/dialect/literal"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

func TestParse(t *testing.T) {
	tests := []struct {
		text string
		want any
	}{
		{`None`, nil}, {`null`, nil}, {`True`, true}, {`true`, true}, {`False`, false}, {`false`, false},
		{`0`, int64(0)}, {`-7`, int64(-7)}, {`+7`, int64(7)}, {`9223372036854775807`, int64(9223372036854775807)},
		{`1.5`, 1.5}, {`.5`, .5}, {`1.`, 1.0}, {`-1e3`, -1000.0}, {`2E-2`, .02},
		{`''`, ""}, {`"a"`, "a"}, {`'it''`, nil}, {`'it\'s'`, "it's"}, {`"say \"x\""`, `say "x"`}, {`'"'`, `"`},
		{`'\x41\u00e9\U0001F600\n\t\\\/'`, "Aé😀\n\t\\/"}, {`"\ud83d\ude00"`, "😀"}, {`'Zoë 日本'`, "Zoë 日本"},
		{`[]`, []any{}}, {`()`, []any{}}, {`{}`, map[string]any{}},
		{`(1)`, int64(1)}, {`(1,)`, []any{int64(1)}}, {`((1,),)`, []any{[]any{int64(1)}}}, {`[1,]`, []any{int64(1)}},
		{" [ 1 ,\t'a' ,\r\n ( True , None ) ] ", []any{int64(1), "a", []any{true, nil}}},
		{`[('is_company','=',True),('customer','=',True)]`, []any{[]any{"is_company", "=", true}, []any{"customer", "=", true}}},
		{`{'name':'Peter','country_id':482, "tags": [(6, 0, [1,2])],}`, map[string]any{
			"name": "Peter", "country_id": int64(482), "tags": []any{[]any{int64(6), int64(0), []any{int64(1), int64(2)}}}}},
		{`["&", ["a", "=", null], ('b', '!=', false)]`, []any{"&", []any{"a", "=", nil}, []any{"b", "!=", false}}},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := literal.Parse(tt.text)
			if tt.text == `'it''` {
				if err == nil {
					t.Fatalf("got %v", got)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %#v, %v; want %#v", got, err, tt.want)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	tests := []string{
		``, ` `, `x`, `nul`, `Nonesuch`, `TRUE`, `True1`, `nan`, `inf`, `-inf`, `Infinity`,
		`__import__('os').system('id')`, `os`, `[].append`, `f'x'`, `b'x'`, `r'x'`, `u'x'`, `f"{1}"`,
		`'a' 'b'`, `'a''b'`, `'''a'''`, `['a' 'b']`, `[1 2]`, `[,]`, `[1,,2]`, `(,)`, `{,}`, `[1`, `(1`, `{'a':1`, `[1)`, `(1]`,
		`{1}`, `{1:2}`, `{None:1}`, `{'a'}`, `{'a' 1}`, `{'a':1 'b':2}`, `{'a':1,'a':2}`, `{"a":1,'\x61':2}`, `{**{}}`, `[*[]]`,
		`1+2`, `--1`, `- 1`, `~1`, `not True`, `1 if 1 else 2`, `[x for x in y]`, `lambda: 1`, `1j`, `0x10`, `0o7`, `0b1`, `007`, `00`, `1_000`,
		`9223372036854775808`, `1e999`, `1e`, `.`, `-`, `1.2.3`, `1.e`, `...`,
		`'\N{BULLET}'`, `'\q'`, `'\0'`, `'\101'`, `'\u12'`, `'\x4'`, `'\xzz'`, `'\u+123'`, `'\ud83d'`, `'\ud83d\u0041'`, `'\ude00\ud83d'`, `'\U00110000'`, `'\ud800x'`,
		"'a\nb'", "'\x00'", `'`, `"a'`, `1 # comment`, `1;`, `[1] [2]`, `1,2`, "\xff", "'\xff'", "\ufeff1", "\u00a01",
		strings.Repeat("[", 65) + strings.Repeat("]", 65),
		strings.Repeat("(", 100_000),
		"[" + strings.Repeat("1,", literal.MaxValues) + "]",
		"'" + strings.Repeat("a", literal.MaxBytes) + "'",
		strings.Repeat("1", 65) + ".0",
	}
	for _, text := range tests {
		t.Run(text[:min(len(text), 40)], func(t *testing.T) {
			if got, err := literal.Parse(text); !errors.Is(err, literal.ErrSyntax) {
				t.Errorf("got %#v, %v", got, err)
			}
		})
	}
}

// TestBounds: a value at a bound is read, and one beyond it is not, whatever it
// is made of.
func TestBounds(t *testing.T) {
	nest := func(open, inside, shut string, n int) string {
		return strings.Repeat(open, n) + inside + strings.Repeat(shut, n)
	}
	dict := func(n int) string { // n keys and n values, and the dict itself
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "'%x':1,", i)
		}
		return "{" + b.String() + "}"
	}
	for name, text := range map[string]struct{ at, beyond string }{
		"lists":  {nest("[", "", "]", literal.MaxDepth), nest("[", "", "]", literal.MaxDepth+1)},
		"tuples": {nest("(", "", ",)", literal.MaxDepth), nest("(", "", ",)", literal.MaxDepth+1)},
		"dicts":  {nest("{'a':", "1", "}", literal.MaxDepth), nest("{'a':", "1", "}", literal.MaxDepth+1)},
		"mixed":  {nest("[({'a':", "1", "},)]", literal.MaxDepth/3), nest("[({'a':", "1", "},)]", literal.MaxDepth/3+1)},
		"values": {"[" + strings.Repeat("1,", literal.MaxValues-1) + "]", "[" + strings.Repeat("1,", literal.MaxValues) + "]"},
		"keys":   {dict(literal.MaxValues/2 - 1), dict(literal.MaxValues / 2)},
		"bytes":  {"'" + strings.Repeat("a", literal.MaxBytes-2) + "'", "'" + strings.Repeat("a", literal.MaxBytes-1) + "'"},
	} {
		if name == "tuples" {
			text.at, text.beyond = strings.Replace(text.at, "(,)", "()", 1), strings.Replace(text.beyond, "(,)", "()", 1)
		}
		if _, err := literal.Parse(text.at); err != nil {
			t.Errorf("%s at the bound: %v", name, err)
		}
		if _, err := literal.Parse(text.beyond); !errors.Is(err, literal.ErrSyntax) {
			t.Errorf("%s beyond the bound: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`[('is_company','=',True)]`, `{"a":[1,2.5,null,"\u00e9"]}`, `(1,)`, `'\x41'`, `-1e5`, `"\ud83d\ude00"`,
		`{'a':{'b':(None,)}}`, `[[],[[]]]`, `1.`, `[1,]`, `"\/"`, `-0`, `-0.0`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := literal.Parse(text)
		if err == nil {
			onlyValues(t, got)
		}
		want, jsonErr := odoo.ParseJSON([]byte(text), odoo.Limits{Depth: literal.MaxDepth, Values: literal.MaxValues})
		if jsonErr != nil || len(text) > literal.MaxBytes {
			return
		}
		if err != nil {
			// The one thing JSON has and a literal refuses: an integer that
			// only fits a float.
			if strings.Contains(err.Error(), "out of range") {
				return
			}
			t.Fatalf("%q is JSON, but: %v", text, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q is %#v, as JSON %#v", text, got, want)
		}
	})
}

func onlyValues(t *testing.T, v any) {
	t.Helper()
	switch v := v.(type) {
	case nil, bool, int64, float64, string:
	case []any:
		for _, e := range v {
			onlyValues(t, e)
		}
	case map[string]any:
		for _, e := range v {
			onlyValues(t, e)
		}
	default:
		t.Fatalf("a value of type %T", v)
	}
}
