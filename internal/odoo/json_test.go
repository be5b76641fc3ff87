package odoo

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestParseJSON(t *testing.T) {
	tests := []struct {
		in   string
		want any
	}{
		{`null`, nil},
		{` true `, true},
		{`"a\u00e9\n"`, "aé\n"},
		{`0`, int64(0)},
		{`-0`, int64(0)},
		{`9223372036854775807`, int64(math.MaxInt64)},
		{`-9223372036854775808`, int64(math.MinInt64)},
		{`9223372036854775808`, float64(1 << 63)},
		{`1.0`, 1.0},
		{`1e2`, 100.0},
		{`1E-400`, 0.0},
		{`[]`, []any{}},
		{`{}`, map[string]any{}},
		{`[1,[2,{"a":[]}],"x"]`, []any{int64(1), []any{int64(2), map[string]any{"a": []any{}}}, "x"}},
		{`{"a":{"b":1},"b":1}`, map[string]any{"a": map[string]any{"b": int64(1)}, "b": int64(1)}},
	}
	for _, tt := range tests {
		got, err := ParseJSON([]byte(tt.in), DefaultLimits)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("ParseJSON(%s) = %#v, %v; want %#v", tt.in, got, err, tt.want)
		}
	}
}

func TestParseJSONRefuses(t *testing.T) {
	tests := map[string]string{
		"empty":                    ``,
		"white space only":         "  \n",
		"cut in an array":          `[1,`,
		"cut in an object":         `{"a":`,
		"missing value":            `{"a"}`,
		"duplicate name":           `{"a":1,"a":1}`,
		"duplicate name, escaped":  `{"a":1,"\u0061":2}`,
		"duplicate name, deep":     `[[{"x":{"a":1,"b":{},"a":1}}]]`,
		"invalid UTF-8":            "\"\xff\"",
		"invalid UTF-8 in a name":  "{\"\xc3\":1}",
		"lone surrogate":           `"\ud800"`,
		"trailing value":           `1 2`,
		"trailing bracket":         `[]]`,
		"trailing garbage":         `{} x`,
		"byte order mark":          "\ufeff{}",
		"NaN":                      `NaN`,
		"infinity":                 `-Infinity`,
		"leading zero":             `01`,
		"plus":                     `+1`,
		"comment":                  `[1/*x*/]`,
		"trailing comma":           `[1,]`,
		"single quotes":            `'a'`,
		"huge exponent":            `1e999999999`,
		"exponent beyond any int":  `1e99999999999999999999999`,
		"huge negative exponent":   `1e-999999999`,
		"overflow":                 `1e309`,
		"integer beyond a float64": strings.Repeat("9", 400),
		"long number":              "0." + strings.Repeat("1", 100),
		"control character":        "\"\x01\"",
		"too deep":                 strings.Repeat("[", 65) + strings.Repeat("]", 65),
		"far too deep":             strings.Repeat("[", 200_000),
		"too deep in objects":      strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65),
	}
	for name, in := range tests {
		if v, err := ParseJSON([]byte(in), DefaultLimits); !errors.Is(err, ErrJSON) {
			t.Errorf("%s: ParseJSON = %v, %v; want ErrJSON", name, v, err)
		}
	}
}

func TestParseJSONLimits(t *testing.T) {
	in := `[1,{"a":2,"b":[]}]` // an array, 1, an object, 2 names, 2, an array
	if _, err := ParseJSON([]byte(in), Limits{Depth: 3, Values: 7}); err != nil {
		t.Errorf("within the limits: %v", err)
	}
	for _, l := range []Limits{{Depth: 2, Values: 7}, {Depth: 3, Values: 6}} {
		if _, err := ParseJSON([]byte(in), l); !errors.Is(err, ErrJSON) {
			t.Errorf("%+v: %v; want ErrJSON", l, err)
		}
	}
}

func TestMarshalValue(t *testing.T) {
	tests := []struct {
		in   any
		want string
	}{
		{nil, `null`},
		{1.0, `1.0`},
		{1e300, `1e+300`},
		{0.1, `0.1`},
		{int64(-5), `-5`},
		{"</script> \"é\"", `"</script> \"é\""`},
		{map[string]any{"b": []any{true, nil}, "a": map[string]any{}}, `{"a":{},"b":[true,null]}`},
	}
	for _, tt := range tests {
		got, err := MarshalValue(tt.in)
		if err != nil || string(got) != tt.want {
			t.Errorf("MarshalValue(%#v) = %s, %v; want %s", tt.in, got, err, tt.want)
		}
	}
	for _, in := range []any{
		1, uint(1), float32(1), []string{"a"}, map[string]int{}, struct{}{},
		math.NaN(), math.Inf(1), "\xff", []any{[]any{"\xff"}}, map[string]any{"\xff": nil}, map[string]any{"a": 1},
	} {
		if got, err := MarshalValue(in); err == nil {
			t.Errorf("MarshalValue(%#v) = %s; want an error", in, got)
		}
	}
}

// comparePlain fails where the plain parser takes what the tokenizer refuses, or
// otherwise.
func comparePlain(t *testing.T, in []byte, limits Limits) (taken bool) {
	t.Helper()
	got, ok := parsePlain(in, limits)
	want, err := parseAny(in, limits)
	if ok && (err != nil || !reflect.DeepEqual(got, want)) {
		t.Errorf("%q: %#v, and by the tokenizer %#v, %v", in, got, want, err)
	}
	return ok
}

func TestPlainJSON(t *testing.T) {
	for in, want := range map[string]bool{
		`{"domain": [["name", "ilike", "a"]], "fields": ["name"], "limit": 10, "order": null, "x": -1.5e3, "y": [], "z": {}}`: true,
		` [ true , false , "caf\u00e9 \"x\"" ] `: true, `"x"`: true, `7`: true, `{"a":{"b":{"c":1}}}`: true, `9223372036854775808`: true,
		`{"a":1,"a":2}`: false, `{"a":1,"\u0061":2}`: false, `{"a":1,}`: false, `[1,]`: false, `[1 2]`: false, `{"a" 1}`: false, `{a:1}`: false,
		`{"a":1`: false, `[`: false, ``: false, `1e999`: false, `01`: false, `"\ud83d\ude00"`: false, `"\x"`: false, `nul`: false, `[1] 2`: false,
		`{"a":}`: false, `{,}`: false, "\"\xff\"": false, `{1:2}`: false, `{"a":1 "b":2}`: false,
		strings.Repeat("[", 64) + strings.Repeat("]", 64): true, strings.Repeat("[", 65) + strings.Repeat("]", 65): false,
	} {
		if got := comparePlain(t, []byte(in), DefaultLimits); got != want {
			t.Errorf("%s is taken: %v", in, got)
		}
	}
	few := Limits{Depth: 2, Values: 5}
	for in, want := range map[string]bool{`[1,2,3,4]`: true, `[1,2,3,4,5]`: false, `{"a":1,"b":2}`: true, `{"a":1,"b":2,"c":3}`: false, `[[]]`: true, `[[[]]]`: false} {
		if got := comparePlain(t, []byte(in), few); got != want {
			t.Errorf("%s is taken: %v", in, got)
		}
	}
}

// TestCrowdedJSON holds what is refused by its commas and colons alone.
func TestCrowdedJSON(t *testing.T) {
	for in, want := range map[string]bool{
		`[1,2,3,4]`: false, `[1,2,3,4,5]`: true, `[1,2,3,4,"]`: true, `[1,2,3,"a,:",4]`: true, `[1,2,"a,:,:,:",4]`: false, `[1,2,"\",\\",4]`: false,
		`{"a":1,"b":2}`: false, `{"a":1,"b":2,"c":3}`: true, `["a\`: false, `[,,,,,,,,,`: true, `"\",,,,,,,,,"`: false, `"\\",,,,,,,,,"`: true,
	} {
		if got := crowded([]byte(in), 4); got != want {
			t.Errorf("%s has more than 4 values: %v", in, got)
		}
		if _, err := ParseJSON([]byte(in), Limits{Depth: 2, Values: 4}); want && (err == nil || !strings.Contains(err.Error(), "more than 4 values")) {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,2.5,-3e7,"x",null,true]}`, `[[[[]]]]`, `"\ud83d\ude00"`, `1e400`, `{"a":1,"a":2}`, `-0`, `-0.0`, "\xff", `18446744073709551615`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		comparePlain(t, in, DefaultLimits)
		few := Limits{Depth: 2, Values: 5}
		comparePlain(t, in, few)
		if _, err := parseAny(in, few); err == nil && crowded(in, few.Values) {
			t.Fatalf("%q is said to have more than %d values", in, few.Values)
		}
		v, err := ParseJSON(in, DefaultLimits)
		if err != nil {
			if !errors.Is(err, ErrJSON) {
				t.Fatalf("error is no ErrJSON: %v", err)
			}
			return
		}
		out, err := MarshalValue(v)
		if err != nil {
			t.Fatalf("parsed but not written: %v", err)
		}
		again, err := ParseJSON(out, DefaultLimits)
		if err != nil || !reflect.DeepEqual(v, again) {
			t.Fatalf("%q: %#v became %#v by way of %q (%v)", in, v, again, out, err)
		}
	})
}
