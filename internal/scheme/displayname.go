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
	"account.account":          {"code"},
	"account.analytic.account": {"code", "partner_id"},
	"account.move":             {"ref"},
	"account.move.line":        {"move_id", "product_id", "ref"},
	"maintenance.equipment":    {"serial_no"},
	"mrp.bom":                  {"code"},
	"product.product":          {"default_code"},
	"product.template":         {"default_code"},
	"purchase.order":           {"partner_ref"},
	"res.country.state":        {"country_id"},
	"res.partner.category":     {"parent_id"},
	"sale.order.line":          {"order_id", "order_partner_id"},
}

// displayedAlone are all that the display name of a model shows. What Odoo
// says besides takes a context that does not get through. A contact is shown
// with its company's name, and one without a name by its type.
var displayedAlone = map[string][]string{
	"res.partner": {"parent_id", "company_name", "is_company", "type"},
}

// shortened tells whether the display name of a model shows more than its
// name: a hidden field, such as the customer in that of an order line, or
// another record whose name may be hidden. Then it reads as the name alone. A
// whitelist that names display_name opens it as it is.
func (j *judge) shortened(m *model) (bool, error) {
	if !j.scheme.reserved || !m.opens("display_name") || m.limit == LimitWhitelist && m.set["display_name"] {
		return false, nil
	}
	for _, known := range j.short {
		if known.m == m {
			return known.short, nil
		}
	}
	// A circle, such as a company of a company, is decided by its other parts.
	at := len(j.short)
	j.short = append(j.short, shortName{m, false})
	short, err := j.shortens(m)
	j.short[at].short = short
	if short {
		// Those found not to be on the way may show this one.
		rest := slices.DeleteFunc(j.short[at+1:], func(s shortName) bool { return !s.short })
		j.short = j.short[:at+1+len(rest)]
	}
	return short, err
}

// copiedName tells whether the name of a model's records, which their display
// name is at least, shows what a hidden field holds: that of a variant is its
// product's.
func (j *judge) copiedName(m *model) (bool, error) {
	if m.limit == LimitWhitelist {
		return false, nil // it is named, and so is what it shows
	}
	all, err := j.fields(m.name)
	name, ok := all[searchField]
	if err != nil || !ok {
		return false, err
	}
	return j.copied(m, name)
}

// displays tells whether records of a model have a name that may be shown.
func (j *judge) displays(m *model) (bool, error) {
	if !m.opens("display_name") {
		return false, nil
	}
	copied, err := j.copiedName(m)
	return !copied, err
}

// shortName is what shortened has found for a model.
type shortName struct {
	m     *model
	short bool
}

func (j *judge) shortens(m *model) (bool, error) {
	all, err := j.fields(m.name)
	if err != nil {
		return false, err
	}
	parts := [2][]string{all["display_name"].Depends, displayed[m.name]}
	if alone, ok := displayedAlone[m.name]; ok {
		parts = [2][]string{alone}
	}
	for _, paths := range parts {
		for _, path := range paths {
			step, rest, dotted := strings.Cut(path, ".")
			if step == "display_name" {
				continue
			}
			if !m.opens(step) {
				return true, nil
			}
			if named := dotted && (rest == searchField || rest == "display_name"); !named && path != searchField {
				if shown, err := j.shows(m, path, lists); shown || err != nil {
					return shown, err
				}
			}
			if f := all[step]; f.Type == "many2one" {
				if hide, err := j.nameHidden(m, f); hide || err != nil {
					return hide, err
				}
			}
		}
	}
	return false, nil
}

// nameHidden tells whether the name of some record in a many2one may be hidden.
func (j *judge) nameHidden(m *model, f odoo.Field) (bool, error) {
	if m.hideNames || j.scheme.blacklisted(f.Relation) {
		return true, nil
	}
	other := j.open(f.Relation)
	if other == nil {
		return false, nil
	}
	if shown, err := j.displays(other); !shown || !other.filter.IsEverything() || err != nil {
		return true, err
	}
	return j.shortened(other)
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
