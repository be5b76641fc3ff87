package page

import (
	"html/template"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// Statement puts one thing that a scheme allows into words.
func (v Voice) Statement(s scheme.Statement) template.HTML {
	key := "may." + string(s.Act)
	if s.Act == scheme.ActReadOthers && len(s.Names) > 0 {
		key += "_except"
	}
	fields := v.plain(s.Names)
	switch s.Fields {
	case scheme.ExtentThese, "":
	default:
		fields = v.Text("fields."+string(s.Fields), "names", s.Names)
	}
	said := v.Say(key, "model", s.Model, "fields", fields, "names", s.Names)
	if s.Selected {
		return v.Say("may.selected", "sentence", said)
	}
	return said
}
