package scheme_test

import (
	"context"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

func define(t *testing.T, d scheme.Definition) *scheme.Scheme {
	t.Helper()
	s, err := scheme.Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestModelLimits(t *testing.T) {
	for name, d := range map[string]scheme.Definition{
		"unknown limit":        {Limit: "all"},
		"blacklist of nothing": {Limit: scheme.LimitBlacklist},
		"models of no use":     {Blacklist: []string{"hr.employee"}},
		"no model":             {Limit: scheme.LimitBlacklist, Blacklist: []string{"HR"}},
		"twice":                {Limit: scheme.LimitBlacklist, Blacklist: []string{"hr.*", "hr.*"}},
		"listed and closed":    {Limit: scheme.LimitBlacklist, Blacklist: []string{"res.*"}, Configurations: []scheme.Configuration{customer}},
		"report of two":        {Configurations: []scheme.Configuration{{Model: "res.partner", Reports: []string{"a.b"}}, {Model: "res.country", Reports: []string{"a.b"}}}},
	} {
		if _, err := scheme.Compile(d); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	inactive := customer
	inactive.Inactive = true
	for name, tt := range map[string]struct {
		d      scheme.Definition
		opened string
	}{
		"whitelist":               {scheme.Definition{Configurations: []scheme.Configuration{customer, country}}, "res.partner res.country"},
		"none":                    {scheme.Definition{Limit: scheme.LimitNone}, "res.partner res.country sale.order sale.order.line"},
		"blacklist":               {scheme.Definition{Limit: scheme.LimitBlacklist, Blacklist: []string{"sale.order.*", "res.country"}}, "res.partner"},
		"exactly":                 {scheme.Definition{Limit: scheme.LimitBlacklist, Blacklist: []string{"sale.order"}}, "res.partner res.country sale.order.line"},
		"none, one inactive":      {scheme.Definition{Limit: scheme.LimitNone, Configurations: []scheme.Configuration{inactive}}, "res.country sale.order sale.order.line"},
		"whitelist, one inactive": {scheme.Definition{Configurations: []scheme.Configuration{inactive, country}}, "res.country"},
		"inactive":                {scheme.Definition{Inactive: true, Configurations: []scheme.Configuration{customer}}, ""},
		"inactive and open":       {scheme.Definition{Inactive: true, Limit: scheme.LimitNone}, ""},
		"default":                 {scheme.Default(), "res.partner"},
	} {
		s := define(t, tt.d)
		for _, model := range []string{"res.partner", "res.country", "sale.order", "sale.order.line", "res.users", "RES.PARTNER", "res．partner"} {
			want := strings.Contains(" "+tt.opened+" ", " "+model+" ")
			if s.Opens(model) != want {
				t.Errorf("%s: %s is open: %v", name, model, !want)
			}
			if _, err := check(t, s, odoo.Call{Model: model, Method: "search"}); (err == nil) != want || err != nil && code(err) != scheme.CodeModel {
				t.Errorf("%s: search of %s: %v", name, model, err)
			}
		}
	}
}

// In a scheme without a whitelist models without a configuration are read,
// and nothing else; configurations hold for theirs.
func TestOpenScheme(t *testing.T) {
	s := define(t, scheme.Definition{Limit: scheme.LimitNone, Configurations: []scheme.Configuration{filtered()}})
	if !s.Open() || compile(t, country).Open() {
		t.Error("what is open is not said")
	}
	for model, want := range map[string]bool{"sale.order": true, "res.partner": false, "res.users": false, "": false} {
		if s.OpensUnnamed(model) != want || compile(t, country).OpensUnnamed(model) {
			t.Errorf("%s is open without a configuration: %v", model, !want)
		}
	}
	for name, tt := range map[string]struct {
		call odoo.Call
		want string
	}{
		"configured field":  {searchRead("res.partner", map[string]any{"fields": []any{"vat"}}), scheme.CodeField},
		"other":             {searchRead("sale.order", map[string]any{"fields": []any{"margin"}}), ""},
		"path":              {searchRead("sale.order.line", domain(leaf("order_id.margin", ">", int64(1)))), ""},
		"path into a limit": {searchRead("sale.order", domain(leaf("partner_id.vat", "=", "x"))), scheme.CodeField},
		"credentials":       {searchRead("sale.order", map[string]any{"fields": []any{"message_ids"}}), scheme.CodeField},
		"sensitive":         {searchRead("res.users", nil), scheme.CodeModel},
		"path to sensitive": {searchRead("res.partner", domain(leaf("user_ids.login", "=", "x"))), scheme.CodeField},
		"write":             {write("sale.order", vals{"name": "x"}, 1), scheme.CodeOperation},
		"method":            {call("action_confirm", []int64{1}, nil, nil), scheme.CodeOperation},
	} {
		if _, err := check(t, s, tt.call); code(err) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The names of related records: those of a blacklisted model, and all where
// the configuration hides them.
func TestRelatedNames(t *testing.T) {
	hiding := order
	hiding.HideRelatedNames = true
	for name, tt := range map[string]struct {
		s    *scheme.Scheme
		want string
	}{
		"shown":       {compile(t, order), `[{"id":1,"partner_id":[7,"SENTINEL"]}]`},
		"hidden":      {compile(t, hiding), `[{"id":1,"partner_id":[7,"res.partner,7"]}]`},
		"hidden, too": {compile(t, hiding, customer), `[{"id":1,"partner_id":[7,"res.partner,7"]}]`},
		"blacklisted": {define(t, scheme.Definition{Limit: scheme.LimitBlacklist, Blacklist: []string{"res.partner"}}), `[{"id":1,"partner_id":[7,"res.partner,7"]}]`},
		"open":        {define(t, scheme.Definition{Limit: scheme.LimitBlacklist, Blacklist: []string{"res.country"}}), `[{"id":1,"partner_id":[7,"SENTINEL"]}]`},
	} {
		checked, err := check(t, tt.s, searchRead("sale.order", map[string]any{"fields": []any{"partner_id"}}))
		if err != nil {
			t.Fatal(err)
		}
		got, err := tt.s.Filter(context.Background(), erp(), checked, odoo.Result{Value: []byte(`[{"id":1,"partner_id":[7,"SENTINEL"]}]`)})
		if err != nil || string(got.Value) != tt.want {
			t.Errorf("%s: %s, %v", name, got.Value, err)
		}
	}
}

func TestRowLimit(t *testing.T) {
	limited := country
	limited.RowLimit = 50
	s := compile(t, limited)
	ids := make([]int64, 51)
	for i := range ids {
		ids[i] = int64(i + 1)
	}
	for name, tt := range map[string]struct {
		call odoo.Call
		want string
	}{
		"search":      {odoo.Call{Model: "res.country", Method: "search", Kwargs: vals{"limit": int64(51)}}, scheme.CodeLimit},
		"as many":     {odoo.Call{Model: "res.country", Method: "search", Kwargs: vals{"limit": int64(50)}}, ""},
		"name_search": {odoo.Call{Model: "res.country", Method: "name_search", Kwargs: vals{"limit": int64(51)}}, scheme.CodeLimit},
		"groups":      {odoo.Call{Model: "res.country", Method: "read_group", Kwargs: vals{"limit": int64(51)}}, scheme.CodeLimit},
		"read":        {odoo.Call{Model: "res.country", Method: "read", IDs: ids}, scheme.CodeLimit},
		"read of all": {odoo.Call{Model: "res.country", Method: "read", IDs: ids[:50]}, ""},
	} {
		if _, err := check(t, s, tt.call); code(err) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	got, err := check(t, s, odoo.Call{Model: "res.country", Method: "search"})
	if err != nil || got.Kwargs["limit"] != int64(50) {
		t.Errorf("without a limit: %v, %v", got, err)
	}
}

func TestSearchFields(t *testing.T) {
	c := customer
	c.SearchFields = []string{"name", "email"}
	got, err := check(t, compile(t, c), nameSearch("x"))
	if want := `["|",["name","ilike","x"],["email","ilike","x"]]`; err != nil || text(t, got.Kwargs["domain"]) != want {
		t.Errorf("%s, %v", text(t, got.Kwargs["domain"]), err)
	}
	c.SearchFields = []string{"country_id"}
	if _, err := check(t, compile(t, c), nameSearch("x")); code(err) != scheme.CodeOperator {
		t.Errorf("search of a relation: %v", err)
	}
}

// Where records are not read, nothing tells about them.
func TestWithoutReading(t *testing.T) {
	c := scheme.Configuration{Model: "sale.order", Operations: []scheme.Operation{scheme.Create}, WriteLimit: scheme.LimitWhitelist, WriteFields: []string{"name"}}
	s := compile(t, c, line)
	if len(s.Models(context.Background())) != 1 || s.Opens("sale.order") {
		t.Errorf("models %v", s.Models(context.Background()))
	}
	for _, call := range []odoo.Call{
		searchRead("sale.order", nil), {Model: "sale.order", Method: "search_count"}, {Model: "sale.order", Method: "read_group"}, {Model: "sale.order", Method: "name_search"},
		{Model: "sale.order", Method: "read", IDs: []int64{1}},
	} {
		if _, err := check(t, s, call); code(err) != scheme.CodeOperation {
			t.Errorf("%s: %v", call.Method, err)
		}
	}
	for _, call := range []odoo.Call{
		searchRead("sale.order.line", domain(leaf("order_id.name", "=", "x"))), {Model: "sale.order", Method: "fields_get", Args: []any{[]any{"margin"}}},
		{Model: "sale.order", Method: "default_get", Args: []any{[]any{"name"}}},
	} {
		if _, err := check(t, s, call); code(err) != scheme.CodeField {
			t.Errorf("%s: %v", call.Method, err)
		}
	}
	for _, op := range []scheme.Operation{scheme.Create, scheme.Write} {
		c.Operations = []scheme.Operation{op}
		got, err := check(t, compile(t, c), odoo.Call{Model: "sale.order", Method: "fields_get", Kwargs: vals{"attributes": []any{"type"}}})
		if want := `{"allfields":["name"],"attributes":["type"]}`; err != nil || text(t, got.Kwargs) != want {
			t.Errorf("%s: %s, %v", op, text(t, got.Kwargs), err)
		}
	}
}

func TestNamesInLanguages(t *testing.T) {
	c := customer
	c.DisplayNames = map[string]string{"de_DE": "Kunde", "fr": "Client"}
	s := compile(t, c)
	for accepted, want := range map[string]string{
		"": "Customer", "de_DE": "Kunde", "de-DE": "Kunde", "de": "Kunde", "de-AT": "Kunde", "fr-BE": "Client", "nl": "Customer", "d": "Customer", "*": "Customer",
		"nl, fr;q=0.5, de;q=0.7": "Kunde", "en-US,en;q=0.9,de;q=0.8": "Customer", "de;q=0, fr": "Client", "de;q=x, fr;q=0.1": "Client", ",;q=1,": "Customer",
		strings.Repeat("nl,", 9) + "de": "Kunde", strings.Repeat("nl,", 10) + "de": "Customer",
	} {
		ctx := scheme.WithLanguages(context.Background(), accepted)
		if got := s.Models(ctx)[0].Name; got != want {
			t.Errorf("%q: %s", accepted, got)
		}
		if words := say(s, ctx, nil, nil); !strings.HasPrefix(words[0], "read "+want+": ") {
			t.Errorf("%q: %q", accepted, words)
		}
	}
}

func TestWordsOfWriting(t *testing.T) {
	list := writing()
	list[0].DisplayName, list[0].Fields = "Customer", []string{"name", "email", "email_normalized"}
	list[1].Operations, list[1].WriteLimit, list[1].WriteFields = []scheme.Operation{scheme.Read, scheme.Write}, scheme.LimitWhitelist, []string{"name", "fax"}
	list[2].Operations = []scheme.Operation{scheme.Create, scheme.Unlink}
	list[3].Methods, list[3].Reports = []scheme.Method{{Name: "b"}, {Name: "a"}}, []string{"x.y"}
	const only = " (only the records that your administrator selected)"
	want := []string{
		"read Customer: Name, Email, email_normalized" + only, "create and change Customer: Name, Email" + only, "delete Customer" + only,
		"read sale.order: all fields except Margin", "change sale.order: Order",
		"create sale.order.line: all fields", "delete sale.order.line",
		"read res.partner.category: all fields", "run on res.partner.category: a, b", "print res.partner.category: x.y",
		"read Country: all fields",
	}
	got := say(compile(t, list...), context.Background(), erp(), nil)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	for scopes, want := range map[string]string{
		scheme.ScopeRead + " " + scheme.ScopeCall: "read Country: all fields|run on Country: a|print Country: x.y", scheme.ScopeCall: "run on Country: a|print Country: x.y",
		scheme.ScopeWrite: "create and change Country: all fields|delete Country", "": "",
	} {
		s := compile(t, scheme.Configuration{Model: "res.country", DisplayName: "Country", Methods: []scheme.Method{{Name: "a"}}, Reports: []string{"x.y"},
			Operations: []scheme.Operation{scheme.Read, scheme.Create, scheme.Write, scheme.Unlink}})
		if got := say(s, context.Background(), nil, strings.Fields(scopes)); strings.Join(got, "|") != want {
			t.Errorf("%q: got %q", scopes, got)
		}
	}
	for _, limit := range []scheme.Limit{scheme.LimitNone, scheme.LimitBlacklist} {
		d := scheme.Definition{Limit: limit}
		if limit == scheme.LimitBlacklist {
			d.Blacklist = []string{"hr.*"}
		}
		if got := say(define(t, d), context.Background(), nil, []string{scheme.ScopeWrite}); len(got) != 0 {
			t.Errorf("%s: got %q", limit, got)
		}
	}
	for want, d := range map[string]scheme.Definition{
		"read every other model: all fields":                          {Limit: scheme.LimitNone},
		"read every other model except hr.*, res.country: all fields": {Limit: scheme.LimitBlacklist, Blacklist: []string{"hr.*", "res.country"}},
	} {
		if got := say(define(t, d), context.Background(), nil, nil); strings.Join(got, "\n") != want {
			t.Errorf("got %q", got)
		}
	}
}

// Whatever a scheme grants is in its digest.
func TestDigestCoversAll(t *testing.T) {
	change := func(f func(*scheme.Configuration)) *scheme.Scheme {
		c := scheme.Configuration{Model: "res.partner", Operations: readWrite}
		f(&c)
		return compile(t, c)
	}
	seen := map[string]string{}
	for name, s := range map[string]*scheme.Scheme{
		"base":        change(func(*scheme.Configuration) {}),
		"operations":  change(func(c *scheme.Configuration) { c.Operations = c.Operations[:3] }),
		"write limit": change(func(c *scheme.Configuration) { c.WriteLimit = scheme.LimitNone }),
		"write fields": change(func(c *scheme.Configuration) {
			c.WriteLimit, c.WriteFields = scheme.LimitWhitelist, []string{"name"}
		}),
		"forced":          change(func(c *scheme.Configuration) { c.Forced = vals{"name": "x"} }),
		"other forced":    change(func(c *scheme.Configuration) { c.Forced = vals{"name": "y"} }),
		"preset":          change(func(c *scheme.Configuration) { c.Preset = vals{"name": "x"} }),
		"method":          change(func(c *scheme.Configuration) { c.Methods = []scheme.Method{{Name: "a"}} }),
		"argument":        change(func(c *scheme.Configuration) { c.Methods = []scheme.Method{{Name: "a", Arguments: []string{"b"}}} }),
		"on model":        change(func(c *scheme.Configuration) { c.Methods = []scheme.Method{{Name: "a", OnModel: true}} }),
		"any answer":      change(func(c *scheme.Configuration) { c.Methods = []scheme.Method{{Name: "a", AnyAnswer: true}} }),
		"report":          change(func(c *scheme.Configuration) { c.Reports = []string{"a.b"} }),
		"search":          change(func(c *scheme.Configuration) { c.SearchFields = []string{"email"} }),
		"names":           change(func(c *scheme.Configuration) { c.HideRelatedNames = true }),
		"none":            define(t, scheme.Definition{Limit: scheme.LimitNone, Configurations: []scheme.Configuration{{Model: "res.partner", Operations: readWrite}}}),
		"blacklist":       define(t, scheme.Definition{Limit: scheme.LimitBlacklist, Blacklist: []string{"hr"}, Configurations: []scheme.Configuration{{Model: "res.partner", Operations: readWrite}}}),
		"other blacklist": define(t, scheme.Definition{Limit: scheme.LimitBlacklist, Blacklist: []string{"hr.*"}, Configurations: []scheme.Configuration{{Model: "res.partner", Operations: readWrite}}}),
	} {
		if other, same := seen[s.Digest()]; same {
			t.Errorf("%s and %s have one digest", name, other)
		}
		seen[s.Digest()] = name
	}
	rows := change(func(c *scheme.Configuration) {
		c.RowLimit, c.Description, c.DisplayNames = 5, "x", map[string]string{"de": "x"}
	})
	if seen[rows.Digest()] != "base" {
		t.Error("the digest depends on what grants nothing")
	}
}
