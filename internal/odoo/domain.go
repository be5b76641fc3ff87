package odoo

import (
	"errors"
	"fmt"
)

// ErrDomain is wrapped by every error of [ParseDomain].
var ErrDomain = errors.New("odoo: malformed domain")

// Bounds of a domain.
const (
	MaxDomainDepth  = 32  // nesting of operators and sub-domains
	MaxDomainLeaves = 200 // leaves of sub-domains included
)

// operator joins the nodes of a domain, in Odoo's prefix notation.
type operator string

const (
	opAnd operator = "&"
	opOr  operator = "|"
	opNot operator = "!"
)

// Domain is a parsed search domain. The zero value matches every record. It
// is not changed once made.
type Domain struct {
	root *node
}

// node is an operator with its operands, or a leaf. And and Or have two or
// more operands, none with the same operator; Not has one.
type node struct {
	op       operator
	operands []*node
	leaf     *Leaf
	depth    int // of sub-domains too; a leaf has 1
	leaves   int
}

// Leaf is one condition.
type Leaf struct {
	// Path is a field name, or several joined by dots. It is "" for the two
	// constant leaves.
	Path string
	// Operator is in lower case; "==" and "<>" have become "=" and "!=".
	Operator string
	// Value is what the field is compared with; nil for any and not any.
	Value any
	// Sub is the domain of any and not any, which holds on the comodel.
	Sub *Domain
	// Constant leaves match every record or none: (1,'=',1) and (0,'=',1).
	Constant bool
	// True is the value of a constant leaf.
	True bool
}

// operators are those that a condition may have. Odoo's own any! and not any!,
// which search without the person's access rights, are not among them.
var operators = map[string]bool{
	"=": true, "!=": true, "<": true, "<=": true, ">": true, ">=": true, "=?": true,
	"like": true, "not like": true, "ilike": true, "not ilike": true,
	"=like": true, "not =like": true, "=ilike": true, "not =ilike": true,
	"in": true, "not in": true, "child_of": true, "parent_of": true,
	"any": true, "not any": true,
}

// Everything returns the domain that matches every record, Nothing the one
// that matches none.
func Everything() Domain { return Domain{} }

// Nothing returns the domain that matches no record.
func Nothing() Domain {
	return Domain{root: leafNode(&Leaf{Operator: "=", Constant: true})}
}

// Where returns the domain of one condition, such as
// Where("id", "in", []any{int64(1)}). Errors wrap [ErrDomain].
func Where(path, operator string, value any) (Domain, error) {
	return ParseDomain([]any{[]any{path, operator, value}})
}

// And returns the domain that matches where both do. Bounds are not checked:
// a filter may always be added.
func (d Domain) And(other Domain) Domain {
	switch {
	case d.root == nil:
		return other
	case other.root == nil:
		return d
	}
	return Domain{root: join(opAnd, d.root, other.root)}
}

// Or returns the domain that matches where either does.
func (d Domain) Or(other Domain) Domain {
	if d.root == nil || other.root == nil {
		return Domain{}
	}
	return Domain{root: join(opOr, d.root, other.root)}
}

// IsEverything tells whether the domain has no condition at all.
func (d Domain) IsEverything() bool { return d.root == nil }

// Value returns the domain as a value to send: a flat list with every
// operator written out.
func (d Domain) Value() any {
	list := []any{}
	if d.root != nil {
		list = d.root.appendTo(list)
	}
	return list
}

func (n *node) appendTo(list []any) []any {
	if n.leaf != nil {
		return append(list, n.leaf.value())
	}
	if n.op == opNot {
		return n.operands[0].appendTo(append(list, string(opNot)))
	}
	for range len(n.operands) - 1 {
		list = append(list, string(n.op))
	}
	for _, o := range n.operands {
		list = o.appendTo(list)
	}
	return list
}

func (l *Leaf) value() any {
	switch {
	case l.Constant && l.True:
		return []any{int64(1), "=", int64(1)}
	case l.Constant:
		return []any{int64(0), "=", int64(1)}
	case l.Sub != nil:
		return []any{l.Path, l.Operator, l.Sub.Value()}
	default:
		return []any{l.Path, l.Operator, l.Value}
	}
}

// Walk calls visit for every leaf, from left to right, constant ones
// included, until it returns an error, which Walk returns. A leaf of any or
// not any comes before those of its sub-domain; within is the path of fields
// that leads to the sub-domain, "" for the domain itself.
func (d Domain) Walk(visit func(within string, leaf Leaf) error) error {
	return d.walk("", visit)
}

func (d Domain) walk(within string, visit func(string, Leaf) error) error {
	if d.root == nil {
		return nil
	}
	return d.root.walk(within, visit)
}

func (n *node) walk(within string, visit func(string, Leaf) error) error {
	if n.leaf == nil {
		for _, o := range n.operands {
			if err := o.walk(within, visit); err != nil {
				return err
			}
		}
		return nil
	}
	if err := visit(within, *n.leaf); err != nil {
		return err
	}
	if n.leaf.Sub == nil {
		return nil
	}
	return n.leaf.Sub.walk(JoinPath(within, n.leaf.Path), visit)
}

// JoinPath joins two field paths, either of which may be "".
func JoinPath(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "." + b
}

// Rewrite returns the domain with every leaf outside of sub-domains replaced
// by what replace returns for it. A first error ends it.
func (d Domain) Rewrite(replace func(Leaf) (Domain, error)) (Domain, error) {
	if d.root == nil {
		return d, nil
	}
	return d.root.rewrite(replace)
}

func (n *node) rewrite(replace func(Leaf) (Domain, error)) (Domain, error) {
	if n.leaf != nil {
		return replace(*n.leaf)
	}
	var out Domain
	for i, o := range n.operands {
		d, err := o.rewrite(replace)
		if err != nil {
			return Domain{}, err
		}
		switch {
		case n.op == opNot:
			return d.not(), nil
		case i == 0:
			out = d
		case n.op == opAnd:
			out = out.And(d)
		default:
			out = out.Or(d)
		}
	}
	return out, nil
}

func (d Domain) not() Domain {
	if d.root == nil {
		return Nothing()
	}
	return Domain{root: negate(d.root)}
}

func leafNode(l *Leaf) *node {
	n := &node{leaf: l, depth: 1, leaves: 1}
	if l.Sub != nil && l.Sub.root != nil {
		n.depth += l.Sub.root.depth
		n.leaves += l.Sub.root.leaves
	}
	return n
}

func negate(operand *node) *node {
	return &node{op: opNot, operands: []*node{operand}, depth: operand.depth + 1, leaves: operand.leaves}
}

// join makes an And or Or and takes over the operands of its like.
func join(op operator, operands ...*node) *node {
	n := &node{op: op}
	for _, o := range operands {
		if o.leaf == nil && o.op == op {
			n.operands = append(n.operands, o.operands...)
		} else {
			n.operands = append(n.operands, o)
		}
		n.leaves += o.leaves
	}
	for _, o := range n.operands {
		n.depth = max(n.depth, o.depth+1)
	}
	return n
}

func domainError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDomain, fmt.Sprintf(format, args...))
}
