//go:build realodoo

package e2e

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// The filter of the application worded leaves a tag out by its name, which has
// another word in each language, and that of tagged who has it: whoever asks in the
// other one gets as little.
func probeA76Language(t *testing.T, p *probing) {
	const language = "fr_BE"
	var found []int64
	p.odoo.model("res.lang", "search", &found, d{"context": d{"active_test": false}}, []any{leaf("code", "=", language)})
	var spoken int
	p.odoo.model("res.lang", "search_count", &spoken, nil, []any{leaf("code", "=", language)})
	if len(found) != 1 {
		t.Fatalf("%s: %v", language, found)
	}
	if spoken == 0 {
		p.odoo.write("res.lang", found[0], d{"active": true})
		t.Cleanup(func() { p.odoo.write("res.lang", found[0], d{"active": false}) })
	}
	shown, hidden := p.odoo.create("res.partner.category", d{"name": "shown " + p.token}), p.odoo.create("res.partner.category", d{"name": "left out " + p.token})
	p.odoo.model("res.partner.category", "write", nil, d{"context": d{"lang": language}}, []int64{hidden}, d{"name": "dehors " + p.token})

	with := p.odoo.create("res.partner", d{"name": "With " + p.token, "category_id": []any{[]any{6, 0, []int64{hidden}}}})
	without := p.odoo.create("res.partner", d{"name": "Without " + p.token, "category_id": []any{[]any{6, 0, []int64{shown}}}})
	for _, asked := range []struct {
		as            *app
		model         string
		shown, hidden int64
		filter        []any
	}{
		{&worded, "res.partner.category", shown, hidden, leaf("name", "!=", "left out "+p.token)},
		{&tagged, "res.partner", without, with, leaf("category_id", "!=", "left out "+p.token)},
	} {
		p.sameInEveryLanguage(asked.as, asked.model, asked.shown, asked.hidden, asked.filter, language)
	}
	p.odoo.remove("res.partner", with)
	p.odoo.remove("res.partner", without)
}

// sameInEveryLanguage asks an application for two records, of which its filter leaves
// one out, in English and in another language.
func (p *probing) sameInEveryLanguage(as *app, model string, shown, hidden int64, filter []any, language string) {
	p.t.Helper()
	both := []int64{shown, hidden}
	straight := 0
	for _, in := range []d{nil, {"lang": "en_US"}, {"lang": language}} {
		for _, a := range []attempt{
			{method: "search_count", args: d{"domain": []any{leaf("id", "in", both)}}},
			{method: "search", args: d{"domain": []any{leaf("id", "in", both)}}},
			{method: "search_read", args: d{"domain": []any{leaf("id", "in", both)}, "fields": []string{"color"}}},
			{method: "read", ids: both, args: d{"fields": []string{"color"}}},
			{method: "read_group", args: d{"domain": []any{leaf("id", "in", both)}, "fields": []string{"color"}, "groupby": []string{"color"}}},
		} {
			a.as, a.model, a.context = as, model, in
			for dialect, send := range p.dialects(a) {
				got := send()
				var held bool
				switch a.method {
				case "search_count":
					held = bare(1).MatchString(got.body) && !bare(2).MatchString(got.body)
				case "read_group": // which repeats the condition
					held = strings.Contains(got.body, `"color_count":1`) && strings.Count(got.body, "color_count") == 1
				default:
					held = bare(shown).MatchString(got.body) && !bare(hidden).MatchString(got.body)
				}
				if !held || got.status != http.StatusOK || strings.Contains(got.body, "left out") || strings.Contains(got.body, "dehors") {
					p.t.Errorf("%s %s: %d %.500s", dialect, a, got.status, got.body)
				}
			}
		}
		asked := attempt{model: model, method: "search_count", args: d{"domain": []any{leaf("id", "in", both), filter}}, context: in}
		if strings.Contains(p.odoo.ask(asked), `"result": 2`) {
			straight++
		}
	}
	if straight != 1 {
		p.t.Errorf("asked straight, Odoo lets the filter of %s hold in %d of the languages: it proves nothing", model, 3-straight)
	}
}

// bare is a number that stands by itself.
func bare(n int64) *regexp.Regexp { return regexp.MustCompile(fmt.Sprintf(`\b%d\b`, n)) }
