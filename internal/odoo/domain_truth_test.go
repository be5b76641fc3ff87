package odoo

import "testing"

func TestDomainKnown(t *testing.T) {
	leaf := func(name string) any { return []any{name, "=", int64(1)} }
	never, always := []any{int64(0), "=", int64(1)}, []any{int64(1), "=", int64(1)}
	for _, tt := range []struct {
		domain []any
		want   Truth
	}{
		{[]any{}, True},
		{[]any{always}, True},
		{[]any{never}, False},
		{[]any{leaf("t")}, True},
		{[]any{leaf("f")}, False},
		{[]any{leaf("u")}, Unknown},
		{[]any{"!", leaf("t")}, False},
		{[]any{"!", leaf("f")}, True},
		{[]any{"!", leaf("u")}, Unknown},
		{[]any{leaf("t"), leaf("u")}, Unknown},
		{[]any{leaf("f"), leaf("u")}, False},
		{[]any{leaf("t"), leaf("t"), leaf("t")}, True},
		{[]any{"|", leaf("t"), leaf("u")}, True},
		{[]any{"|", leaf("f"), leaf("u")}, Unknown},
		{[]any{"|", "|", leaf("f"), leaf("f"), leaf("t")}, True},
		{[]any{"!", "|", leaf("f"), never}, True},
		{[]any{"&", "!", leaf("f"), "|", leaf("u"), leaf("t")}, True},
	} {
		d, err := ParseDomain(tt.domain)
		if err != nil {
			t.Fatal(err)
		}
		got := d.Known(func(l Leaf) Truth { return map[string]Truth{"t": True, "f": False, "u": Unknown}[l.Path] })
		if got != tt.want {
			t.Errorf("%v: got %v, want %v", tt.domain, got, tt.want)
		}
	}
}
