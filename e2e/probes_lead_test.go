//go:build realodoo

package e2e

import "testing"

// copiesOfContact are the fields that Odoo fills with those of a lead's contact.
var copiesOfContact = []string{
	"email_from", "phone", "mobile", "street", "street2", "city", "zip", "country_id", "state_id", "title", "function", "website", "partner_name",
	"contact_name", "lang_id",
}

// emptyLead are the values of a lead that has no contact, and keeps nothing of
// the one that it had.
func (w *planted) emptyLead() map[string]any {
	fields := w.odoo.fieldsOf("crm.lead")
	vals := map[string]any{"partner_id": false}
	for _, name := range copiesOfContact {
		if fields[name] {
			vals[name] = false
		}
	}
	return vals
}

// Copies of what is hidden of contacts in the leads about them, for an
// application that may read all of leads and the names of contacts.
func probeA74Lead(t *testing.T, p *probing) {
	p.leads = nil
	for range 2 {
		p.leads = append(p.leads, p.odoo.create("crm.lead", map[string]any{"name": p.name}))
	}
	t.Cleanup(func() { p.leads = nil })
	domain := []any{leaf("id", "in", p.leads)}
	list := []attempt{
		{as: &around, model: "crm.lead", method: "search_read", args: d{"domain": domain}},
		{as: &around, model: "crm.lead", method: "read", ids: p.leads},
	}
	for name := range p.odoo.fieldsOf("crm.lead") {
		list = append(list,
			attempt{as: &around, model: "crm.lead", method: "read", ids: p.leads, args: d{"fields": []string{name}}},
			attempt{short: true, as: &around, model: "crm.lead", method: "search_count", args: d{"domain": []any{leaf("id", "in", p.leads), leaf(name, "ilike", p.word)}}},
			attempt{short: true, as: &around, model: "crm.lead", method: "search", args: d{"domain": domain, "order": name}},
			attempt{short: true, as: &around, model: "crm.lead", method: "read_group", args: d{"domain": domain, "fields": []string{"name"}, "groupby": []string{name}}},
		)
	}
	p.silent(t, list...)
}
