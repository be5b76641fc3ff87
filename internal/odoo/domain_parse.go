package odoo

import (
	"slices"
	"strings"
)

// ParseDomain reads a domain in prefix notation: a list of conditions and the
// operators "&", "|" and "!". Conditions that no operator joins are and-ed. v
// is a value as [ParseJSON] yields it, where a condition is a list of three.
//
// Unknown operators, operators without operands, malformed field paths, more
// than [MaxDomainLeaves] conditions and nesting beyond [MaxDomainDepth] are
// refused. Errors wrap [ErrDomain].
func ParseDomain(v any) (Domain, error) {
	return parseDomain(v, MaxDomainDepth)
}

// maxDomainItems bounds the length of one list before it is worked on: joining
// costs the square of it.
const maxDomainItems = 4 * MaxDomainLeaves

// parseDomain bounds the recursion by what is left of the depth before it goes
// down into a sub-domain.
func parseDomain(v any, depth int) (Domain, error) {
	items, ok := v.([]any)
	if !ok {
		return Domain{}, domainError("it is no list")
	}
	if depth < 1 {
		return Domain{}, domainError("nested deeper than %d", MaxDomainDepth)
	}
	if len(items) > maxDomainItems {
		return Domain{}, domainError("more than %d items", maxDomainItems)
	}
	// Read from the right, each operator finds its operands on the stack, the
	// leftmost on top.
	var stack []*node
	for _, item := range slices.Backward(items) {
		n, err := parseItem(item, &stack, depth)
		if err != nil {
			return Domain{}, err
		}
		stack = append(stack, n)
	}
	if len(stack) == 0 {
		return Domain{}, nil
	}
	root := stack[0]
	if len(stack) > 1 {
		slices.Reverse(stack)
		root = join(opAnd, stack...)
	}
	if root.depth > depth {
		return Domain{}, domainError("nested deeper than %d", MaxDomainDepth)
	}
	if root.leaves > MaxDomainLeaves {
		return Domain{}, domainError("more than %d conditions", MaxDomainLeaves)
	}
	return Domain{root: root}, nil
}

func parseItem(item any, stack *[]*node, depth int) (*node, error) {
	op, isOperator := item.(string)
	if !isOperator {
		l, err := parseLeaf(item, depth)
		if err != nil {
			return nil, err
		}
		return leafNode(l), nil
	}
	arity := 2
	switch operator(op) {
	case opAnd, opOr:
	case opNot:
		arity = 1
	default:
		return nil, domainError("unknown operator %q", op)
	}
	left := len(*stack) - arity
	if left < 0 {
		return nil, domainError("operator %q lacks an operand", op)
	}
	operands := slices.Clone((*stack)[left:])
	*stack = (*stack)[:left]
	if arity == 1 {
		return negate(operands[0]), nil
	}
	slices.Reverse(operands)
	return join(operator(op), operands...), nil
}

func parseLeaf(item any, depth int) (*Leaf, error) {
	parts, ok := item.([]any)
	if !ok || len(parts) != 3 {
		return nil, domainError("a condition is a list of field, operator and value")
	}
	written, ok := parts[1].(string)
	if !ok {
		return nil, domainError("the operator of a condition is text")
	}
	if constant, ok := parts[0].(int64); ok {
		if (constant != 0 && constant != 1) || written != "=" || parts[2] != any(int64(1)) {
			return nil, domainError("the only conditions on numbers are (1, '=', 1) and (0, '=', 1)")
		}
		return &Leaf{Operator: "=", Constant: true, True: constant == 1}, nil
	}
	path, ok := parts[0].(string)
	if !ok || !ValidPath(path) {
		return nil, domainError("malformed field path %q", path)
	}
	l := &Leaf{Path: path, Operator: normalOperator(written), Value: parts[2]}
	if !operators[l.Operator] {
		return nil, domainError("unknown operator %q", written)
	}
	if l.Operator == "any" || l.Operator == "not any" {
		sub, err := parseDomain(parts[2], depth-1)
		if err != nil {
			return nil, err
		}
		l.Sub, l.Value = &sub, nil
		return l, nil
	}
	return l, checkValue(l.Value, maxLeafValue)
}

func normalOperator(s string) string {
	switch s {
	case "==":
		return "="
	case "<>":
		return "!="
	}
	return strings.ToLower(s)
}

// maxLeafValue is how deep lists may nest in the value of a condition.
const maxLeafValue = 4

func checkValue(v any, depth int) error {
	switch v := v.(type) {
	case nil, bool, int64, float64, string:
		return nil
	case []any:
		if depth == 0 {
			return domainError("the value of a condition is nested deeper than %d", maxLeafValue)
		}
		for _, e := range v {
			if err := checkValue(e, depth-1); err != nil {
				return err
			}
		}
		return nil
	default:
		return domainError("a condition compares with text, numbers, booleans and lists of them")
	}
}
