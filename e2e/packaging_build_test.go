//go:build packaging

package e2e

import (
	"cmp"
	"debug/elf"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPackagingBuild builds the program as the Dockerfile does, of the files
// that Docker gets: it is static, and has the gateway.
func TestPackagingBuild(t *testing.T) {
	dir := t.TempDir()
	sent := dockerSends(t)
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel("..", name)
		if err != nil || d.IsDir() && (rel == ".git" || rel == "artifacts") {
			return cmp.Or(err, fs.SkipDir)
		}
		if d.IsDir() || !d.Type().IsRegular() || !sent(rel) {
			return nil
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(dir, "src", filepath.Dir(rel)), 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, "src", rel), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	build, _, _ := strings.Cut(dockerfile(t), "FROM scratch")
	script := ""
	for _, line := range regexp.MustCompile(`(?m)^(RUN|ENV) (.*)$`).FindAllStringSubmatch(build, -1) {
		if line[1] == "ENV" {
			script += "export "
		}
		script += strings.ReplaceAll(line[2], "/out/", dir+"/out/") + "\n"
	}
	cmd := exec.Command("bash", "-euc", script)
	cmd.Dir = filepath.Join(dir, "src")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s%v\n%s", script, err, said)
	}

	program := filepath.Join(dir, "out", "caddy")
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, part := range file.Progs {
		if part.Type == elf.PT_INTERP {
			t.Error("it is not static: an empty container could not start it")
		}
	}
	help := exec.Command(program, "odoo-gateway", "--help")
	help.Env = []string{"HOME=" + dir}
	if said, err := help.CombinedOutput(); err != nil || !strings.Contains(string(said), "authorizations") {
		t.Errorf("%v\n%s", err, said)
	}

	// docs/install.md builds it by the same command.
	command := regexp.MustCompile(`(?m)^RUN (go build .*)$`).FindStringSubmatch(build)[1]
	if want := "CGO_ENABLED=0 " + strings.Replace(command, "/out/caddy", "caddy", 1); !strings.Contains(readRepository(t, "docs/install.md"), want) {
		t.Errorf("docs/install.md lacks %s", want)
	}
}

// mostExposure is what the unit may score at most with systemd-analyze
// security, of 100: 0 to 20 is what it calls OK.
const mostExposure = "20"

// TestPackagingUnit: systemd takes the unit, finds it fenced in, and it starts
// the program that the pages install, on files that they write.
func TestPackagingUnit(t *testing.T) {
	text := readRepository(t, "packaging/odoo-gateway.service")
	analyze := func(text string, args ...string) (string, error) {
		dir := t.TempDir()
		name := filepath.Join(dir, "odoo-gateway.service")
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(strings.ReplaceAll(text, "/usr/local/bin/caddy", self)), 0o644); err != nil {
			t.Fatal(err)
		}
		said, err := exec.Command("systemd-analyze", append(args, name)...).CombinedOutput()
		return string(said), err
	}
	if said, err := analyze(text, "verify", "--man=no"); err != nil || strings.TrimSpace(said) != "" {
		t.Errorf("%v\n%s", err, said)
	}
	if said, err := analyze(strings.Replace(text, "PrivateTmp=yes", "PrivatTmp=yes", 1), "verify", "--man=no"); err == nil && strings.TrimSpace(said) == "" {
		t.Error("a misspelt setting is not noticed")
	}
	if said, err := analyze(text, "security", "--offline=true", "--no-pager", "--threshold="+mostExposure); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
	if _, err := analyze(strings.Replace(text, "CapabilityBoundingSet=CAP_NET_BIND_SERVICE\n", "", 1), "security", "--offline=true", "--no-pager", "--threshold="+mostExposure); err == nil {
		t.Error("all capabilities are not noticed")
	}
	install := readRepository(t, "docs/install.md")
	for _, path := range regexp.MustCompile(`(?m)/(usr/local/bin/caddy|etc/odoo-gateway/\w+)`).FindAllString(text, -1) {
		if !strings.Contains(install, path) {
			t.Errorf("docs/install.md does not say where %s comes from", path)
		}
	}
}
