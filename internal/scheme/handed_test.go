package scheme_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// company is erp, whose records are all found, with this many kin, of whom some
// are inside of the filter.
type company struct {
	source
	kin, inside string
	err         error
	asked       []string
}

func (c *company) Run(_ context.Context, call odoo.Call) (odoo.Result, error) {
	domain, _ := call.Kwargs["domain"].([]any)
	if call.Method == "search" {
		ids := domain[slices.IndexFunc(domain, func(v any) bool { l, ok := v.([]any); return ok && l[0] == "id" })].([]any)[2]
		value, err := odoo.MarshalValue(ids)
		return odoo.Result{Value: value}, err
	}
	written, err := odoo.MarshalValue(domain)
	c.asked = append(c.asked, call.Method+" "+string(written))
	if len(c.asked) == 1 {
		return odoo.Result{Value: []byte(c.kin)}, errors.Join(err, c.err)
	}
	return odoo.Result{Value: []byte(c.inside)}, err
}

// Odoo hands the address of a contact, and what is its company's, on to others
// of the company: nobody outside of a filter over them may be brought in by it.
func TestHandedOn(t *testing.T) {
	src := erp()
	for _, name := range []string{"street", "city", "industry_id", "l10n_xx_kind", "property_note"} {
		src["res.partner"][name] = stored(name, name, "char")
	}
	src["res.partner"]["company_id"] = relation("company_id", "many2one", "res.company")
	src["res.company"] = fields(stored("name", "Name", "char"))
	src["res.partner"]["commercial_partner_id"] = relation("commercial_partner_id", "many2one", "res.partner")
	src["res.country"]["partner_ids"] = listed("partner_ids", "res.partner", "country_id")
	src["calendar.event"] = fields(stored("name", "Name", "char"), odoo.Field{Name: "recurrence_update", Type: "selection"})
	const here, there = `[["country_id", "=", 20]]`, `[["phone", "!=", false]]`
	nested := func(v ...any) vals { return vals{"child_ids": []any{command(v...)}} }
	for name, tt := range map[string]struct {
		filter string
		call   odoo.Call
		ids    string // whose kin are looked for; "" nobody's
	}{
		"the country":                   {here, write("res.partner", vals{"country_id": int64(20)}, 7, 8), "7,8"},
		"another part of an address":    {here, write("res.partner", vals{"street": "x"}, 7), "7"},
		"of the company":                {`[["vat", "=", "x"]]`, write("res.partner", vals{"vat": "x"}, 7), "7"},
		"of an addon":                   {`[["l10n_xx_kind", "=", "x"]]`, write("res.partner", vals{"property_note": "y"}, 7), "7"},
		"of one of Odoo's companies":    {`[["company_id", "=", 1]]`, write("res.partner", vals{"company_id": int64(1)}, 7), "7"},
		"another company":               {here, write("res.partner", vals{"parent_id": int64(9)}, 7), "7,9"},
		"no company":                    {here, write("res.partner", vals{"parent_id": false}, 7), "7"},
		"somebody more":                 {here, write("res.partner", nested(int64(4), int64(9)), 7), "7,9"},
		"somebody's street":             {here, write("res.partner", nested(int64(1), int64(9), vals{"street": "x"}), 7), "7,9"},
		"by another model":              {here, write("res.country", vals{"partner_ids": []any{command(int64(1), int64(9), vals{"street": "x"})}}, 3), "9"},
		"new in a company":              {here, create("res.partner", vals{"country_id": int64(20), "parent_id": int64(9)}), "9"},
		"new, alone":                    {here, create("res.partner", vals{"country_id": int64(20), "street": "x"}), ""},
		"kept to oneself":               {here, write("res.partner", vals{"name": "x", "phone": "1"}, 7), ""},
		"of the company, not looked at": {here, write("res.partner", vals{"vat": "x", "industry_id": "y"}, 7), ""},
		"looked at by no filter":        {there, write("res.partner", vals{"street": "x", "parent_id": int64(9)}, 7), ""},
		"without a filter":              {"", write("res.partner", vals{"country_id": int64(20)}, 7), ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := compile(t,
				scheme.Configuration{Model: "res.partner", Filter: tt.filter, Operations: readWriteFor(tt.call)},
				scheme.Configuration{Model: "res.country", Operations: readWrite, WriteLimit: scheme.LimitWhitelist, WriteFields: []string{"partner_ids"}},
				scheme.Configuration{Model: "res.partner.category"}, scheme.Configuration{Model: "res.company"})
			checked, err := s.Check(t.Context(), src, tt.call)
			if err != nil {
				t.Fatal(err)
			}
			some, all := &company{source: src, kin: "3", inside: "2"}, &company{source: src, kin: "3", inside: "3"}
			if err := s.Prove(t.Context(), all, checked); err != nil {
				t.Errorf("all inside: %v", err)
			}
			want, wantErr := []string(nil), "<nil>"
			if tt.ids != "" {
				kin := fmt.Sprintf(`"|","|",["id","child_of",[%[1]s]],["parent_id","parent_of",[%[1]s]],["commercial_partner_id","parent_of",[%[1]s]]`, tt.ids)
				if strings.Contains(tt.filter, "country_id") {
					kin = `"&",` + kin + `,["type","=","contact"]`
				}
				kin = fmt.Sprintf(`"|",%s,["id","parent_of",[%s]],["active","in",[true,false]]`, kin, tt.ids)
				want = []string{`search_count ["&",` + kin + `]`, `search_count ["&","&",` + kin + "," + strings.ReplaceAll(strings.TrimPrefix(tt.filter, "["), ", ", ",")}
				wantErr = scheme.CodeFilter
			}
			if err := s.Prove(t.Context(), some, checked); wantErr != "<nil>" && code(err) != wantErr || wantErr == "<nil>" && err != nil {
				t.Errorf("one outside: %v", err)
			}
			if !slices.Equal(some.asked, want) {
				t.Errorf("asked\n%s\nwant\n%s", strings.Join(some.asked, "\n"), strings.Join(want, "\n"))
			}
		})
	}

	// What is not known is not taken for granted.
	s := compile(t, scheme.Configuration{Model: "res.partner", Filter: here, Operations: []scheme.Operation{scheme.Write}})
	checked, err := s.Check(t.Context(), src, write("res.partner", vals{"street": "x"}, 7))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		company company
		want    odoo.Kind
	}{
		"an outage":         {company{err: errDown}, odoo.Unavailable},
		"no number":         {company{kin: `"3"`, inside: `"3"`}, odoo.Server},
		"no number at last": {company{kin: `3`, inside: `[3]`}, odoo.Server},
	} {
		c.company.source = src
		if e, ok := errors.AsType[*odoo.Error](s.Prove(t.Context(), &c.company, checked)); !ok || e.Kind != c.want {
			t.Errorf("%s: %v", name, e)
		}
	}
}

func readWriteFor(call odoo.Call) []scheme.Operation {
	if call.Method == "create" {
		return readWrite
	}
	return []scheme.Operation{scheme.Read, scheme.Write}
}

// One event of a series is changed alone: the others may be outside.
func TestSeriesSwitch(t *testing.T) {
	src := erp()
	src["calendar.event"] = fields(stored("name", "Name", "char"), odoo.Field{Name: "recurrence_update", Type: "selection"})
	call := write("calendar.event", vals{"name": "x", "recurrence_update": "all_events"}, 7)
	for filter, want := range map[string]string{"": "", `[["name", "!=", "private"]]`: scheme.CodeFilter} {
		s := compile(t, scheme.Configuration{Model: "calendar.event", Filter: filter, Operations: []scheme.Operation{scheme.Write},
			WriteLimit: scheme.LimitWhitelist, WriteFields: []string{"name", "recurrence_update"}})
		if _, err := s.Check(t.Context(), src, call); code(err) != want {
			t.Errorf("filter %q: %v", filter, err)
		}
	}
}
