package caddymodule

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/doctor"
)

// doctor runs the command and returns what it prints, and its exit status.
func (m *machine) doctor(args ...string) (out, errOut string, status int) {
	m.t.Helper()
	return m.odooGateway(append([]string{"doctor"}, args...)...)
}

// odooGateway runs one of the gateway's commands.
func (m *machine) odooGateway(args ...string) (out, errOut string, status int) {
	m.t.Helper()
	cmd, _ := m.command(append([]string{"odoo-gateway"}, args...)...)
	var o, e strings.Builder
	cmd.Stdout, cmd.Stderr = &o, &e
	if err := cmd.Run(); err != nil {
		if _, ok := err.(*exec.ExitError); !ok {
			m.t.Fatal(err)
		}
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

// findings are those of a diagnosis in JSON, by their part.
func findings(t *testing.T, out string) (diagnosis, map[string]doctor.Finding) {
	t.Helper()
	var d diagnosis
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	all := make(map[string]doctor.Finding)
	d.each(func(f doctor.Finding) { all[f.Part] = f })
	return d, all
}

func TestDoctorCommand(t *testing.T) {
	s, odoo := newOdooSite(t)
	s.secret = "top-secret-of-the-wiki" // one that nobody guesses
	m := newMachine(t)
	p := m.start(s.caddyfile(), s.admin)
	// look has the doctor look, and compares what it finds of some parts: the
	// status and the beginning of the text.
	look := func(want int, parts map[string]string, args ...string) (diagnosis, map[string]doctor.Finding) {
		t.Helper()
		out, errOut, status := m.doctor(append(args, "--json", "--address", s.admin)...)
		if status != want || strings.Contains(out+errOut, "top-secret") || strings.Contains(errOut, "Error") {
			t.Fatalf("status %d: %s%s", status, out, errOut)
		}
		d, all := findings(t, out)
		for part, text := range parts {
			if f := all[part]; !strings.HasPrefix(string(f.Status)+" "+f.Text, text) || f.Status != doctor.OK && f.Status != doctor.Unknown && f.Advice == "" {
				t.Errorf("%s: %+v\nwant %s", part, f, text)
			}
		}
		if d.OK != (want == 0) {
			t.Errorf("ok is %v with status %d", d.OK, status)
		}
		return d, all
	}
	d, all := look(0, map[string]string{
		"store": "ok is open and can be read: 0 authorizations, ", "disk": "ok ", "seal key": "ok is in " + m.home, "redirect URIs": "ok 1 of 1 application",
		"site": "ok serves", "issuer": "ok its metadata is at http://" + s.addr + "/.well-known/oauth-authorization-server", "odoo": "ok answers, version 19.0",
		"clock": "ok ", "proxy mode": "ok Odoo knows that it is http://" + s.addr, "database": "ok demo19 is there",
		"models": "unknown nobody is connected by whom Odoo could be asked about the models of sales",
	})
	if len(all) != 11 || len(d.Gateways) != 1 || !strings.HasPrefix(d.Gateways[0].OdooVersion, "19.0") {
		t.Errorf("found %+v", d)
	}
	out, errOut, status := m.doctor("--address", s.admin)
	if status != 0 || !strings.HasPrefix(out, "  ok       store            is open") || !strings.Contains(out, "\ngateway erp, http://"+s.addr+"\n  ok       redirect URIs    1 of") ||
		!strings.HasSuffix(out, "\n\n0 problems, 0 warnings\n") || errOut != "" {
		t.Errorf("status %d: %s%s", status, out, errOut)
	}

	// That somebody has looked is in the audit trail.
	if out, errOut, status := m.odooGateway("audit", "list", "--kind", "administration_read", "--json", "--address", s.admin); status != 0 || !strings.Contains(out, `"what":"doctor"`) {
		t.Errorf("status %d: %s%s", status, out, errOut)
	}
	// The file beside it, which names the admin API as well.
	if out, errOut, status = m.doctor("--json", "--gateway", "erp"); status != 0 || !strings.Contains(out, `"text":"Caddyfile is what runs"`) {
		t.Errorf("status %d: %s%s", status, out, errOut)
	}
	// What Caddy tells of each file that it reads is nothing that was asked for.
	if strings.Contains(errOut, `"level":"info"`) || strings.Contains(errOut, "INFO") {
		t.Errorf("beside its answer it says: %s", errOut)
	}
	file := func(old, new string) { m.write("Caddyfile", strings.Replace(s.caddyfile(), old, new, 1)) }
	withFile := []string{"--config", "Caddyfile", "--adapter", "caddyfile"}
	file("client_secret", "description changed\nclient_secret")
	look(0, map[string]string{"configuration": "warning Caddyfile is not what runs"}, withFile...)
	// A reload with another key than the store's would be refused.
	for _, key := range []string{"{file." + m.write("other.key", strings.Repeat("ab", 32)) + "}", strings.Repeat("ab", 32)} {
		m.write("Caddyfile", strings.Replace(s.caddyfile(), "odoo_gateway {", "odoo_gateway {\nseal_key "+key, 1))
		_, all = look(1, map[string]string{"configuration": "problem Caddyfile is not what runs, and can not be: seal_key: the store " + filepath.Join(m.home, "data", "caddy", "odoo_gateway") + " is sealed with another key"}, withFile...)
		if strings.Contains(all["configuration"].Advice, "caddy reload") || strings.Contains(all["configuration"].Text, "abab") {
			t.Errorf("%+v", all["configuration"])
		}
	}
	m.write("Caddyfile", strings.Replace(s.caddyfile(), "odoo_gateway {", "odoo_gateway {\nseal_key {file."+filepath.Join(m.home, "data", "caddy", "odoo_gateway", "seal.key")+"}", 1))
	look(0, map[string]string{"configuration": "warning Caddyfile is not what runs"}, withFile...)
	file("top-secret", "{env.ONLY_CADDY_HAS_IT}")
	look(0, map[string]string{"configuration": "warning Caddyfile is not what runs"}, withFile...)
	file("database demo19", "")
	look(1, map[string]string{"configuration": "problem Caddyfile is not what runs, and can not be: "}, withFile...)
	file("database demo19", "datenbank demo19")
	look(1, map[string]string{"configuration": "problem can not be read: "}, withFile...)
	m.write("Caddyfile", s.caddyfile())

	if _, errOut, status = m.doctor("--address", s.admin, "--gateway", "wrong&x"); status != 1 || !strings.Contains(errOut, "there is no gateway") {
		t.Errorf("status %d: %s", status, errOut)
	}
	odoo.SetDown(true)
	_, all = look(1, map[string]string{"odoo": "problem does not answer", "site": "ok serves", "store": "ok "})
	if f, ok := all["proxy mode"]; ok {
		t.Errorf("without an answer: %+v", f)
	}
	if out, errOut, status = m.doctor("--address", s.admin); status != 1 || errOut != "" || !strings.HasSuffix(out, "\n1 problem, 0 warnings\n") {
		t.Errorf("status %d: %s%s", status, out, errOut)
	}
	odoo.SetDown(false)

	// Before the first reload, which drops connections at the handover.
	if _, err := newPerson(t, "http://"+s.addr).authorize("xyz"); err != nil {
		t.Fatal(err)
	}

	// Keys of service accounts, and a database that is none of Odoo's.
	load := func(change ...string) {
		t.Helper()
		if err := p.load(strings.NewReplacer(change...).Replace(s.caddyfile())); err != nil {
			t.Fatal(err)
		}
	}
	// What the configuration names of Odoo's, asked in the name of who is connected.
	load()
	look(0, map[string]string{"models": "ok Odoo has what the model schemes name: 1 model,"})
	load("fields whitelist name", "fields whitelist name nmae")
	look(0, map[string]string{"models": "warning model_configuration customer: res.partner has no field nmae, or hides it from demo"})
	load("res.partner", "res.partnr")
	look(1, map[string]string{"models": "problem model_configuration customer: Odoo has no model res.partnr"})

	account := func(key string) string {
		return "service_connection {\nlogin demo\napi_key " + key + "\n}\nclient_secret"
	}
	load("client_secret", account(odoo.NewAPIKey("demo", "nightly", time.Now().AddDate(0, 1, 0))))
	look(0, map[string]string{"service account": "ok application wiki: Odoo takes the key of demo"})
	load("client_secret", account("wrong"), "database demo19", "database demo20")
	look(1, map[string]string{"service account": "problem application wiki: ", "database": "problem Odoo has no database demo20"})
	load("client_secret", account("wrong"))
	_, all = look(1, map[string]string{"service account": "problem application wiki: Odoo refuses the login or the key of demo"})
	if strings.Contains(all["service account"].Text, "wrong") {
		t.Error("a key is told")
	}
	load()

	// A client secret that is easily guessed is told of at the start, too.
	load("top-secret-of-the-wiki", "hunter2")
	_, all = look(0, map[string]string{"client secret": "warning application wiki: it is shorter than 16 characters"})
	p.await("application wiki of gateway erp: its client_secret is shorter than 16 characters")
	if strings.Contains(p.out.String()+all["client secret"].Text, "hunter2") {
		t.Error("the secret is told")
	}
	load()

	// What was granted to an application that is not there any more.
	load("application wiki", "application renamed")
	_, all = look(0, map[string]string{"grants": "warning 1 authorization is of the application wiki of the gateway erp, which is not configured"})
	if !strings.HasSuffix(all["grants"].Advice, "authorizations revoke --gateway erp --application wiki") {
		t.Errorf("advice %s", all["grants"].Advice)
	}
	load("gateway erp", "gateway other", "odoo_gateway erp", "odoo_gateway other")
	look(0, map[string]string{"grants": "warning 1 authorization is of the gateway erp, which is not configured"})
	load()

	// What would fail at the next start.
	store := filepath.Join(m.home, "data", "caddy", "odoo_gateway")
	key := filepath.Join(store, "seal.key")
	for _, path := range []string{store, key} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	sealed, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := m.write("elsewhere.key", string(sealed))
	load("odoo_gateway {", "odoo_gateway {\nseal_key {file."+elsewhere+"}")
	look(0, map[string]string{"seal key": "ok is the one of seal_key"})
	m.write("elsewhere.key", strings.Repeat("ab", 32))
	look(1, map[string]string{"seal key": "problem seal_key: the store " + store + " is sealed with another key"})
	m.write("elsewhere.key", "")
	look(1, map[string]string{"seal key": "problem seal_key: placeholder {file." + elsewhere + "} names a file that is empty"})
	load()
	look(0, map[string]string{"store": "warning other users of this machine can look into " + store, "seal key": "warning other users of this machine can read " + key})
	if err := os.WriteFile(key, []byte(strings.Repeat("ab", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	look(1, map[string]string{"seal key": "problem seal_key: the store " + store + " is sealed with another key, and can not change it: put that back"})
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	look(1, map[string]string{"seal key": "problem seal_key: the store " + store + " is sealed with a key that is missing: seal_key is not set, and there is no " + key})

	p.stop()
	if _, errOut, status = m.doctor("--address", s.admin); status != 1 || !strings.Contains(errOut, "no Caddy answers at "+s.admin) {
		t.Errorf("status %d: %s", status, errOut)
	}
}

// A gateway that no site serves, and after a failed reload, which leaves the
// endpoint before the old configuration.
func TestDoctorWithoutASite(t *testing.T) {
	s, _ := newOdooSite(t)
	s.body = "reverse_proxy " + s.upstream
	m := newMachine(t)
	p := m.start(s.caddyfile(), s.admin)
	look := func() {
		t.Helper()
		out, errOut, status := m.doctor("--address", s.admin, "--json")
		_, all := findings(t, out)
		if f := all["site"]; status != 1 || f.Status != doctor.Problem || f.Text != "none has odoo_gateway for this gateway" || !strings.Contains(f.Advice, "put odoo_gateway into") || all["odoo"].Text != "" {
			t.Errorf("status %d: %s%s", status, out, errOut)
		}
	}
	look()
	s.failAt = "start"
	if err := p.load(s.caddyfile()); err == nil {
		t.Fatal("the configuration was taken")
	}
	look()
}

func TestDoctorEndpointRefusals(t *testing.T) {
	s := newSite(t)
	s.plain = true
	newMachine(t).start(s.caddyfile(), s.admin)
	for method, want := range map[string]string{
		http.MethodGet:  "404 the app odoo_gateway is not configured",
		http.MethodPost: "405 method not allowed",
	} {
		res, err := http.DefaultClient.Do(request(t, method, "http://"+s.admin+doctorEndpoint, ""))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		status, text, _ := strings.Cut(want, " ")
		if !strings.HasPrefix(res.Status, status) || !strings.Contains(string(body), text) {
			t.Errorf("%s: %s %s", method, res.Status, body)
		}
	}
}

// What to do about a site is said once, and apart from what is wrong.
func TestSiteFinding(t *testing.T) {
	for _, test := range []struct {
		err          error
		text, advice string
	}{
		{errNotServed, "none has odoo_gateway for this gateway", "put odoo_gateway into the site of its issuer"},
		{fmt.Errorf("x: %w", errNotServed), "none has odoo_gateway for this gateway", "put odoo_gateway into the site of its issuer"},
		{errNotReached{"https://erp.example.com"}, "no request for https://erp.example.com gets to odoo_gateway", "put odoo_gateway into the site of its issuer, before all that answers there"},
		{errNoServer, "no HTTP server of this configuration is running", "see Caddy's log: the site of its issuer is not served"},
		{context.Canceled, "does not work: context canceled", "see Caddy's log"},
	} {
		if got := siteFinding(test.err); got != (doctor.Finding{Part: "site", Status: doctor.Problem, Text: test.text, Advice: test.advice}) {
			t.Errorf("%v: %+v", test.err, got)
		}
	}
}

func TestDiagnosisKeepsToItsLines(t *testing.T) {
	var out strings.Builder
	evil := doctor.Finding{Part: "odoo", Status: doctor.Warning, Text: "a\n  ok  site\x1b[2J" + strings.Repeat("x", 1000), Advice: "b\nc"}
	d := diagnosis{Findings: []doctor.Finding{evil}, Gateways: []gatewayDiagnosis{{Name: "erp", Issuer: "https://erp.example.com", Findings: []doctor.Finding{evil}}}}
	if err := d.write(&out); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.Count(got, "\n") != 7 || strings.Contains(got, "\x1b") || !strings.Contains(got, "\ngateway erp, https://erp.example.com\n") ||
		!strings.HasSuffix(got, "\n\n0 problems, 2 warnings\n") {
		t.Errorf("got %q", got)
	}
}
