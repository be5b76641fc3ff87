package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
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
	for _, link := range regexp.MustCompile(`\]\(([^):]+)\)`).FindAllSubmatch(readme, -1) {
		if _, err := os.Stat(filepath.Join("..", string(link[1]))); err != nil {
			t.Errorf("the README links to what is not there: %v", err)
		}
	}
}

// caddyOnce runs a Caddy command in a folder; it must succeed.
func caddyOnce(t *testing.T, dir string, args ...string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asCaddy+"=1", "WIKI_SECRET=a secret of the wiki", "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("caddy %s: %v\n%s", strings.Join(args, " "), err, said)
	}
}
