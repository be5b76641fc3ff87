package scheme

import "strings"

// enforceable tells whether a model's own filter can be enforced for this
// person: every field of it must exist and be searchable, otherwise the leaf
// would be an error, or true, and the model is closed. The fields need not be
// open to the application, nor their models: the administrator wrote it.
func (j *judge) enforceable(m *model) error {
	if m.filter == nil {
		return nil
	}
	ok, err := j.exists(m.name, m.filter)
	if err != nil {
		return err
	}
	if !ok {
		return deny(CodeClosed, "filter", m.name, "", "model %q is closed: its filter cannot be enforced", m.name)
	}
	return nil
}

func (j *judge) exists(model string, n *node) (bool, error) {
	if n == nil || n.constant != nil {
		return true, nil
	}
	if n.op == "" {
		return j.leafExists(model, n)
	}
	for _, kid := range n.kids {
		if ok, err := j.exists(model, kid); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (j *judge) leafExists(model string, n *node) (bool, error) {
	hops := strings.Split(n.path, ".")
	for i, hop := range hops {
		all, err := j.fields(model)
		if err != nil {
			return false, err
		}
		f, ok := all[hop]
		// display_name and texts on a relation search fields nobody named;
		// a filter on them is as wide as Odoo makes it.
		if !ok || !f.Searchable || hop == "display_name" {
			return false, nil
		}
		if i == len(hops)-1 {
			if len(n.kids) == 0 {
				return true, nil
			}
			return j.exists(f.Relation, n.kids[0])
		}
		if f.Relation == "" {
			return false, nil
		}
		model = f.Relation
	}
	return false, nil
}
