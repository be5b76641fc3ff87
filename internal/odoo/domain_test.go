package odoo

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func parse(t *testing.T, domain string) Domain {
	t.Helper()
	v, err := ParseJSON([]byte(domain), DefaultLimits)
	if err != nil {
		t.Fatalf("%s: %v", domain, err)
	}
	d, err := ParseDomain(v)
	if err != nil {
		t.Fatalf("%s: %v", domain, err)
	}
	return d
}

func written(t *testing.T, d Domain) string {
	t.Helper()
	out, err := MarshalValue(d.Value())
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestParseDomain(t *testing.T) {
	tests := []struct{ in, want string }{
		{`[]`, `[]`},
		{`[["a","=",1]]`, `[["a","=",1]]`},
		{`[["a","=",1],["b","!=",false]]`, `["&",["a","=",1],["b","!=",false]]`},
		{`["|",["a","=",1],["b","=",2],["c","=",3]]`, `["&","|",["a","=",1],["b","=",2],["c","=",3]]`},
		{`[["c","=",3],"|",["a","=",1],["b","=",2]]`, `["&",["c","=",3],"|",["a","=",1],["b","=",2]]`},
		{`["|","|",["a","=",1],["b","=",2],["c","=",3]]`, `["|","|",["a","=",1],["b","=",2],["c","=",3]]`},
		{`["|",["a","=",1],"|",["b","=",2],["c","=",3]]`, `["|","|",["a","=",1],["b","=",2],["c","=",3]]`},
		{`["!","|",["a","=",1],["b","=",2]]`, `["!","|",["a","=",1],["b","=",2]]`},
		{`["!",["a","=",1],["b","=",2]]`, `["&","!",["a","=",1],["b","=",2]]`},
		{`["!","!",["a","=",1]]`, `["!","!",["a","=",1]]`},
		{`[[1,"=",1],[0,"=",1]]`, `["&",[1,"=",1],[0,"=",1]]`},
		{`[["a","ILIKE","x"],["b","<>",1],["c","==",null]]`, `["&","&",["a","ilike","x"],["b","!=",1],["c","=",null]]`},
		{`[["a.b.c","in",[1,"x",[2]]]]`, `[["a.b.c","in",[1,"x",[2]]]]`},
		{`[["a","any",[["b","=",1],["c","not any",[]]]]]`, `[["a","any",["&",["b","=",1],["c","not any",[]]]]]`},
	}
	for _, tt := range tests {
		d := parse(t, tt.in)
		if got := written(t, d); got != tt.want {
			t.Errorf("%s: %s; want %s", tt.in, got, tt.want)
		}
		if again := parse(t, written(t, d)); !reflect.DeepEqual(d, again) {
			t.Errorf("%s: not the same after a round trip", tt.in)
		}
	}
}

// nest wraps a condition n times into a sub-domain.
func nest(n int) string {
	return strings.Repeat(`[["a","any",`, n) + `[["b","=",1]]` + strings.Repeat(`]]`, n)
}

func leaves(n int) string {
	return strings.Repeat(`["a","=",1],`, n-1) + `["a","=",1]`
}

func TestParseDomainRefuses(t *testing.T) {
	tests := map[string]string{
		"no list":                    `{"a":1}`,
		"text":                       `"[]"`,
		"nothing":                    `null`,
		"a leaf instead of a list":   `["a","=",1]`,
		"operator without operands":  `["&",["a","=",1]]`,
		"not without operand":        `["!"]`,
		"operator at the end":        `[["a","=",1],"&"]`,
		"unknown joiner":             `["^",["a","=",1],["b","=",1]]`,
		"unknown operator":           `[["a","~",1]]`,
		"operator without rights":    `[["a","any!",[]]]`,
		"operator without rights 2":  `[["a","not any!",[]]]`,
		"operator no text":           `[["a",1,1]]`,
		"short leaf":                 `[["a","="]]`,
		"long leaf":                  `[["a","=",1,1]]`,
		"leaf of wrong type":         `[1]`,
		"object as leaf":             `[{"a":1}]`,
		"path empty":                 `[["","=",1]]`,
		"path with an empty step":    `[["a..b","=",1]]`,
		"path ends in a dot":         `[["a.","=",1]]`,
		"path with a space":          `[["a b","=",1]]`,
		"path with a quote":          `[["a\"","=",1]]`,
		"path of another script":     `[["nаme","=",1]]`,
		"path too long":              `[["a.a.a.a.a.a.a.a.a","=",1]]`,
		"path no text":               `[[true,"=",1]]`,
		"other constant":             `[[2,"=",1]]`,
		"constant compared with 0":   `[[1,"=",0]]`,
		"constant, other operator":   `[[1,"!=",1]]`,
		"constant, boolean":          `[[1,"=",true]]`,
		"constant, list":             `[[1,"=",[1]]]`,
		"constant, float":            `[[1.0,"=",1]]`,
		"any without a domain":       `[["a","any",1]]`,
		"any with a bad domain":      `[["a","any",[["b","~",1]]]]`,
		"object as value":            `[["a","=",{"x":1}]]`,
		"object in a list of values": `[["a","in",[1,{"x":1}]]]`,
		"value nested":               `[["a","in",[[[[[1]]]]]]]`,
		"sub-domains too deep":       nest(32),
		"negations too deep":         `[` + strings.Repeat(`"!",`, 32) + `["a","=",1]]`,
		"deep by both":               `[` + strings.Repeat(`"!",`, 10) + strings.TrimPrefix(nest(22), "["),
		"too deep by joining":        strings.TrimSuffix(nest(31), "]") + `,["b","=",1]]`,
		"201 joined conditions":      `[` + strings.Repeat(`"&",["a","=",1],`, 200) + `["a","=",1]]`,
		"201 conditions":             `[` + leaves(201) + `]`,
		"201 conditions in subs":     `[["x","any",[` + leaves(100) + `]],["x","any",[` + leaves(99) + `]]]`,
		"too many items":             `[` + strings.Repeat(`"!",`, 800) + `["a","=",1]]`,
	}
	for name, in := range tests {
		v, err := ParseJSON([]byte(in), Limits{Depth: 1000, Values: 100_000})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d, err := ParseDomain(v); !errors.Is(err, ErrDomain) {
			t.Errorf("%s: ParseDomain = %v, %v; want ErrDomain", name, d, err)
		}
	}
	// What is too deep or too long is not even looked into.
	for in, want := range map[string]string{
		strings.Replace(nest(40), `"="`, `"~"`, 1): "nested deeper",
		`[` + leaves(801) + `]`:                    "800 items",
	} {
		v, err := ParseJSON([]byte(in), Limits{Depth: 1000, Values: 100_000})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseDomain(v); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want one that says %q", err, want)
		}
	}
	if _, err := ParseDomain([]any{[]any{"a", "=", 1}}); !errors.Is(err, ErrDomain) {
		t.Errorf("a value outside the set: %v", err)
	}
}

func TestParseDomainBounds(t *testing.T) {
	for name, in := range map[string]string{
		"31 sub-domains":       nest(31),
		"200 conditions":       `[` + leaves(200) + `]`,
		"200 right-nested":     `[` + strings.Repeat(`"&",["a","=",1],`, 199) + `["a","=",1]]`,
		"200 conditions, subs": `[["x","any",[` + leaves(99) + `]],["x","any",[` + leaves(99) + `]]]`,
	} {
		v, err := ParseJSON([]byte(in), Limits{Depth: 1000, Values: 100_000})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := ParseDomain(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDomainCombine(t *testing.T) {
	a, b := parse(t, `["|",["a","=",1],["b","=",2]]`), parse(t, `[["c","=",3],["d","=",4]]`)
	tests := []struct {
		name string
		got  Domain
		want string
	}{
		{"and", a.And(b), `["&","&","|",["a","=",1],["b","=",2],["c","=",3],["d","=",4]]`},
		{"or", a.Or(b), `["|","|",["a","=",1],["b","=",2],"&",["c","=",3],["d","=",4]]`},
		{"and everything", a.And(Everything()), written(t, a)},
		{"everything and", Everything().And(a), written(t, a)},
		{"or everything", a.Or(Everything()), `[]`},
		{"and nothing", b.And(Nothing()), `["&","&",["c","=",3],["d","=",4],[0,"=",1]]`},
	}
	for _, tt := range tests {
		if got := written(t, tt.got); got != tt.want {
			t.Errorf("%s: %s; want %s", tt.name, got, tt.want)
		}
	}
	if written(t, a) != `["|",["a","=",1],["b","=",2]]` || written(t, b) != `["&",["c","=",3],["d","=",4]]` {
		t.Error("combining changed an operand")
	}
}

func TestDomainWalk(t *testing.T) {
	d := parse(t, `["|",["a","any",[["b.c","not any",[["d","=",1]]]]],"!",[1,"=",1]]`)
	var got []string
	err := d.Walk(func(within string, l Leaf) error {
		got = append(got, fmt.Sprintf("%s:%s %s", within, l.Path, l.Operator))
		return nil
	})
	want := []string{":a any", "a:b.c not any", "a.b.c:d =", ": ="}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Walk = %q, %v; want %q", got, err, want)
	}
	stop, visits := errors.New("stop"), 0
	err = d.Walk(func(string, Leaf) error {
		visits++
		return stop
	})
	if err != stop || visits != 1 {
		t.Errorf("Walk after an error: %v after %d visits", err, visits)
	}
}

func TestDomainRewrite(t *testing.T) {
	d := parse(t, `["|",["a","=",1],"!",["b","=",2],["c","any",[["a","=",1]]],["d","=",1]]`)
	got, err := d.Rewrite(func(l Leaf) (Domain, error) {
		switch l.Path {
		case "a":
			return parse(t, `[["x","=",1],["y","=",1]]`), nil
		case "b":
			return Everything(), nil
		case "d":
			return Everything(), nil
		}
		return Domain{root: leafNode(&l)}, nil
	})
	want := `["&","|","&",["x","=",1],["y","=",1],[0,"=",1],["c","any",[["a","=",1]]]]`
	if err != nil || written(t, got) != want {
		t.Errorf("Rewrite = %s, %v; want %s", written(t, got), err, want)
	}
	refused := errors.New("refused")
	if _, err := d.Rewrite(func(Leaf) (Domain, error) { return Domain{}, refused }); err != refused {
		t.Errorf("Rewrite does not hand on the error: %v", err)
	}
}

func FuzzParseDomain(f *testing.F) {
	for _, s := range []string{
		`[]`, `["&",["a","=",1],["b","in",[1,2]]]`, `["!","|",["a.b","ilike","x"],[1,"=",1],["c","any",[["d","=",false]]]]`, `["&"]`, nest(5),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		v, err := ParseJSON([]byte(in), DefaultLimits)
		if err != nil {
			return
		}
		d, err := ParseDomain(v)
		if err != nil {
			if !errors.Is(err, ErrDomain) {
				t.Fatalf("error is no ErrDomain: %v", err)
			}
			return
		}
		again, err := ParseDomain(d.Value())
		if err != nil || !reflect.DeepEqual(d, again) {
			t.Fatalf("%q: %v is not %v (%v)", in, d.Value(), again.Value(), err)
		}
		if both, err := ParseDomain(Nothing().And(d).Value()); err == nil {
			if !reflect.DeepEqual(both, Nothing().And(d)) {
				t.Fatalf("%q: And is not stable", in)
			}
		}
	})
}
