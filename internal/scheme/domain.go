package scheme

import (
	"errors"
	"fmt"
)

const (
	maxDepth     = 32  // nesting of sub-domains
	maxLeaves    = 200 // leaves of one domain, sub-domains included
	maxOperators = 400 // its operators
)

// node is a domain as a tree. With op "" it is a leaf; a leaf of any or not
// any has its domain in kids[0].
type node struct {
	op       string // "&", "|", "!" or "" for a leaf
	kids     []*node
	constant any    // of the leaves [1, "=", 1] and [0, "=", 1]: int64 1 or 0
	path     string // "partner_id.country_id"
	operator string
	value    any
}

var errDomain = errors.New("malformed domain")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errDomain, fmt.Sprintf(format, args...))
}

// parseDomain reads a domain in Odoo's prefix form. An empty one is nil.
func parseDomain(v any) (*node, error) {
	p := &domainParser{}
	return p.domain(v, 0)
}

type domainParser struct{ leaves, operators int }

func (p *domainParser) domain(v any, depth int) (*node, error) {
	items, ok := v.([]any)
	if !ok {
		return nil, malformed("it is not a list")
	}
	if depth > maxDepth {
		return nil, malformed("it is nested more than %d deep", maxDepth)
	}
	var all []*node
	for len(items) > 0 {
		n, rest, err := p.term(items, depth)
		if err != nil {
			return nil, err
		}
		all, items = append(all, n), rest
	}
	return conjunction(all...), nil
}

// term reads one operator with its operands, or one leaf.
func (p *domainParser) term(items []any, depth int) (*node, []any, error) {
	if len(items) == 0 {
		return nil, nil, malformed("an operator lacks its operand")
	}
	head, rest := items[0], items[1:]
	switch head {
	case "&", "|", "!":
	default:
		n, err := p.leaf(head, depth)
		return n, rest, err
	}
	if p.operators++; p.operators > maxOperators {
		return nil, nil, malformed("it has more than %d operators", maxOperators)
	}
	n := &node{op: head.(string)}
	arity := 2
	if n.op == "!" {
		arity = 1
	}
	for range arity {
		kid, after, err := p.term(rest, depth)
		if err != nil {
			return nil, nil, err
		}
		n.kids, rest = append(n.kids, kid), after
	}
	return n, rest, nil
}

func (p *domainParser) leaf(v any, depth int) (*node, error) {
	if p.leaves++; p.leaves > maxLeaves {
		return nil, malformed("it has more than %d leaves", maxLeaves)
	}
	t, ok := v.([]any)
	if !ok || len(t) != 3 {
		return nil, malformed("a leaf is a list of field, operator and value")
	}
	operator, ok := t[1].(string)
	if !ok {
		return nil, malformed("an operator is a string")
	}
	if c, isInt := t[0].(int64); isInt {
		one, _ := t[2].(int64)
		if (c != 0 && c != 1) || operator != "=" || one != 1 {
			return nil, malformed("the only leaves of numbers are [1, \"=\", 1] and [0, \"=\", 1]")
		}
		return &node{constant: c}, nil
	}
	path, ok := t[0].(string)
	if !ok || path == "" {
		return nil, malformed("a field is a string")
	}
	n := &node{path: path, operator: operator, value: t[2]}
	switch operator {
	case "<>":
		n.operator = "!="
	case "==":
		n.operator = "="
	case "any", "not any":
		sub, err := p.domain(t[2], depth+1)
		if err != nil {
			return nil, err
		}
		n.kids, n.value = []*node{sub}, nil
	}
	return n, nil
}

// conjunction is the AND of nodes; nil nodes are true.
func conjunction(nodes ...*node) *node {
	var out *node
	for _, n := range nodes {
		switch {
		case n == nil:
		case out == nil:
			out = n
		default:
			out = &node{op: "&", kids: []*node{out, n}}
		}
	}
	return out
}

// domainValue writes a domain in prefix form with every operator explicit.
func domainValue(n *node) []any { return n.append([]any{}) }

func (n *node) append(out []any) []any {
	switch {
	case n == nil:
		return out
	case n.op != "":
		out = append(out, n.op)
		for _, kid := range n.kids {
			out = kid.append(out)
		}
		return out
	case n.constant != nil:
		return append(out, []any{n.constant, "=", int64(1)})
	case len(n.kids) == 1:
		return append(out, []any{n.path, n.operator, domainValue(n.kids[0])})
	default:
		return append(out, []any{n.path, n.operator, n.value})
	}
}

// under moves a domain below a many2one: every path gets the prefix.
func (n *node) under(prefix string) *node {
	if n == nil || n.constant != nil {
		return n
	}
	c := *n
	if n.op == "" {
		c.path = prefix + "." + n.path
		return &c
	}
	c.kids = make([]*node, len(n.kids))
	for i, kid := range n.kids {
		c.kids[i] = kid.under(prefix)
	}
	return &c
}
