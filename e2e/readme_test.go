package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// TestReadme: what the README shows can be used as it stands.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```caddyfile\n(.*?)```").FindAllSubmatch(readme, -1)
	if len(blocks) != 2 {
		t.Fatalf("%d Caddyfiles in the README, want the site and an application", len(blocks))
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "applications"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"Caddyfile", filepath.Join("applications", "wiki")} {
		text := blocks[i][1]
		if n := strings.Count(string(text), "\n"); n > 15 {
			t.Errorf("%s has %d lines, want 15 at most", name, n)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
		caddyOnce(t, dir, "fmt", "--diff", name)
	}
	caddyOnce(t, dir, "validate", "--config", "Caddyfile")
	for _, b := range blocksOf(readme) {
		if b.kind == "json app" {
			sameApp(t, dir, b.body)
			return
		}
	}
	t.Error("the README does not show the same as JSON")
}

// sameApp fails where the Caddyfile in a folder does not become the app that
// is written as JSON.
func sameApp(t *testing.T, dir, text string) {
	t.Helper()
	var adapted struct {
		Apps map[string]json.RawMessage `json:"apps"`
	}
	var want, got any
	for _, err := range []error{
		json.Unmarshal(caddyOnce(t, dir, "adapt", "--config", "Caddyfile"), &adapted),
		json.Unmarshal([]byte(text), &want), json.Unmarshal(adapted.Apps["odoo_gateway"], &got),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the Caddyfile becomes\n%v\nand the README says\n%v", got, want)
	}
}

// caddyOnce runs a Caddy command in a folder, which must succeed, and returns
// what it prints.
func caddyOnce(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asCaddy+"=1", "WIKI_SECRET=a secret of the wiki", "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	var complained bytes.Buffer
	cmd.Stderr = &complained
	said, err := cmd.Output()
	if err != nil {
		t.Errorf("caddy %s: %v\n%s%s", strings.Join(args, " "), err, said, complained.String())
	}
	return said
}
