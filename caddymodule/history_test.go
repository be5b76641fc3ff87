package caddymodule

import (
	"os"
	"os/user"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/administration"
)

// What changes in a configuration is known by name, with who has changed it,
// across reloads and restarts; one that was only tried out has changed nothing.
// What is configured is told without a secret.
func TestHistoryOfTheConfiguration(t *testing.T) {
	s, _ := newOdooSite(t)
	m := newMachine(t)
	secret := filepath.Join(t.TempDir(), "secret")
	setSecret := func(text string) {
		t.Helper()
		if err := os.WriteFile(secret, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	setSecret("first-secret")
	s.secret = "{file." + secret + "}"
	p := m.start(s.caddyfile(), s.admin)
	var outputs strings.Builder
	run := func(args ...string) string {
		t.Helper()
		out, errOut, status := m.odooGateway(append(args, "--address", s.admin)...)
		outputs.WriteString(out + errOut)
		if status != 0 {
			t.Fatalf("%v: status %d: %s%s", args, status, out, errOut)
		}
		return out
	}
	changes := func(kind string) (all []string) {
		t.Helper()
		for _, h := range jsonLines[administration.History](t, run("history", "--kind", kind, "--json")) {
			for _, c := range h.Changes {
				by := c.By
				if c.ByProcess {
					by = "process"
				}
				all = append(all, strings.Join(append([]string{h.Name, c.What, by}, c.Fields...), " "))
			}
		}
		return all
	}
	expect := func(kind string, want ...string) {
		t.Helper()
		if got := changes(kind); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%q, want\n%q", kind, got, want)
		}
	}
	expect("application", "wiki added process")
	expect("gateway", "erp added process")
	who, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if out := run("history"); !strings.Contains(out, "model_configuration  customer  ") || !strings.Contains(out, "added   process "+who.Username+"@") {
		t.Errorf("the table is\n%s", out)
	}

	// A new secret in the same file, by somebody who says so.
	setSecret("second-secret")
	s.options = `changed_by "Jane Doe, ticket 42"`
	tried := s
	tried.failAt, tried.inApplication = "start", `name "Never in force"`
	if err := p.load(tried.caddyfile()); err == nil {
		t.Fatal("a configuration that fails is in force")
	}
	expect("application", "wiki added process")
	if err := p.load(s.caddyfile()); err != nil {
		t.Fatal(err)
	}
	expect("application", "wiki changed Jane Doe, ticket 42 client_secret", "wiki added process")
	p.stop()
	p = m.start(s.caddyfile(), s.admin)
	expect("application", "wiki changed Jane Doe, ticket 42 client_secret", "wiki added process")

	applications := jsonLines[administration.Application](t, run("applications", "--json"))
	if len(applications) != 1 || applications[0].ClientID != "wiki" || applications[0].ClientSecrets != 1 || applications[0].RedirectURIs[0].URI != callback ||
		applications[0].AccessExpiry != 3600 || applications[0].History != nil {
		t.Errorf("applications %+v", applications)
	}
	one := jsonLines[administration.Application](t, run("applications", "wiki", "--json"))
	if len(one) != 1 || one[0].History == nil || len(one[0].History.Changes) != 2 {
		t.Errorf("one application %+v", one)
	}
	if out := run("applications"); !strings.Contains(out, "wiki  wiki   active  wiki       sales         "+callback) {
		t.Errorf("the table is\n%s", out)
	}
	if out := run("schemes", "list"); !strings.Contains(out, "sales  sales  active  whitelist  customer        wiki") {
		t.Errorf("the table is\n%s", out)
	}
	if out := run("schemes", "configurations", "customer"); !strings.Contains(out, "customer  res.partner  active  read        whitelist name") {
		t.Errorf("the table is\n%s", out)
	}
	if got := jsonLines[administration.Configuration](t, run("schemes", "configurations", "--json")); len(got) != 1 || got[0].Model != "res.partner" || !reflect.DeepEqual(got[0].Schemes, []string{"sales"}) {
		t.Errorf("configurations %+v", got)
	}
	if got := jsonLines[administration.Scheme](t, run("schemes", "list", "sales", "--json")); len(got) != 1 || got[0].History == nil || !reflect.DeepEqual(got[0].Applications, []string{"wiki"}) {
		t.Errorf("schemes %+v", got)
	}
	for _, args := range [][]string{{"applications", "nonsense"}, {"schemes", "list", "nonsense"}, {"schemes", "configurations", "nonsense"}, {"history", "--kind", "nonsense"}, {"applications", "a", "b"}} {
		if out, errOut, status := m.odooGateway(append(args, "--address", s.admin)...); status != 1 || strings.Contains(errOut, "panic") {
			t.Errorf("%v: status %d: %s%s", args, status, out, errOut)
		}
	}

	events := jsonLines[administration.Event](t, run("audit", "list", "--kind", "configuration_changed", "--json"))
	if len(events) != 5 || events[0].Detail["fields"] != "client_secret" || events[0].Detail["by"] != "Jane Doe, ticket 42" {
		t.Errorf("audit trail %+v", events)
	}
	looked := " left out: --all lists them\n"
	if out := run("audit", "list"); strings.Contains(out, "administration_read") || !strings.HasSuffix(out, looked) {
		t.Errorf("the table is\n%s", out)
	}
	if out := run("audit", "list", "--application", "wiki", "--most", "1"); strings.Count(out, "\n") != 3 || !strings.Contains(out, "configuration_changed") || !strings.HasSuffix(out, looked) {
		t.Errorf("the table is\n%s", out)
	}
	for _, arg := range []string{"--all", "--kind=administration_read"} {
		if out := run("audit", "list", arg, "--most", "2"); strings.Count(out, "administration_read") != 2 || strings.Contains(out, "left out") {
			t.Errorf("the table with %s is\n%s", arg, out)
		}
	}
	if out := run("audit", "list", "--login", "demo"); strings.Count(out, "\n") != 1 {
		t.Errorf("the table of somebody who has done nothing is\n%s", out)
	}
	if _, errOut, status := m.odooGateway("audit", "list", "--kind", "nonsense", "--address", s.admin); status != 1 || !strings.Contains(errOut, `there is no kind of event "nonsense": there are administration_read, api_key_left, `) {
		t.Errorf("an unknown kind: status %d: %s", status, errOut)
	}
	if got := jsonLines[administration.Verdict](t, run("audit", "verify", "--json")); len(got) != 1 || got[0].Verified < 10 || got[0].Broken+got[0].Unlinked != 0 {
		t.Errorf("the audit trail is %+v", got)
	}
	if out := run("audit", "verify"); !regexp.MustCompile(`^\d+ events are what was written\nthe first of all is of 20\S+[^\n]*\n$`).MatchString(out) {
		t.Errorf("the verdict is\n%s", out)
	}
	for _, secret := range []string{"first-secret", "second-secret"} {
		if strings.Contains(outputs.String(), secret) || strings.Contains(p.out.String(), secret) {
			t.Errorf("%s was told", secret)
		}
	}
}
