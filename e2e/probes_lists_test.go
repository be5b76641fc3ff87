//go:build realodoo

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// The filter of the application listed looks into a list, in which Odoo counts
// archived records or not: a contact that is not there for reading can not be changed
// either.
func probeA80Lists(t *testing.T, p *probing) {
	tag := func(name string, active bool) int64 {
		return p.odoo.create("res.partner.category", d{"name": "in " + p.token + " " + name, "active": active})
	}
	contact := func(name string, tag int64) (id int64) {
		id = p.odoo.create("res.partner", d{"name": name + " " + p.token, "category_id": []any{[]any{6, 0, []int64{tag}}}})
		t.Cleanup(func() { p.odoo.remove("res.partner", id) })
		return id
	}
	inside, outside := contact("Inside", tag("today", true)), contact("Outside", tag("once", false))
	both := []any{leaf("id", "in", []int64{inside, outside}), leaf("category_id.name", "like", "in "+p.token)}
	for want, in := range map[string]d{`"result": 1`: nil, `"result": 2`: {"active_test": false}} {
		if got := p.odoo.ask(attempt{method: "search_count", args: d{"domain": both}, context: in}); !strings.Contains(got, want) {
			t.Errorf("asked straight with %v, Odoo counts otherwise: it proves nothing: %s", in, got)
		}
	}
	const absent = 2_000_000_017
	for _, with := range []func(int64) attempt{
		func(id int64) attempt { return attempt{method: "read", ids: []int64{id}} },
		func(id int64) attempt {
			return attempt{method: "search", args: d{"domain": []any{leaf("id", "=", id)}}}
		},
		func(id int64) attempt {
			return attempt{method: "write", ids: []int64{id}, args: d{"vals": d{"name": "Taken"}}}
		},
		func(id int64) attempt { return attempt{method: "unlink", ids: []int64{id}} },
		func(id int64) attempt {
			return attempt{method: "write", ids: []int64{inside, id}, args: d{"vals": d{"name": "Taken"}}}
		},
	} {
		there, gone := with(outside), with(absent)
		there.as, gone.as = &listed, &listed
		for dialect, send := range p.dialects(there) {
			got := strings.ReplaceAll(send().text, fmt.Sprint(outside), "ID")
			if want := strings.ReplaceAll(p.dialects(gone)[dialect]().text, fmt.Sprint(absent), "ID"); got != want {
				t.Errorf("%s %s\n%.700s\n---- but of a record that does not exist:\n%.700s", dialect, there, got, want)
			}
		}
	}
	for id, name := range map[int64]string{inside: "Inside", outside: "Outside"} {
		if got := p.odoo.ask(attempt{method: "read", ids: []int64{id}, args: d{"fields": []string{"name"}}}); !strings.Contains(got, name+" "+p.token) {
			t.Errorf("%s has changed: %s", name, got)
		}
	}
	for dialect, send := range p.dialects(attempt{as: &listed, method: "write", ids: []int64{inside}, args: d{"vals": d{"name": "Changed " + p.token}}}) {
		if got := send(); got.status != http.StatusOK && got.status != http.StatusNoContent {
			t.Errorf("%s: what is inside can not be changed: %s", dialect, got.text)
		}
	}
}
