package e2e

import (
	"bytes"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// docsCaddyfile is the site that the pages of docs speak of.
const docsCaddyfile = `{
	persist_config off
	auto_https off
	odoo_gateway {
		store badger {DIR}/grants
		gateway erp {
			issuer {BASE}
			database {DATABASE}
			application wiki {
				name "Team wiki"
				client_id team-wiki
				client_secret the-wiki-has-a-secret
				redirect_uri http://localhost:9/callback
				model_scheme sales
				authorization_code_retain 30d
			}
			application nightly {
				name "Nightly export"
				client_id nightly
				client_secret the-export-has-a-secret
				model_scheme sales
				service_connection {
					login demo
					api_key {env.SERVICE_KEY}
				}
			}
			model_scheme sales {
				whitelist customer order
			}
			model_configuration customer {
				model res.partner
				display_name Customer
				fields whitelist name email phone city country_id
				operations read create write unlink
			}
			model_configuration order {
				model sale.order
				display_name Order
				fields whitelist name partner_id date_order state amount_total
				method action_confirm
				reports sale.report_saleorder
			}
		}
	}
}

{BASE} {
	bind 127.0.0.1
	odoo_gateway erp
	{PROXY}
}
`

// docsWiki is its application that people connect.
var docsWiki = app{id: "team-wiki", secret: "the-wiki-has-a-secret", redirect: "http://localhost:9/callback"}

// TestDocs runs what the pages of docs, and README.md, show. In a page,
//
//	```sh            is run, all of a page's in one shell, in its order;
//	```json, ```text after that is what the last of them prints, … standing for anything;
//	```sh example    is not run, and says what the page's variables are;
//	```sh checkout   is run by the tests that inCheckout names;
//	```sh elsewhere  is not run: it needs Docker, systemd or a release;
//	```caddyfile     is formatted and valid: a whole Caddyfile, or what stands in a gateway.
//
// What else there is, judge knows. Links lead to files and headings that are
// there, and README.md leads to all pages.
func TestDocs(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	index, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range pages {
		if !strings.Contains(string(index), "](docs/"+filepath.Base(name)+")") {
			t.Errorf("README.md does not lead to %s", name)
		}
	}
	tests := testsOf(t, "..")
	for _, name := range append(pages, "../README.md") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			linksLead(t, name, text)
			var steps []docStep
			for _, b := range blocksOf(text) {
				for _, wrong := range judge(t, filepath.Base(name), b, tests) {
					t.Errorf("```%s\n%s```\n%s", b.kind, b.body, wrong)
				}
				switch last := len(steps) - 1; {
				case b.kind == "sh":
					steps = append(steps, docStep{run: b.body})
				case b.kind == "json" || b.kind == "text":
					if last < 0 || steps[last].want != "" {
						t.Errorf("what prints this?\n%s", b.body)
						continue
					}
					steps[last].want = b.body
				case b.kind == "caddyfile":
					docsValid(t, b.body)
				}
			}
			if len(steps) > 0 {
				runSteps(t, steps)
			}
		})
	}
}

// docStep is a command of a page, and what it prints.
type docStep struct{ run, want string }

// linksLead fails for links to files, or headings, that are not there.
func linksLead(t *testing.T, page string, text []byte) {
	t.Helper()
	for _, link := range regexp.MustCompile(`\]\(([^):#]*)(#[^)]*)?\)`).FindAllSubmatch(text, -1) {
		to := page
		if len(link[1]) > 0 {
			to = filepath.Join(filepath.Dir(page), string(link[1]))
		}
		if wrong := absent(to); len(wrong) > 0 {
			t.Errorf("a link to what is not there: %s", wrong)
		} else if heading := strings.TrimPrefix(string(link[2]), "#"); heading != "" && !headings(t, to)[heading] {
			t.Errorf("a link to a heading that is not there: %s", link[0])
		}
	}
}

// absent says so of a file that is not there.
func absent(name string) []string {
	if _, err := os.Stat(name); err != nil {
		return []string{err.Error()}
	}
	return nil
}

// headings are those of a page as links name them.
func headings(t *testing.T, page string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^#+ (.*)$").FindAllSubmatch(fenced.ReplaceAll(text, nil), -1) {
		name := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(string(m[1])), "")
		found[strings.ReplaceAll(name, " ", "-")] = true
	}
	return found
}

// docsValid fails for a Caddyfile that Caddy would not take as it stands.
func docsValid(t *testing.T, text string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("part", text)
	caddyOnce(t, dir, "fmt", "--diff", "part")
	if err := os.Mkdir(filepath.Join(dir, "applications"), 0o755); err != nil {
		t.Fatal(err)
	}
	write("applications/wiki", "application wiki {\n\tclient_id team-wiki\n\tclient_secret the-wiki-has-a-secret\n\tredirect_uri https://wiki.example.com/callback\n}\n")
	if regexp.MustCompile(`^(application|model_scheme|model_configuration) `).MatchString(text) {
		text = "{\n\todoo_gateway {\n\t\tgateway erp {\n\t\t\tissuer https://erp.example.com\n\t\t\tdatabase prod\n" + text + docsScheme(text) + "\t\t}\n\t}\n}\n"
	}
	write("secret", "what the file holds")
	text = regexp.MustCompile(`\{file\.[^}]+\}`).ReplaceAllString(text, "{file."+dir+"/secret}")
	text = strings.NewReplacer("{env.ODOO_GATEWAY_STORE}", `"host=db.example.com dbname=grants"`, "{env.ODOO_GATEWAY_SEAL_KEY}", strings.Repeat("0f", 32)).Replace(text)
	text = regexp.MustCompile(`\{env\.[^}]+\}`).ReplaceAllString(text, "{env.WIKI_SECRET}")
	write("Caddyfile", text)
	caddyOnce(t, dir, "validate", "--config", "Caddyfile")
}

// docsScheme is the model scheme that parts of a configuration speak of, where
// they do not have it themselves.
func docsScheme(text string) string {
	if strings.Contains("\n"+text, "\nmodel_scheme ") {
		return ""
	}
	return "model_scheme sales {\n\twhitelist customer\n}\nmodel_configuration customer {\n\tmodel res.partner\n\tfields whitelist name\n}\n"
}

// runSteps runs a page's commands against a site of its own.
func runSteps(t *testing.T, steps []docStep) {
	t.Helper()
	sim := odootest.Start(odootest.Options{Version: 19})
	t.Cleanup(sim.Close)
	at, err := url.Parse(sim.URL)
	if err != nil {
		t.Fatal(err)
	}
	admin := "127.0.0.1:" + freePort(t)
	s := startSiteWith(t, odoo{url: at, database: sim.Database(), login: "demo", password: "demo"}, docsCaddyfile,
		"CADDY_ADMIN="+admin, "SERVICE_KEY="+sim.NewAPIKey("demo", "Nightly export", time.Now().AddDate(0, 1, 0)))
	p := newPerson(t, s.base)
	p.logIn(s.odoo, "/web/login")
	code := p.consent(docsWiki)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const mark = "\x1e"
	script := "set -euo pipefail\ncaddy() { " + asCaddy + "=1 '" + self + "' \"$@\"; }\n"
	for _, step := range steps {
		script += strings.NewReplacer("https://erp.example.com", s.base).Replace(step.run) + "printf '" + mark + "'\n"
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "CADDY_ADMIN="+admin, "XDG_DATA_HOME="+s.dir, "XDG_CONFIG_HOME="+s.dir, "code="+code,
		"erp="+s.base, "client_id="+docsWiki.id, "client_secret="+docsWiki.secret, "redirect_uri="+docsWiki.redirect)
	var said, complained bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &complained
	runErr := cmd.Run()
	outputs := strings.Split(said.String(), mark)
	if runErr != nil {
		failed := len(outputs) - 1
		t.Fatalf("%v\n%s\nprints %s\n%s", runErr, steps[min(failed, len(steps)-1)].run, outputs[failed], complained.String())
	}
	for i, step := range steps {
		got := strings.ReplaceAll(outputs[i], s.base, "https://erp.example.com")
		if step.want != "" && !fits(got, step.want) {
			t.Errorf("%s\nprints\n%s\nthe page says\n%s", step.run, got, step.want)
		}
	}
}

// fits tells whether a text is as a page says it is, spaces aside.
func fits(got, want string) bool {
	space := regexp.MustCompile(`\s+`)
	parts := strings.Split(space.ReplaceAllString(want, ""), "…")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^(?s:" + strings.Join(parts, ".*") + ")$").MatchString(space.ReplaceAllString(got, ""))
}
