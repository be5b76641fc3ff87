package scheme

import (
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// enforceable tells whether a model's own filter can be enforced for this
// person: every field of it must exist and be searchable, otherwise the leaf
// would be an error, or true, and the model is closed. The fields need not be
// open to the application, nor their models: the administrator wrote it.
func (j *judge) enforceable(m *model) error {
	err := j.exist(m.name, m.filterLeaves)
	if at, ok := err.(*unenforceable); ok {
		d := deny(CodeClosed, "filter", m.name, at.path, "model %q is closed by its configuration: the filter cannot be enforced", m.name)
		d.Configuration = m.label
		return d
	}
	return err
}

// unenforceable is a path in a filter that cannot be searched.
type unenforceable struct{ path string }

func (u *unenforceable) Error() string { return "scheme: no searchable field " + u.path }

// filterLeaf is a leaf of a filter, with its path in steps.
type filterLeaf struct {
	path string
	hops []string
	sub  []filterLeaf // of the domain of any and not any
	down bool         // there is one
}

// filterLeaves are those of a domain.
func filterLeaves(d odoo.Domain) []filterLeaf {
	var out []filterLeaf
	_, _ = d.Rewrite(func(l odoo.Leaf) (odoo.Domain, error) {
		if l.Constant {
			return odoo.Everything(), nil
		}
		leaf := filterLeaf{path: l.Path, hops: strings.Split(l.Path, "."), down: l.Sub != nil}
		if leaf.down {
			leaf.sub = filterLeaves(*l.Sub)
		}
		out = append(out, leaf)
		return odoo.Everything(), nil
	})
	return out
}

// exist tells whether all leaves of a filter can be searched.
func (j *judge) exist(model string, leaves []filterLeaf) error {
	for i := range leaves {
		if err := j.leafExists(model, &leaves[i]); err != nil {
			return err
		}
	}
	return nil
}

func (j *judge) leafExists(model string, l *filterLeaf) error {
	for i, hop := range l.hops {
		all, err := j.fields(model)
		if err != nil {
			return err
		}
		f, ok := all[hop]
		// What Odoo searches for a display name is not known.
		if !ok || !f.Searchable || hop == "display_name" {
			return &unenforceable{l.path}
		}
		if i < len(l.hops)-1 || l.down {
			if f.Relation == "" {
				return &unenforceable{l.path}
			}
			model = f.Relation
		}
	}
	return j.exist(model, l.sub)
}
