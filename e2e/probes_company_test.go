//go:build realodoo

package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// Odoo hands on what is written to a company to the people in it: the filter of the
// application registered must not be opened that way to one of them who is outside.
func probeA80Company(t *testing.T, p *probing) {
	in, also, out := "in "+p.token, "also in "+p.token, "out "+p.token
	contact := func(name, registry string, more d) (id int64) {
		vals := d{"name": name + " " + p.token, "company_registry": registry}
		for field, v := range more {
			vals[field] = v
		}
		id = p.odoo.create("res.partner", vals)
		t.Cleanup(func() { p.odoo.remove("res.partner", id) })
		return id
	}
	company := func() (firm, person int64) {
		firm = contact("Firm", in, d{"is_company": true})
		person = contact("Person", in, d{"parent_id": firm})
		p.odoo.ask(attempt{method: "write", ids: []int64{person}, args: d{"vals": d{"company_registry": out}}})
		return firm, person
	}
	registry := func(id int64) string {
		return p.odoo.ask(attempt{method: "read", ids: []int64{id}, args: d{"fields": []string{"company_registry"}}})
	}
	another := d{"vals": d{"company_registry": also}} // 19 hands on what has changed

	firm, person := company()
	if got := registry(person); !strings.Contains(got, out) {
		t.Fatalf("nobody of the company is outside, it proves nothing: %s", got)
	}
	for dialect, send := range p.dialects(attempt{as: &registered, method: "write", ids: []int64{firm}, args: another}) {
		if got := send(); got.status != http.StatusForbidden || !strings.Contains(got.text, "value_not_allowed") {
			t.Errorf("%s: status %d: %s", dialect, got.status, got.text)
		}
	}
	if got := registry(person); !strings.Contains(got, out) {
		t.Errorf("brought in: %s", got)
	}
	p.odoo.ask(attempt{method: "write", ids: []int64{firm}, args: another})
	if got := registry(person); !strings.Contains(got, also) {
		t.Errorf("asked straight, Odoo hands nothing on: it proves nothing: %s", got)
	}
	// Where all are inside, and for what is handed on to nobody.
	for _, vals := range []d{{"company_registry": in}, {"name": "Changed " + p.token}} {
		for dialect, send := range p.dialects(attempt{as: &registered, method: "write", ids: []int64{firm, person}, args: d{"vals": vals}}) {
			if got := send(); got.status != http.StatusOK && got.status != http.StatusNoContent {
				t.Errorf("%s %v: status %d: %s", dialect, vals, got.status, got.text)
			}
		}
	}
}
