package rpc

import (
	"errors"
	"fmt"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

func TestHaving(t *testing.T) {
	groups := func() []odoo.Record {
		var out []odoo.Record
		for i, row := range [][3]string{{`1`, `5.5`, `"2026-10-01 00:00:00"`}, {`2`, `false`, `false`}, {`3`, `0`, `"2026-11-30 12:00:00"`}} {
			out = append(out, odoo.Record{
				{Name: "n", Value: jsontext.Value(fmt.Sprint(i + 1))}, {Name: "__count", Value: jsontext.Value(row[0])},
				{Name: "amount:sum", Value: jsontext.Value(row[1])}, {Name: "date:max", Value: jsontext.Value(row[2])},
				{Name: "active:bool_or", Value: jsontext.Value([]string{"true", "false"}[i%2])},
			})
		}
		return out
	}
	leaf := func(spec, operator string, value any) []any { return []any{spec, operator, value} }
	few, rich := leaf("__count", "<", int64(3)), leaf("amount:sum", ">", int64(1))
	for _, test := range []struct {
		name   string
		having []any
		offset any
		limit  any
		want   string
	}{
		{"one", []any{few}, nil, nil, "12"},
		{"two must hold", []any{few, leaf("__count", ">=", int64(2))}, nil, nil, "2"},
		{"and", []any{"&", few, rich}, nil, nil, "1"},
		{"or", []any{"|", few, rich}, nil, nil, "12"},
		{"or, then and", []any{"|", few, rich, leaf("__count", "!=", int64(2))}, nil, nil, "1"},
		{"no sum is neither more", []any{rich}, nil, nil, "1"},
		{"nor less", []any{"!", rich}, nil, nil, "3"},
		{"or different", []any{leaf("amount:sum", "!=", 5.5)}, nil, nil, "3"},
		{"unknown or true", []any{"|", rich, leaf("__count", "=", int64(2))}, nil, nil, "12"},
		{"unknown and true", []any{"&", leaf("amount:sum", "<=", int64(9)), leaf("__count", "=", int64(2))}, nil, nil, ""},
		{"a date", []any{leaf("date:max", ">", "2026-10-01")}, nil, nil, "3"},
		{"from a date on", []any{leaf("date:max", ">=", "2026-10-01")}, nil, nil, "13"},
		{"a truth", []any{leaf("active:bool_or", "=", false)}, nil, nil, "2"},
		{"a truth, ordered", []any{leaf("active:bool_or", ">", false)}, nil, nil, "13"},
		{"a page", []any{leaf("__count", "<", int64(9))}, int64(1), int64(1), "2"},
		{"beyond the end", []any{few}, int64(5), int64(1), ""},
		{"no operand", []any{"&", few}, nil, nil, "malformed"},
		{"nothing to deny", []any{"!"}, nil, nil, "malformed"},
		{"no condition", []any{[]any{"__count", "="}}, nil, nil, "malformed"},
		{"no operator", []any{leaf("__count", "like", int64(1))}, nil, nil, "malformed"},
		{"a text for a number", []any{leaf("__count", "=", "1")}, nil, nil, "malformed"},
		{"a number for a date", []any{leaf("date:max", "=", int64(1))}, nil, nil, "malformed"},
		{"a number for a truth", []any{leaf("active:bool_or", "=", int64(1))}, nil, nil, "malformed"},
	} {
		g := &formatted{having: test.having, offset: test.offset, limit: test.limit}
		kept, err := g.page(groups())
		got := ""
		for _, group := range kept {
			got += string(group.Get("n"))
		}
		var e *odoo.Error
		if errors.As(err, &e) && e.Kind == odoo.BadRequest {
			got = "malformed"
		}
		if got != test.want {
			t.Errorf("%s: %q, %v; want %q", test.name, got, err, test.want)
		}
	}
}

func TestHavingChoosesFromSoMany(t *testing.T) {
	g := &formatted{having: []any{[]any{"__count", "=", int64(1)}}}
	one := odoo.Record{{Name: "__count", Value: jsontext.Value("1")}}
	many := make([]odoo.Record, maxGroups+1)
	for i := range many {
		many[i] = one
	}
	if _, err := g.page(many[1:]); err != nil {
		t.Error(err)
	}
	var e *odoo.Error
	if _, err := g.page(many); !errors.As(err, &e) || e.Kind != odoo.Unsupported {
		t.Errorf("%v", err)
	}
	if sent := g.legacy(odoo.Call{}).Kwargs["limit"]; sent != int64(maxGroups+1) {
		t.Errorf("asks for %v", sent)
	}
}
