package scheme

import (
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// displayed are fields that a display name shows although Odoo does not say
// so: up to 16 it says nothing, and account.move leaves one out.
var displayed = map[string][]string{
	"account.move":         {"ref"},
	"account.move.line":    {"move_id", "product_id", "ref"},
	"product.product":      {"default_code"},
	"product.template":     {"default_code"},
	"res.partner.category": {"parent_id"},
	"sale.order.line":      {"order_id", "order_partner_id"},
}

// shortened tells whether the display name of a model shows a hidden field,
// such as the customer in that of an order line, although its name is open.
// Then it reads as the name alone. A whitelist that names display_name opens
// it as it is.
//
// Of a partner it is the name, with that of its company: what else it is made
// of takes a context that does not get through.
func (j *judge) shortened(m *model) (bool, error) {
	if m.limit == LimitNone || m.name == "res.partner" || !m.opens("display_name") ||
		m.limit == LimitWhitelist && m.set["display_name"] {
		return false, nil
	}
	all, err := j.fields(m.name)
	if err != nil {
		return false, err
	}
	parts := slices.Concat(all["display_name"].Depends, displayed[m.name])
	return slices.ContainsFunc(parts, func(path string) bool {
		step, _, _ := strings.Cut(path, ".")
		return step != "display_name" && !m.opens(step)
	}), nil
}

// withName adds the name to the fields to ask for where it stands for the
// display name.
func (j *judge) withName(m *model, fields []string) ([]string, error) {
	if !slices.Contains(fields, "display_name") || slices.Contains(fields, searchField) {
		return fields, nil
	}
	short, err := j.shortened(m)
	if !short || err != nil {
		return fields, err
	}
	all, err := j.fields(m.name)
	if _, named := all[searchField]; named {
		fields = append(slices.Clip(fields), searchField)
	}
	return fields, err
}

// shorten puts the name in place of the display name.
func shorten(model string, r odoo.Record) {
	id, _ := r.ID()
	name := nameOr(model, id, r.Get(searchField))
	for i := range r {
		if r[i].Name == "display_name" {
			r[i].Value = name
		}
	}
}

// nameOr is a name or, as Odoo writes a record without one, "model,id".
func nameOr(model string, id int64, name jsontext.Value) jsontext.Value {
	if name.Kind() == '"' {
		return name
	}
	return jsontext.Value(`"` + model + "," + strconv.FormatInt(id, 10) + `"`)
}
