package scheme

import (
	"errors"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// enforceable tells whether a model's own filter can be enforced for this
// person: every field of it must exist and be searchable, otherwise the leaf
// would be an error, or true, and the model is closed. The fields need not be
// open to the application, nor their models: the administrator wrote it.
func (j *judge) enforceable(m *model) error {
	err := j.exists(m.name, m.filter)
	var at *unenforceable
	if errors.As(err, &at) {
		d := deny(CodeClosed, "filter", m.name, at.path, "model %q is closed by its configuration: the filter cannot be enforced", m.name)
		d.Configuration = m.label
		return d
	}
	return err
}

// unenforceable is a path in a filter that cannot be searched.
type unenforceable struct{ path string }

func (u *unenforceable) Error() string { return "scheme: no searchable field " + u.path }

func (j *judge) exists(model string, d odoo.Domain) error {
	if d.IsEverything() {
		return nil
	}
	_, err := d.Rewrite(func(l odoo.Leaf) (odoo.Domain, error) {
		if l.Constant {
			return odoo.Everything(), nil
		}
		return odoo.Everything(), j.leafExists(model, l)
	})
	return err
}

func (j *judge) leafExists(model string, l odoo.Leaf) error {
	hops := strings.Split(l.Path, ".")
	for i, hop := range hops {
		all, err := j.fields(model)
		if err != nil {
			return err
		}
		f, ok := all[hop]
		// What Odoo searches for a display name is not known.
		if !ok || !f.Searchable || hop == "display_name" {
			return &unenforceable{l.Path}
		}
		if i < len(hops)-1 || l.Sub != nil {
			if f.Relation == "" {
				return &unenforceable{l.Path}
			}
			model = f.Relation
		}
	}
	if l.Sub != nil {
		return j.exists(model, *l.Sub)
	}
	return nil
}
