package odoo

// PlainLeaf reads a condition of a domain that is written as it is sent: one
// on a field, with an operator in its usual form that takes no domain. ok is
// false for every other item, be it malformed or not.
func PlainLeaf(item any) (l Leaf, ok bool) {
	parts, isList := item.([]any)
	if !isList || len(parts) != 3 {
		return l, false
	}
	path, isPath := parts[0].(string)
	operator, isOperator := parts[1].(string)
	if !isPath || !isOperator || !ValidPath(path) || !operators[operator] || operator == "any" || operator == "not any" ||
		checkValue(parts[2], maxLeafValue) != nil {
		return l, false
	}
	return Leaf{Path: path, Operator: operator, Value: parts[2]}, true
}
