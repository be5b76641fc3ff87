package caddymodule

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// What an application may do is explained with the line that decides it, in
// the running Caddy and before anybody has connected.
func TestExplain(t *testing.T) {
	s, _ := newOdooSite(t)
	s.inApplication = "scopes odoo.read"
	m := newMachine(t)
	m.start(s.caddyfile(), s.admin)
	run := func(want int, args ...string) string {
		t.Helper()
		out, errOut, status := m.odooGateway(append(append([]string{"explain"}, args...), "--address", s.admin)...)
		if status != want {
			t.Fatalf("%v: status %d: %s%s", args, status, out, errOut)
		}
		return out + errOut
	}
	for _, test := range []struct {
		args []string
		want int
		says []string
	}{
		{[]string{"--model", "res.partner"}, 0, []string{"model res.partner", "yes", "model_configuration customer: model res.partner", "is allowed, if Odoo has it\n"}},
		{[]string{"--model", "res.partner", "--field", "name"}, 0, []string{"field name", "fields whitelist"}},
		{[]string{"--model", "res.partner", "--field", "name", "--field", "vat"}, 1, []string{"field vat", "no (field_not_allowed)", "read res.partner with vat is not allowed"}},
		{[]string{"--model", "res.partner", "--operation", "write"}, 1, []string{"scope odoo.write", "no (operation_not_allowed)", "application wiki: scopes odoo.read", "no (operation_not_allowed)"}},
		{[]string{"--model", "sale.order"}, 1, []string{"no (model_not_allowed)", "model_scheme sales", "\nopen: res.partner\n"}},
		{[]string{"--model", "ir.config_parameter"}, 1, []string{"no (model_not_allowed)", "built in"}},
	} {
		out := run(test.want, append(test.args, "--application", "wiki")...)
		if strings.Contains(out, "Error") {
			t.Errorf("%v ends with what was just said:\n%s", test.args, out)
		}
		for _, says := range test.says {
			if !strings.Contains(out, says) {
				t.Errorf("%v does not say %q:\n%s", test.args, says, out)
			}
		}
	}

	if out, errOut, status := m.odooGateway("audit", "list", "--kind", "administration_read", "--application", "wiki", "--json", "--address", s.admin); status != 0 || strings.Count(out, `"what":"explain"`) != 6 {
		t.Errorf("the audit trail has %s%s", out, errOut)
	}
	var e explanation
	out := run(1, "--application", "wiki", "--model", "res.partner", "--field", "vat", "--json")
	if err := json.Unmarshal([]byte(strings.SplitAfter(out, "\n")[0]), &e); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(e.Verdicts, func(v verdict) bool { return v.Subject == "field vat" })
	if e.Allowed || e.Operation != "read" || i < 0 || e.Verdicts[i].Allowed || e.Verdicts[i].Line == "" {
		t.Errorf("explained %+v", e)
	}

	for _, test := range []struct{ args, says string }{
		{"--application wiki", "say which --application and which --model"},
		{"--application nobody --model res.partner", "there is no application \"nobody\"; configured: wiki"},
		{"--application wiki --model res..partner", "is not the name of a model"},
		{"--application wiki --model res.partner --field a,b", "one field each"},
		{"--application wiki --model res.partner --gateway none", "none"},
	} {
		if out := run(1, strings.Fields(test.args)...); !strings.Contains(out, test.says) {
			t.Errorf("%s: %s", test.args, out)
		}
	}
}

// An archived application may do nothing, whatever its scheme says.
func TestExplainArchived(t *testing.T) {
	s, _ := newOdooSite(t)
	s.inApplication = "active false"
	m := newMachine(t)
	m.start(s.caddyfile(), s.admin)
	out, errOut, status := m.odooGateway("explain", "--application", "wiki", "--model", "res.partner", "--address", s.admin)
	if status != 1 || !strings.Contains(out, "application wiki: active false") {
		t.Errorf("status %d: %s%s", status, out, errOut)
	}
}

// Which models and fields there are, and which fields are copies, Odoo tells in
// the name of somebody who is connected. Before that the explanation says that
// it is not judged.
func TestExplainAsksOdoo(t *testing.T) {
	s, odoo := newOdooSite(t)
	m := newMachine(t)
	with := func(change ...string) string {
		return strings.NewReplacer(append(change, "fields whitelist name", "fields blacklist parent_id nmae")...).Replace(s.caddyfile())
	}
	p := m.start(with(), s.admin)
	explain := func(args ...string) (string, int) {
		t.Helper()
		out, errOut, status := m.odooGateway(append([]string{"explain", "--application", "wiki", "--address", s.admin, "--model"}, args...)...)
		return strings.Join(strings.Fields(out+errOut), " "), status
	}
	expect := func(want int, says []string, args ...string) {
		t.Helper()
		out, status := explain(args...)
		if status != want || strings.Contains(out, "Not judged") != (says[0] == "Not judged") {
			t.Errorf("%v: status %d: %s", args, status, out)
		}
		for _, text := range says {
			if !strings.Contains(out, text) {
				t.Errorf("%v does not say %q: %s", args, text, out)
			}
		}
	}
	expect(0, []string{"Not judged", "model res.partner yes, if Odoo has it", "field child_ids yes, if Odoo has it", "operation read yes model_configuration"}, "res.partner", "--field", "child_ids")
	if _, err := newPerson(t, "http://"+s.addr).authorize("s"); err != nil {
		t.Fatal(err)
	}
	copied := []string{"model res.partner yes model_configuration", "field child_ids no", "the field shows what a hidden one holds"}
	expect(1, copied, "res.partner", "--field", "child_ids")
	expect(0, []string{"field phone yes model_configuration"}, "res.partner", "--field", "phone")
	expect(1, []string{"field fax no (field_unknown) Odoo: the model has no such field"}, "res.partner", "--field", "fax")
	// While Odoo is away, what it has said just now holds.
	odoo.SetDown(true)
	expect(1, copied, "res.partner", "--field", "child_ids")
	odoo.SetDown(false)
	if err := p.load(with("model res.partner", "model res.partnr")); err != nil {
		t.Fatal(err)
	}
	expect(1, []string{"model res.partnr yes", "model res.partnr no (model_unknown) Odoo: it has no model of that name"}, "res.partnr", "--field", "name")
}
