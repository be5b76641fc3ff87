//go:build clients

package e2e

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestClientOpenAPI validates what the gateway says of its requests against the
// schema of OpenAPI 3.1, before Odoo has described a model and after, with npm's
// openapi-schema-validator, installed as the lock file says in a copy of its
// folder. A document that is none must be refused, too.
func TestClientOpenAPI(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("openapi")); err != nil {
		t.Fatal(err)
	}
	install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	s := startConnectSite(t)
	want := ""
	var broken []byte
	for _, when := range []string{"before", "after"} {
		for _, name := range []string{"library", "native", "batch", "fivetran"} {
			file := name + "-" + when + ".json"
			s.connecting(t, "--application", name, "--format", "openapi", "--output", filepath.Join(dir, file))
			text, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			if described := !bytes.Contains(text, []byte("has not described")); described != (when == "after") {
				t.Errorf("%s: described is %v", file, described)
			}
			want += file + " 3.1 true \n"
			broken = text
		}
		if when == "before" {
			p, tokens := connect(t, s, library)
			var found any
			p.read(tokens.Access, "/restapi/1.0/object/res.partner", url.Values{"limit": {"1"}}, &found)
		}
	}
	var d map[string]any
	if err := json.Unmarshal(broken, &d); err != nil {
		t.Fatal(err)
	}
	for _, path := range d["paths"].(map[string]any) {
		for _, operation := range path.(map[string]any) {
			operation.(map[string]any)["responses"] = []any{}
		}
	}
	broken, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "broken.json"), broken, 0o600); err != nil {
		t.Fatal(err)
	}
	arguments := []string{"validate.mjs"}
	for line := range strings.Lines(want) {
		arguments = append(arguments, strings.Fields(line)[0])
	}
	validate := exec.CommandContext(t.Context(), "node", append(arguments, "broken.json")...)
	validate.Dir = dir
	out, err := validate.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	good, bad, found := strings.Cut(string(out), "broken.json ")
	if good != want || !found || !strings.HasPrefix(bad, "3.1 false ") {
		t.Errorf("validated:\n%s", out)
	}
}
