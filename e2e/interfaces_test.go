package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// classic is an application with all habits of the original /restapi.
var classic = app{id: "classic-0123456789abcdef", secret: "the-classic-one-has-a-secret", redirect: "http://localhost:9/classic"}

// interfacesCaddyfile lets applications do all that the interfaces know. Its
// titles are a run's own, so that two can share an Odoo.
func interfacesCaddyfile(t *testing.T, o odoo) (caddyfile string, icon []byte) {
	t.Helper()
	var image1 bytes.Buffer
	if err := png.Encode(&image1, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "icon.png")
	if err := os.WriteFile(path, image1.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(
		"application steady {", `application classic {
				client_id classic-0123456789abcdef
				client_secret the-classic-one-has-a-secret
				redirect_uri http://localhost:9/classic
				model_scheme sales
				compat restapi
			}
			application steady {
				name "Steady `+rand.Text()[:8]+`"`,
		"compat confluence", "compat confluence\n\t\t\t\town_id this-odoo\n\t\t\t\town_secret what-this-odoo-says",
		"fields whitelist name email phone city is_company country_id", `fields whitelist name email zip is_company country_id
				operations read create write unlink
				method action_archive
				method action_unarchive
				icon `+path,
		"fields whitelist name partner_id date_order state amount_total", "fields whitelist name partner_id date_order state amount_total\n\t\t\t\treports sale.report_saleorder",
		"database {DATABASE}", fmt.Sprintf("database {DATABASE}\n\t\t\tmax_answer %dMiB", o.largest()),
		"whitelist customer order", "whitelist customer order file",
		"model_configuration order {", `model_configuration file {
				model ir.attachment
				sensitive true
				display_name File
				fields whitelist name datas
			}
			model_configuration order {`,
	).Replace(usualCaddyfile), image1.Bytes()
}

// TestSimulatedInterfaces runs them on the simulated versions.
func TestSimulatedInterfaces(t *testing.T) {
	for version := 16; version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			sim := odootest.Start(odootest.Options{Version: version})
			t.Cleanup(sim.Close)
			at, err := url.Parse(sim.URL)
			if err != nil {
				t.Fatal(err)
			}
			interfaces(t, odoo{url: at, database: sim.Database(), login: "admin", password: "admin", simulated: true})
		})
	}
}

// interfaces asks every endpoint of the three interfaces, and leaves nothing
// behind: of an application that acts by the person's session, and of one that
// acts by a key, because Odoo is asked in other words for them.
func interfaces(t *testing.T, o odoo) {
	caddyfile, icon := interfacesCaddyfile(t, o)
	s := startSiteWith(t, o, caddyfile)
	p, tok := connect(t, s, wiki)
	t.Run("orestapi of the application", func(t *testing.T) { orestApplication(t, s, p) })
	key := connectByKey(t, s, steady)
	for _, c := range []struct{ name, token string }{{"session", tok.Access}, {"key", key.Access}} {
		t.Run(c.name, func(t *testing.T) {
			q := *p
			q.t = t
			a := newAsker(t, s, &q, c.token)
			a.byKey = c.name == "key"
			t.Run("restapi", func(t *testing.T) { a.on(t, restapiObjects) })
			t.Run("restapi refusals", func(t *testing.T) { a.on(t, restapiRefusals) })
			t.Run("restapi files", func(t *testing.T) { a.on(t, restapiFiles) })
			t.Run("answers too large", func(t *testing.T) { a.on(t, answersTooLarge) })
			t.Run("restapi reports", func(t *testing.T) { a.on(t, restapiReports) })
			t.Run("orestapi", func(t *testing.T) { a.on(t, func(a *asker) { orestRecords(a, icon) }) })
			t.Run("json2", func(t *testing.T) { a.on(t, json2Methods) })
			t.Run("json2 refusals", func(t *testing.T) { a.on(t, json2Refusals) })
		})
	}
	t.Run("restapi as the original", func(t *testing.T) {
		_, tok := connect(t, s, classic)
		restapiClassic(newAsker(t, s, p, tok.Access))
	})
}

// asker asks an interface with a token, and knows what it has made.
type asker struct {
	t       *testing.T
	s       *site
	person  *person // looks at Odoo itself
	token   string
	byKey   bool // the token's connection has an API key of Odoo's
	version int
	mark    string // stands in the names of the records made
	ids     map[string]string
}

// newAsker returns one whose records are deleted at the end.
func newAsker(t *testing.T, s *site, p *person, token string) *asker {
	t.Helper()
	a := &asker{t: t, s: s, person: p, token: token, mark: "E2E " + rand.Text()[:8], ids: map[string]string{}}
	var version struct {
		Info []any `json:"server_version_info"`
	}
	readJSON(t, p.get("/restapi/1.0/common/version"), &version)
	if n, ok := version.Info[0].(float64); ok {
		a.version = int(n)
	} else if _, err := fmt.Sscanf(fmt.Sprint(version.Info[0]), "saas~%d", &a.version); err != nil {
		t.Fatalf("version %v", version.Info)
	}
	t.Cleanup(func() {
		var left []int64
		all := map[string]any{"context": map[string]any{"active_test": false}}
		p.call("res.partner", "search", []any{[]any{[]any{"name", "like", a.mark}}}, all, &left)
		if len(left) > 0 {
			var done any
			p.call("res.partner", "unlink", []any{left}, map[string]any{}, &done)
		}
	})
	return a
}

// on runs a part of the suite, with names of its own.
func (a *asker) on(t *testing.T, part func(*asker)) {
	b := *a
	b.t, b.mark, b.ids = t, a.mark+" "+rand.Text()[:4], map[string]string{}
	part(&b)
}

// send sends a request byte for byte as it is given, of which Go's client
// would encode some. head are more lines; an Authorization among them stands
// for the token.
func (a *asker) send(line, head, body string) (status int, header http.Header, text string) {
	a.t.Helper()
	if !strings.Contains(head, "Authorization:") {
		head += "Authorization: Bearer " + a.token + "\r\n"
	}
	if body != "" {
		head += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	host := strings.TrimPrefix(a.s.base, "http://")
	resp, text := raw(a.t, host, line+" HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n"+head+"\r\n"+body)
	return resp.StatusCode, resp.Header, text
}

// step is one request of a suite. In its texts $name is the id of a record
// made by the step of that name, and $mark is in the names of all of them.
// JSON is compared in one form, with the members of objects in their
// alphabetical order: Odoo's differs by its versions and ways to ask.
type step struct {
	name, line, head, body string
	status                 int
	want                   string // a pattern of all the answer
}

var firstID = regexp.MustCompile(`^\[(\d+)|"id":(\d+)`)

// run takes the steps, each of which must be answered as JSON.
func (a *asker) run(steps []step) {
	a.t.Helper()
	for _, s := range steps {
		status, header, got := a.send(a.fill(s.line, url.QueryEscape(a.mark)), s.head, a.fill(s.body, a.mark))
		var value any
		if header.Get("Content-Type") == "application/json" && json.Unmarshal([]byte(got), &value) == nil {
			var same bytes.Buffer
			encoder := json.NewEncoder(&same)
			encoder.SetEscapeHTML(false)
			if err := encoder.Encode(value); err != nil {
				a.t.Fatal(err)
			}
			got = strings.TrimSuffix(same.String(), "\n")
		}
		if made := firstID.FindStringSubmatch(got); made != nil && s.name != "" {
			a.ids[s.name] = made[1] + made[2]
		}
		want := a.fill(s.want, regexp.QuoteMeta(a.mark))
		if ok, err := regexp.MatchString("^(?s:"+want+")$", got); err != nil || status != s.status || !ok {
			a.t.Errorf("%s %s: %d %s\nwant %d %s %v", s.line, s.body, status, got, s.status, want, err)
		}
		if kind := header.Get("Content-Type"); kind != "application/json" && kind != "application/xml" && kind != "application/pdf" {
			a.t.Errorf("%s: Content-Type %q", s.line, kind)
		}
	}
}

// fill sets ids and the mark into a text.
func (a *asker) fill(text, mark string) string {
	text = strings.ReplaceAll(text, "$mark", mark)
	for name, id := range a.ids {
		text = strings.ReplaceAll(text, "$"+name, id)
	}
	return text
}

// partner is what Odoo itself says of a record that a step has made.
func (a *asker) partner(step string, fields ...string) map[string]any {
	a.t.Helper()
	var id int64
	if err := json.Unmarshal([]byte(a.ids[step]), &id); err != nil {
		a.t.Fatalf("step %s has made nothing", step)
	}
	var found []map[string]any
	a.person.call("res.partner", "search_read", []any{[]any{[]any{"id", "=", id}}},
		map[string]any{"fields": fields, "context": map[string]any{"active_test": false}}, &found)
	if len(found) != 1 {
		return nil
	}
	delete(found[0], "id")
	return found[0]
}
