package scheme_test

import (
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// A76: an application asks in a language, or a time zone, in which a filter that
// takes part would mean something else. It does not get to Odoo with that call.
func TestA76_FiltersMeanTheSameInEveryLanguage(t *testing.T) {
	src := erp()
	for _, model := range []string{"res.partner.category", "res.country"} {
		f := src[model]["name"]
		f.Translated = true
		src[model]["name"] = f
	}
	src["res.partner"]["since"] = stored("since", "Since", "date")
	src["res.partner.category"]["complete_name"] = odoo.Field{Name: "complete_name", Type: "char", Searchable: true, Depends: []string{"name", "parent_id.complete_name"}}
	src["res.partner"]["tag"] = related("tag", "category_id.complete_name")
	src["res.partner"]["tag_twice"] = related("tag_twice", "parent_id.tag")
	src["res.partner"]["kept_tag"] = related("kept_tag", "category_id.complete_name")
	kept := src["res.partner"]["kept_tag"]
	kept.Store = true
	src["res.partner"]["kept_tag"] = kept
	src["res.partner"]["late"] = odoo.Field{Name: "late", Type: "boolean", Searchable: true, Depends: []string{"since"}}
	src["res.partner"]["nearest_id"] = odoo.Field{Name: "nearest_id", Type: "many2one", Relation: "res.partner", Searchable: true}
	src["res.partner"]["ghost"] = related("ghost", "parent_id.nope")
	src["res.partner"]["round_tag"] = related("round_tag", "parent_id.round_tag")
	on := func(filter string) scheme.Configuration {
		c := customer
		c.Filter = filter
		return c
	}
	const (
		both   = `{"lang":"de_DE","tz":"Pacific/Auckland"}`
		noLang = `{"tz":"Pacific/Auckland"}`
		noTZ   = `{"lang":"de_DE"}`
	)
	named := func(c scheme.Configuration, filter string) scheme.Configuration {
		c.Filter = filter
		return c
	}
	partners := odoo.Call{Model: "res.partner", Method: "search_count"}
	for name, tt := range map[string]struct {
		s    *scheme.Scheme
		call odoo.Call
		want string
	}{
		"no filter":              {compile(t, customer), partners, both},
		"no translated text":     {compile(t, on(`[["customer_rank", ">", 0], ["vat", "=", "x"]]`)), partners, both},
		"a translated text":      {compile(t, on(`[["category_id.name", "!=", "Secret"]]`)), partners, noLang},
		"on its way alone":       {compile(t, on(`[["category_id.parent_id", "!=", 7]]`)), partners, both},
		"below any":              {compile(t, on(`[["category_id", "not any", [["name", "=", "Secret"]]]]`)), partners, noLang},
		"below any, of any":      {compile(t, on(`[["parent_id", "any", [["category_id", "any", [["name", "=", "x"]]]]]]`)), partners, noLang},
		"a record by its name":   {compile(t, on(`[["country_id", "!=", "Belgium"]]`)), partners, noLang},
		"records by their names": {compile(t, on(`[["country_id", "not in", [1, "Belgium"]]]`)), partners, noLang},
		"a part of a name":       {compile(t, on(`[["category_id", "not ilike", "secret"]]`)), partners, noLang},
		"the name of a tree":     {compile(t, on(`[["category_id", "child_of", "Secret"]]`)), partners, noLang},
		"the name of its own":    {compile(t, on(`[["id", "child_of", "Azure"]]`)), partners, noLang},
		"a record by its id":     {compile(t, on(`[["country_id", "not in", [1, false]], ["id", "child_of", 3]]`)), partners, both},
		"what a method searches": {compile(t, on(`[["category_id.complete_name", "!=", "Secret"]]`)), partners, `{}`},
		"a method, of today":     {compile(t, on(`[["late", "=", true]]`)), partners, `{}`},
		"a method on its way":    {compile(t, on(`[["nearest_id.vat", "=", "x"]]`)), partners, `{}`},
		"a method, elsewhere":    {compile(t, on(`[["tag_twice", "!=", "Secret"]]`)), partners, `{}`},
		"stored, and a copy":     {compile(t, on(`[["kept_tag", "!=", "Secret"]]`)), partners, both},
		"a copy of a plain text": {compile(t, on(`[["country_code", "!=", "BE"]]`)), partners, both},
		"a copy of nothing":      {compile(t, on(`[["ghost", "!=", "BE"]]`)), partners, `{}`},
		"a copy of itself":       {compile(t, on(`[["round_tag", "!=", "BE"]]`)), partners, `{}`},
		"one of several":         {compile(t, on(`["|", ["customer_rank", ">", 0], ["country_id.name", "ilike", "x"]]`)), partners, noLang},
		"a day":                  {compile(t, on(`[["since", "<", "2026-01-01"]]`)), partners, both},
		"a time":                 {compile(t, on(`[["write_date", "<", "2026-01-01 00:00:00"]]`)), partners, both},
		"a day of a time":        {compile(t, on(`[["write_date", "<", "2026-01-01"]]`)), partners, noTZ},
		"a day told from today":  {compile(t, on(`[["since", "<", "today -1d"]]`)), partners, noTZ},
		"among others":           {compile(t, on(`[["since", "in", ["2026-01-01", "today"]]]`)), partners, noTZ},
		"no time at all":         {compile(t, on(`[["write_date", "!=", false]]`)), partners, both},
		"both":                   {compile(t, on(`[["category_id.name", "!=", "x"], ["write_date", "<", "now"]]`)), partners, `{}`},
		"of another model":       {compile(t, customer, named(country, `[["name", "!=", "x"]]`)), partners, both},
		"of a model on the way":  {compile(t, customer, named(country, `[["name", "!=", "x"]]`)), odoo.Call{Model: "res.partner", Method: "search_count", Kwargs: domain(leaf("country_id.code", "=", "BE"))}, noLang},
		"of a model below any":   {compile(t, customer, named(country, `[["name", "!=", "x"]]`)), odoo.Call{Model: "res.partner", Method: "search_count", Kwargs: domain(leaf("country_id", "any", []any{leaf("code", "=", "BE")}))}, noLang},
		"search":                 {compile(t, on(`[["category_id.name", "!=", "x"]]`)), odoo.Call{Model: "res.partner", Method: "search"}, noLang},
		"search_read":            {compile(t, on(`[["category_id.name", "!=", "x"]]`)), searchRead("res.partner", vals{"fields": []any{"name"}}), noLang},
		"read":                   {compile(t, on(`[["category_id.name", "!=", "x"]]`)), odoo.Call{Model: "res.partner", Method: "read", IDs: []int64{1}, Args: []any{[]any{"name"}}}, noLang},
		"name_search":            {compile(t, on(`[["category_id.name", "!=", "x"]]`)), odoo.Call{Model: "res.partner", Method: "name_search", Args: []any{"a"}}, noLang},
		"read_group":             {compile(t, on(`[["category_id.name", "!=", "x"]]`)), odoo.Call{Model: "res.partner", Method: "read_group", Args: []any{[]any{}, []any{}, []any{"country_id"}}}, noLang},
		"formatted_read_group":   {compile(t, on(`[["category_id.name", "!=", "x"]]`)), odoo.Call{Model: "res.partner", Method: "formatted_read_group", Args: []any{[]any{}, []any{"country_id"}}}, noLang},
		"fields_get is words":    {compile(t, on(`[["category_id.name", "!=", "x"]]`)), odoo.Call{Model: "res.partner", Method: "fields_get"}, both},
		"write is of a language": {compile(t, writable(on(`[["category_id.name", "!=", "x"]]`))), odoo.Call{Model: "res.partner", Method: "write", IDs: []int64{1}, Args: []any{vals{"name": "y"}}}, both},
	} {
		t.Run(name, func(t *testing.T) {
			tt.call.Context = map[string]any{"lang": "de_DE", "tz": "Pacific/Auckland"}
			checked, err := tt.s.Check(t.Context(), src, tt.call)
			if err != nil || text(t, checked.Context) != tt.want {
				t.Errorf("%v, %v; want %s", checked.Context, err, tt.want)
			}
			if len(tt.call.Context) != 2 {
				t.Error("what the client has sent was changed")
			}
		})
	}
}

func writable(c scheme.Configuration) scheme.Configuration {
	c.Operations = []scheme.Operation{scheme.Read, scheme.Write}
	return c
}
