package caddymodule

import (
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// check runs the command and returns what it prints, and its exit status.
func (m *machine) check(args ...string) (out, errOut string, status int) {
	m.t.Helper()
	return m.odooGateway(append([]string{"check"}, args...)...)
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

func TestCheckCommand(t *testing.T) {
	s, odoo := newOdooSite(t)
	m := newMachine(t)
	p := m.start(s.caddyfile(), s.admin)

	out, errOut, status := m.check("--address", s.admin)
	version, found := strings.CutPrefix(out, "gateway erp\n  issuer  http://"+s.addr+"\n  store   is open\n  site    serves the gateway\n  odoo    answers, version ")
	if status != 0 || !found || !strings.HasPrefix(version, "19.0") {
		t.Errorf("status %d: %s%s", status, out, errOut)
	}
	// The address comes from a config file as well, here the one beside it.
	for _, args := range [][]string{{"--json"}, {"--json", "--config", "Caddyfile", "--adapter", "caddyfile", "--gateway", "erp"}} {
		out, errOut, status = m.check(args...)
		var r checkReport
		if err := json.Unmarshal([]byte(out), &r); err != nil || status != 0 || !r.OK || len(r.Gateways) != 1 || !strings.HasPrefix(r.Gateways[0].OdooVersion, "19.0") {
			t.Errorf("%v: status %d: %v %s%s", args, status, err, out, errOut)
		}
	}
	if _, errOut, status = m.check("--address", s.admin, "--gateway", "wrong&x"); status != 1 || !strings.Contains(errOut, "there is no gateway") {
		t.Errorf("status %d: %s", status, errOut)
	}

	odoo.SetDown(true)
	out, errOut, status = m.check("--address", s.admin)
	if status != 1 || !strings.Contains(out, "  odoo    WRONG: does not answer") || !strings.Contains(out, "site    serves") || !strings.Contains(errOut, "something is wrong") {
		t.Errorf("status %d: %s%s", status, out, errOut)
	}
	odoo.SetDown(false)

	s.body = "reverse_proxy " + s.upstream
	if err := p.load(s.caddyfile()); err != nil {
		t.Fatal(err)
	}
	out, _, status = m.check("--address", s.admin)
	if status != 1 || !strings.Contains(out, "  site    WRONG: is served by no site: put odoo_gateway into the site of its issuer\n  odoo    WRONG: was not asked\n") {
		t.Errorf("status %d: %s", status, out)
	}
	if strings.Contains(out, "top-secret") || strings.Contains(p.out.String(), "top-secret") {
		t.Error("a secret was told")
	}

	// The failed reload leaves the endpoint before the old configuration.
	s.failAt = "start"
	if err := p.load(s.caddyfile()); err == nil {
		t.Fatal("the configuration was taken")
	}
	if out, errOut, status = m.check("--address", s.admin); status != 1 || !strings.Contains(out, "is served by no site") {
		t.Errorf("status %d: %s%s", status, out, errOut)
	}
	p.stop()
	if _, errOut, status = m.check("--address", s.admin); status != 1 || !strings.Contains(errOut, "no Caddy answers at "+s.admin) {
		t.Errorf("status %d: %s", status, errOut)
	}
}

func TestCheckEndpointRefusals(t *testing.T) {
	s := newSite(t)
	s.plain = true
	newMachine(t).start(s.caddyfile(), s.admin)
	for method, want := range map[string]string{
		http.MethodGet:  "404 the app odoo_gateway is not configured",
		http.MethodPost: "405 method not allowed",
	} {
		res, err := http.DefaultClient.Do(request(t, method, "http://"+s.admin+checkEndpoint, ""))
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

func TestReportKeepsToItsLines(t *testing.T) {
	var out strings.Builder
	r := checkReport{Gateways: []gatewayCheck{{Name: "erp", Odoo: finding{Text: "a\n  site ok\x1b[2J" + strings.Repeat("x", 1000)}}}}
	if err := r.write(&out); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.Count(got, "\n") != 5 || strings.Contains(got, "\x1b") || len(got) > 600 {
		t.Errorf("got %q", got)
	}
}
