package rpc

import (
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// maxGroups bounds from how many groups conditions choose: all of them have to
// be read.
const maxGroups = 10_000

// truth is a condition's, as databases have it: one on no value is neither
// true nor false.
type truth int

const (
	falsehood truth = iota
	unknown
	verity
)

// page keeps the groups that meet the conditions, and of those the ones that
// were asked for.
func (g *formatted) page(groups []odoo.Record) ([]odoo.Record, error) {
	if len(groups) > maxGroups {
		return nil, unsupported("before Odoo 19, having chooses from at most %d groups", maxGroups)
	}
	kept := groups[:0]
	for _, group := range groups {
		t, err := g.meets(group)
		if err != nil {
			return nil, err
		}
		if t == verity {
			kept = append(kept, group)
		}
	}
	if offset, _ := g.offset.(int64); offset > 0 {
		kept = kept[min(offset, int64(len(kept))):]
	}
	if limit, _ := g.limit.(int64); limit > 0 {
		kept = kept[:min(limit, int64(len(kept)))]
	}
	return kept, nil
}

// meets judges the conditions, which are in prefix notation; those that nothing
// joins must all hold.
func (g *formatted) meets(group odoo.Record) (truth, error) {
	var stack []truth
	malformed := &odoo.Error{Kind: odoo.BadRequest, Message: "having is malformed"}
	for _, item := range slices.Backward(g.having) {
		n := len(stack)
		switch op, _ := item.(string); {
		case op == "!" && n >= 1:
			stack[n-1] = verity - stack[n-1]
		case op == "&" && n >= 2:
			stack = append(stack[:n-2], min(stack[n-1], stack[n-2]))
		case op == "|" && n >= 2:
			stack = append(stack[:n-2], max(stack[n-1], stack[n-2]))
		default:
			leaf, _ := item.([]any)
			if len(leaf) != 3 {
				return unknown, malformed
			}
			order, known, err := compareAggregate(text(leaf[0]), group, leaf[2])
			if err != nil {
				return unknown, err
			}
			holds, ok := map[string]bool{"=": order == 0, "!=": order != 0, "<": order < 0, ">": order > 0, "<=": order <= 0, ">=": order >= 0}[text(leaf[1])]
			switch {
			case !ok:
				return unknown, malformed
			case !known:
				stack = append(stack, unknown)
			case holds:
				stack = append(stack, verity)
			default:
				stack = append(stack, falsehood)
			}
		}
	}
	return slices.Min(stack), nil
}

// compareAggregate compares what a group has for an aggregate with a value.
// known is false where the group has none.
func compareAggregate(spec string, group odoo.Record, value any) (order int, known bool, err error) {
	has, err := odoo.ParseJSON(group.Get(spec), odoo.DefaultLimits)
	if err != nil {
		return 0, false, &odoo.Error{Kind: odoo.Server, Message: "the groups are malformed", Err: err}
	}
	_, function, _ := strings.Cut(spec, ":")
	if truths := strings.HasPrefix(function, "bool_"); has == false && !truths {
		return 0, false, nil
	}
	switch have := has.(type) {
	case bool:
		if want, ok := value.(bool); ok {
			return compareBool(have, want), true, nil
		}
	case string:
		if want, ok := value.(string); ok {
			if len(want) == len("2006-01-02") && len(have) > len(want) {
				want += " 00:00:00"
			}
			return strings.Compare(have, want), true, nil
		}
	default:
		a, isNumber := number(has)
		b, comparable := number(value)
		if isNumber && comparable {
			switch {
			case a < b:
				return -1, true, nil
			case a > b:
				return 1, true, nil
			}
			return 0, true, nil
		}
	}
	return 0, false, &odoo.Error{Kind: odoo.BadRequest, Message: "having compares with a value of another kind"}
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}
