//go:build realodoo

package e2e

import (
	"bytes"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The variables that name a real Odoo.
const (
	envURL      = "ODOO_GATEWAY_E2E_URL"
	envDatabase = "ODOO_GATEWAY_E2E_DB"
	envLogin    = "ODOO_GATEWAY_E2E_LOGIN"
	envPassword = "ODOO_GATEWAY_E2E_PASSWORD"
)

// realOdoo returns the Odoo that the environment names, or brings one up. It
// fails where neither is possible: a suite that is asked for is never left out.
func realOdoo(t *testing.T) odoo {
	t.Helper()
	if os.Getenv(envURL) == "" {
		bringUp(t)
	}
	for _, name := range []string{envURL, envDatabase, envLogin, envPassword} {
		if os.Getenv(name) == "" {
			t.Fatalf("%s is not set: the real Odoo is named by %s, %s, %s and %s together", name, envURL, envDatabase, envLogin, envPassword)
		}
	}
	at, err := url.Parse(os.Getenv(envURL))
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		t.Fatalf("%s=%q is no URL", envURL, os.Getenv(envURL))
	}
	return odoo{url: at, database: os.Getenv(envDatabase), login: os.Getenv(envLogin), password: os.Getenv(envPassword)}
}

// bringUp starts the Odoo of odoo19/up.sh and puts its settings into the
// environment of this process.
func bringUp(t *testing.T) {
	t.Helper()
	var output, problems bytes.Buffer
	up := exec.Command("odoo19/up.sh")
	up.Stdout, up.Stderr = &output, &problems
	if err := up.Run(); err != nil {
		t.Fatalf("no real Odoo: %s is not set, and odoo19/up.sh could not bring one up: %v\n%s", envURL, err, problems.String())
	}
	stopRealOdoo = func() { _ = exec.Command("odoo19/up.sh", "down").Run() } // says itself what went wrong
	for _, line := range strings.Fields(output.String()) {
		name, value, _ := strings.Cut(line, "=")
		if err := os.Setenv(name, value); err != nil {
			t.Fatal(err)
		}
	}
}

// setting is a variable of the environment, or what it is where it is not set.
func setting(name, fallback string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return fallback
}
