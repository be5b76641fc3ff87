package connect

import (
	"slices"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// call is a call to show: a method at /json/2, and its arguments.
type call struct {
	method    string
	arguments object
	// reads: it changes nothing, so that it can be run as it stands.
	reads bool
}

// calls are those to show of a model: finding records, and what the application
// may do beside that. Their values are there to be replaced.
func (m model) calls() []call {
	var all []call
	if m.may(scheme.Read) {
		all = append(all, call{"search_read", object{"domain": []any{}, "fields": m.sample(), "limit": min(m.Rows, 5)}, true})
	}
	ids := []int{1}
	if m.may(scheme.Create) {
		all = append(all, call{"create", object{"vals_list": []object{m.blank()}}, false})
	}
	if m.may(scheme.Write) {
		all = append(all, call{"write", object{"ids": ids, "vals": m.blank()}, false})
	}
	if m.may(scheme.Unlink) {
		all = append(all, call{"unlink", object{"ids": ids}, false})
	}
	for _, method := range m.Methods {
		if !method.Own {
			continue
		}
		arguments := object{}
		if method.Records {
			arguments["ids"] = ids
		}
		for _, name := range method.Arguments {
			arguments[name] = nil
		}
		all = append(all, call{method.Name, arguments, false})
	}
	if len(all) == 0 && m.has("fields_get") {
		all = append(all, call{"fields_get", object{"attributes": []string{"string", "type"}}, true})
	}
	return all
}

// blank are values to be replaced, of the field that people would set first.
func (m model) blank() object {
	texts := slices.DeleteFunc(slices.Clone(m.Write), func(name string) bool {
		return m.Known && m.Fields[name].Type != "char" && m.Fields[name].Type != "text"
	})
	slices.SortStableFunc(texts, func(a, b string) int { return rank(a) - rank(b) })
	if len(texts) == 0 {
		return object{}
	}
	return object{texts[0]: "…"}
}

// unnamed is a model without a configuration that is open, to show how those
// are asked for; "" where none that is usual is.
func (g *Guide) unnamed() string {
	for _, name := range []string{"res.partner", "res.country", "res.currency", "product.product", "sale.order"} {
		if g.others != nil && g.Scheme.OpensUnnamed(name) {
			return name
		}
	}
	return ""
}
