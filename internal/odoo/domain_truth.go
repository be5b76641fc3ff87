package odoo

// Truth is what is known of a condition without asking Odoo.
type Truth int

// The truths, in an order that makes "and" the least and "or" the greatest.
const (
	False Truth = iota - 1
	Unknown
	True
)

// Known tells whether a record matches the domain, from what decide knows of
// each leaf outside of sub-domains; constants are not asked for. Where it does
// not follow from that, it is Unknown.
func (d Domain) Known(decide func(Leaf) Truth) Truth {
	if d.root == nil {
		return True
	}
	return d.root.known(decide)
}

func (n *node) known(decide func(Leaf) Truth) Truth {
	switch {
	case n.leaf != nil && n.leaf.Constant:
		if n.leaf.True {
			return True
		}
		return False
	case n.leaf != nil:
		return decide(*n.leaf)
	case n.op == opNot:
		return -n.operands[0].known(decide)
	}
	out := n.operands[0].known(decide)
	for _, o := range n.operands[1:] {
		if t := o.known(decide); n.op == opAnd {
			out = min(out, t)
		} else {
			out = max(out, t)
		}
	}
	return out
}
