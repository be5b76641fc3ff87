package page

import (
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/text/feature/plural"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// Every language has every text, with the same places for values.
func TestCataloguesAgree(t *testing.T) {
	files, err := filepath.Glob("catalogue/*.json")
	if err != nil || len(files) != len(catalogues) {
		t.Fatalf("%d files for %d catalogues, %v", len(files), len(catalogues), err)
	}
	for _, c := range catalogues {
		for key := range english.phrases {
			if c.phrases[key] == nil {
				t.Errorf("%v lacks %s", c.tag, key)
			}
		}
		for key, found := range c.phrases {
			original, ok := english.phrases[key]
			if !ok {
				t.Errorf("%v has %s, which English has not", c.tag, key)
				continue
			}
			if want := slices.Sorted(maps.Keys(original)); !slices.Equal(slices.Sorted(maps.Keys(found)), want) {
				t.Errorf("%v: %s has other plural forms than %v", c.tag, key, want)
			}
			want := original[plural.Other].values()
			for form, p := range found {
				got := p.values()
				if form == plural.One { // which may say "once" for the number
					got, want := slices.DeleteFunc(got, isCount), slices.DeleteFunc(slices.Clone(want), isCount)
					if !slices.Equal(got, want) {
						t.Errorf("%v: %s has places for %v, want %v", c.tag, key, got, want)
					}
					continue
				}
				if !slices.Equal(got, want) {
					t.Errorf("%v: %s has places for %v, want %v", c.tag, key, got, want)
				}
			}
		}
	}
}

func isCount(name string) bool { return name == "count" }

// No text was left untranslated, and none has two spaces, a space at an end or
// a straight quotation mark.
func TestCataloguesAreWritten(t *testing.T) {
	same := []string{"date.first", "date.month", "may.delete", "list.revoke_one", "problem.archived", "list.connection", "list.tokens", "admin.nav.applications", "admin.nav.settings", "admin.application", "admin.oauth", "admin.pkce"}
	for _, c := range catalogues {
		for key, found := range c.phrases {
			for form, p := range found {
				text := whole(p)
				if strings.TrimSpace(text) != text || strings.Contains(text, "  ") || strings.ContainsAny(text, `"'`) {
					t.Errorf("%v: %s is %q", c.tag, key, text)
				}
				if c != english && text == whole(english.phrases[key][form]) && !slices.ContainsFunc(same, func(prefix string) bool { return strings.HasPrefix(key, prefix) }) {
					t.Errorf("%v: %s is English: %q", c.tag, key, text)
				}
			}
		}
	}
}

func whole(p phrase) string {
	var b strings.Builder
	for _, s := range p {
		b.WriteString(s.text)
		if s.value != "" {
			b.WriteString("{" + s.value + "}")
		}
	}
	return b.String()
}

func TestBrokenCatalogues(t *testing.T) {
	for name, data := range map[string]string{
		"no JSON": `{`, "a list": `{"a": ["b"]}`, "an unknown form": `{"a": {"few": "b", "other": "c"}}`, "no other": `{"a": {"one": "b"}}`,
		"empty": `{"a": ""}`, "an open brace": `{"a": "b {c"}`, "an empty name": `{"a": "b {} c"}`, "a lonely star": `{"a": "b * c"}`,
	} {
		if _, err := readCatalogue("en", []byte(data)); err == nil {
			t.Errorf("%s is read", name)
		}
	}
	if _, err := readCatalogue("no language", []byte(`{}`)); err == nil {
		t.Error("a language without a code is read")
	}
}

// marked is a catalogue whose texts say their keys in brackets.
func marked(t *testing.T) *catalogue {
	t.Helper()
	raw := map[string]any{}
	for key, found := range english.phrases {
		values := ""
		for _, name := range found[plural.Other].values() {
			values += "⟧{" + name + "}⟦"
		}
		raw[key] = "⟦" + key + values + "⟧"
	}
	data, err := json.Marshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	c, err := readCatalogue("en", data)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// everyPage is all that the pages can say, with 7 for every value.
func everyPage() map[string]any {
	const x = "7"
	at := time.Date(2026, 3, 7, 7, 7, 7, 0, time.UTC)
	all := map[string]any{
		"continue.html": Continue{Application: x, URL: x, Odoo: x},
	}
	consent := Consent{Application: x, Description: x, Name: x, Login: x, Database: x, RedirectURI: "7:7", SwitchURL: x, Mine: x, Action: x, Token: x}
	for _, act := range []scheme.Act{scheme.ActRead, scheme.ActCreate, scheme.ActChange, scheme.ActCreateChange, scheme.ActDelete, scheme.ActRun, scheme.ActPrint, scheme.ActReadOthers} {
		for _, fields := range []scheme.Extent{"", scheme.ExtentAll, scheme.ExtentExcept, scheme.ExtentThese, scheme.ExtentID, scheme.ExtentNone} {
			consent.May = append(consent.May, scheme.Statement{Act: act, Model: x, Fields: fields, Names: []string{x}, Selected: true}, scheme.Statement{Act: act, Model: x, Fields: fields})
		}
	}
	all["consent.html"] = consent
	list := Authorizations{Name: x, Login: x, Database: x, Action: x, RevokeAll: x}
	all["authorizations.html empty"] = list
	for _, reason := range append([]string{"", "?"}, reasons...) {
		list.Items = append(list.Items, Authorization{Application: x, Description: x, Since: at, Reason: reason})
	}
	list.Items = append(list.Items,
		Authorization{Application: x, Off: true, Trusted: true, Since: at, LastUsed: at, RedirectURI: x, Connection: FollowsSession, Tokens: 1, Newest: at},
		Authorization{Application: x, Since: at, LastUsed: at, Uses: 7, URIs: []string{x}, Connection: HoldsKey, KeyName: x},
		Authorization{Application: x, Since: at, Connection: HoldsKey, Ends: at, EndsSoon: true, StayURL: x, May: consent.May, Changed: true},
	)
	list.LeftKeys = []LeftKey{{Name: x, Since: at}}
	for month := time.January; month <= time.December; month++ {
		list.Items = append(list.Items, Authorization{Application: x, Since: time.Date(2026, month, 1, 0, 0, 0, 0, time.UTC)})
	}
	all["authorizations.html"] = list
	for i, r := range []Done{{Application: x}, {Application: x, Part: true}, {Application: x, Stays: true}, {All: true}} {
		all[fmt.Sprint("authorizations.html revoked", i)] = Authorizations{Name: x, Login: x, Database: x, Done: r, LeftKeys: list.LeftKeys}
	}
	for state := StayAsks; state <= StayUnavailable; state++ {
		for i, s := range []Stay{{}, {Must: true, Again: true}, {Own: true, NoReports: true}, {ConfirmURL: x}, {ConfirmURL: x, Confirmed: true}} {
			s.State, s.Application, s.Name, s.Login, s.Database, s.KeyName, s.RedirectURI, s.Token = state, x, x, x, x, x, "7:7", x
			all[fmt.Sprint("stay.html ", state, i)] = s
		}
	}
	for kind := BadRequest; kind <= WrongMethod; kind++ {
		p := Problem{Kind: kind, Application: x, Group: x, RequestID: x, Mine: x}
		switch kind {
		case UnknownApplication:
			p.Advice = &Advice{ClientID: x}
		case UnknownRedirect:
			p.Advice = &Advice{Received: x, Registered: []Registered{{URI: x}, {URI: x, Archived: true}}}
		case BadRequest:
			p.Advice = &Advice{ClientID: x, Archived: x}
		}
		if linked(kind) {
			p.URL = x
		}
		all["problem.html "+kind.String()] = p
	}
	maps.Copy(all, everyAdminPage())
	return all
}

// linked tells whether a problem may have a way on.
func linked(k Kind) bool { return english.phrases["problem."+k.String()+".link"] != nil }

var (
	tags       = regexp.MustCompile(`<[^>]*>`)
	attributes = regexp.MustCompile(`(?:aria-label|title|alt|placeholder)="([^"]*)"`)
	brackets   = regexp.MustCompile(`⟦[^⟧]*⟧`)
)

// All that people read on the pages comes from the catalogue, and all that is
// in the catalogue stands on some page.
func TestEveryTextIsInTheCatalogue(t *testing.T) {
	c := marked(t)
	said := map[string]bool{"broken": true}
	for name, data := range everyPage() {
		file, _, _ := strings.Cut(name, " ")
		var page strings.Builder
		if err := templates.ExecuteTemplate(&page, file, view{Voice{c, time.UTC}, data}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		read := tags.ReplaceAllString(page.String(), " ")
		for _, found := range attributes.FindAllStringSubmatch(page.String(), -1) {
			read += " " + found[1]
		}
		for _, key := range brackets.FindAllString(read, -1) {
			said[strings.Trim(key, "⟦⟧")] = true
		}
		rest := strings.NewReplacer("UTC", "", "&#43;", "").Replace(brackets.ReplaceAllString(read, ""))
		if i := strings.IndexFunc(rest, unicode.IsLetter); i >= 0 {
			t.Errorf("%s says outside of the catalogue: %.60q", name, rest[i:])
		}
	}
	for key := range english.phrases {
		if !said[key] {
			t.Errorf("%s stands on no page", key)
		}
	}
	for key := range said {
		if key != "" && english.phrases[key] == nil {
			t.Errorf("the catalogue lacks %s", key)
		}
	}
}

// Templates hold no text of their own.
func TestTemplatesHoldNoText(t *testing.T) {
	files, err := filepath.Glob("templates/*.html")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	actions := regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		bare := tags.ReplaceAllString(actions.ReplaceAllString(string(text), ""), "")
		if strings.IndexFunc(bare, unicode.IsLetter) >= 0 {
			t.Errorf("%s says %q", file, strings.TrimSpace(bare))
		}
	}
}

func reading(reader Reader, accept ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, a := range accept {
		r.Header.Add("Accept-Language", a)
	}
	return r.WithContext(For(context.Background(), reader))
}

// The language follows the Odoo user, else Accept-Language, else it is English.
func TestLanguageOfPages(t *testing.T) {
	for _, test := range []struct{ lang, accept, want string }{
		{"de_CH", "fr", "de"}, {"hu_HU", "en", "hu"}, {"es_419", "", "es"}, {"fr_BE", "de", "fr"}, {"en_US", "de", "en"},
		{"nl_NL", "hu,de;q=0.5", "hu"}, {"nl_NL", "nl", "en"}, {"sr@latin", "de", "de"}, {"zz_\x00", "es", "es"},
		{"", "", "en"}, {"", "fr-CA;q=0.3, de-AT;q=0.9", "de"}, {"", "ja, *;q=0.5", "en"}, {"", ";;;", "en"},
		{"", "de," + strings.Repeat("x", 2000), "en"}, {"de_DE", strings.Repeat("x", 2000), "de"},
	} {
		w := httptest.NewRecorder()
		WriteContinue(w, reading(Reader{Language: test.lang}, test.accept), Continue{Application: "A", URL: "/"})
		if got := w.Header().Get("Content-Language"); got != test.want || !strings.Contains(w.Body.String(), `<html lang="`+test.want+`">`) {
			t.Errorf("%q and %.40q: %s", test.lang, test.accept, got)
		}
		if !slices.Contains(w.Header().Values("Vary"), "Accept-Language") {
			t.Errorf("Vary %q", w.Header().Values("Vary"))
		}
	}
}

func TestMoments(t *testing.T) {
	at := time.Date(2026, 2, 28, 23, 30, 0, 0, time.UTC)
	for _, test := range []struct{ lang, zone, want, where string }{
		{"en_US", "", "28 February 2026, 23:30 UTC", "UTC"}, {"de_AT", "Europe/Vienna", "1. März 2026, 00:30 Uhr (CET)", "Europe/Vienna"},
		{"fr_FR", "Europe/Paris", "1er mars 2026 à 00:30 (CET)", "Europe/Paris"}, {"fr_CA", "America/Montreal", "28 février 2026 à 18:30 (EST)", "America/Montreal"},
		{"hu_HU", "Europe/Budapest", "2026. március 1. 00:30 (CET)", "Europe/Budapest"}, {"es_MX", "America/Mexico_City", "28 de febrero de 2026, 17:30 (CST)", "America/Mexico_City"},
		{"en_US", "Local", "28 February 2026, 23:30 UTC", "UTC"}, {"en_US", "../../etc/passwd", "28 February 2026, 23:30 UTC", "UTC"},
	} {
		v := voiceFor(reading(Reader{Language: test.lang, Zone: test.zone}))
		want := template.HTML(`<time datetime="2026-02-28T23:30:00Z">` + test.want + `</time>`)
		if got := v.Moment(at); got != want || v.Zone() != test.where {
			t.Errorf("%s: %s in %s", test.lang, got, v.Zone())
		}
	}
}

func TestPlurals(t *testing.T) {
	for lang, want := range map[string][3]string{
		"en_US": {"0 in use, the newest from x", "1 in use, from x", "12,345 in use, the newest from x"},
		"fr_FR": {"0 en cours d’utilisation, du x", "1 en cours d’utilisation, du x", "12\u00a0345 en cours d’utilisation, le plus récent du x"},
		"de_DE": {"0 in Gebrauch, das neueste vom x", "1 in Gebrauch, vom x", "12.345 in Gebrauch, das neueste vom x"},
		"hu_HU": {"0 használatban, a legújabb kelte: x", "1 használatban, kelte: x", "12\u00a0345 használatban, a legújabb kelte: x"},
		"es_ES": {"0 en uso, el más reciente del x", "1 en uso, del x", "12.345 en uso, el más reciente del x"},
	} {
		v := voiceFor(reading(Reader{Language: lang}))
		for i, n := range []int{0, 1, 12345} {
			if got := v.Text("list.in_use", "moment", "x", "count", n); got != want[i] {
				t.Errorf("%s: %q, want %q", lang, got, want[i])
			}
		}
	}
}

func TestStatements(t *testing.T) {
	v := voiceFor(reading(Reader{Language: "de_DE"}))
	for want, s := range map[template.HTML]scheme.Statement{
		"<strong>Kunde</strong> lesen: Name, E-Mail":                                              {Act: scheme.ActRead, Model: "Kunde", Fields: scheme.ExtentThese, Names: []string{"Name", "E-Mail"}},
		"<strong>&lt;b&gt;</strong> ändern: alle Felder außer &amp;":                              {Act: scheme.ActChange, Model: "<b>", Fields: scheme.ExtentExcept, Names: []string{"&"}},
		"<strong>*</strong> löschen (nur die Datensätze, die Ihre Administration ausgewählt hat)": {Act: scheme.ActDelete, Model: "*", Selected: true},
		"<strong>{names}</strong> – Methoden ausführen: {model}":                                  {Act: scheme.ActRun, Model: "{names}", Names: []string{"{model}"}},
		"alle anderen Modelle außer hr.* lesen: alle Felder":                                      {Act: scheme.ActReadOthers, Names: []string{"hr.*"}},
	} {
		if got := v.Statement(s); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// Every kind of event has a name in every language, no two the same one; one of
// an earlier version is shown as it is.
func TestEventsHaveNames(t *testing.T) {
	for _, c := range catalogues {
		seen := map[string]audit.Kind{}
		for _, k := range audit.Kinds {
			found := c.phrases[eventKey+string(k)]
			if found == nil {
				t.Errorf("%v has no name for %s", c.tag, k)
				continue
			}
			name := whole(found[plural.Other])
			if other, twice := seen[name]; twice {
				t.Errorf("%v calls %s and %s %q", c.tag, k, other, name)
			}
			seen[name] = k
		}
	}
	if got := (Voice{}).Event("connection_followed"); got != "connection_followed" {
		t.Errorf("an event of an earlier version is %q", got)
	}
}
