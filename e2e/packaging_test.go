package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"go.yaml.in/yaml/v3"
)

// composition is as much of a compose file as compose.yaml uses: a field that
// is not here is an error.
type composition struct {
	Name     string
	Services map[string]struct {
		Build       string
		Image       string
		Restart     string
		Command     []string
		Environment map[string]string
		Ports       []string
		Networks    []string
		Volumes     []string
		Secrets     []string
		ReadOnly    bool     `yaml:"read_only"`
		CapDrop     []string `yaml:"cap_drop"`
		SecurityOpt []string `yaml:"security_opt"`
		Sysctls     map[string]string
		DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
		Healthcheck struct {
			Test              []string
			Interval, Timeout string
			Retries           int
		}
	}
	Networks map[string]struct{ Internal bool }
	Volumes  map[string]struct{}
	Secrets  map[string]struct{ File string }
}

// readRepository reads a file of the checkout.
func readRepository(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func compose(t *testing.T) composition {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(readRepository(t, "compose.yaml")))
	decoder.KnownFields(true)
	var c composition
	if err := decoder.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

// version is a tag that says which version: no "latest", and none left out.
var version = regexp.MustCompile(`^[a-z0-9./-]+:[0-9]+(\.[0-9]+)+(-[a-z0-9.]+)?$`)

// TestCompose: nothing but the gateway can be reached from outside, nothing
// gets around it, and no secret is written down.
func TestCompose(t *testing.T) {
	c := compose(t)
	for name, s := range c.Services {
		if (len(s.Ports) > 0) != (name == "gateway") {
			t.Errorf("%s publishes %v", name, s.Ports)
		}
		if s.Build == "" && !version.MatchString(s.Image) {
			t.Errorf("%s: which version is %q?", name, s.Image)
		}
		for _, network := range s.Networks {
			if _, ok := c.Networks[network]; !ok {
				t.Errorf("%s: there is no network %s", name, network)
			}
			if !c.Networks[network].Internal && name != "gateway" {
				t.Errorf("%s is in %s, which leads outside", name, network)
			}
		}
		if len(s.Networks) == 0 { // would be in the default one, which leads outside
			t.Errorf("%s is in no network", name)
		}
		for _, secret := range s.Secrets {
			if _, ok := c.Secrets[secret]; !ok {
				t.Errorf("%s: there is no secret %s", name, secret)
			}
		}
		for key, value := range s.Environment {
			if regexp.MustCompile(`(?i)password|secret|key`).MatchString(key) && !(strings.HasSuffix(key, "_FILE") && strings.HasPrefix(value, "/run/secrets/")) {
				t.Errorf("%s: %s holds a secret", name, key)
			}
			if file, ok := strings.CutPrefix(value, "/run/secrets/"); ok && !slices.Contains(s.Secrets, file) {
				t.Errorf("%s: %s is a secret that it does not get", name, value)
			}
		}
		for _, volume := range s.Volumes {
			from, _, _ := strings.Cut(volume, ":")
			if _, ok := c.Volumes[from]; !ok {
				if _, err := os.Stat(filepath.Join("..", from)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		for other, on := range s.DependsOn {
			if _, ok := c.Services[other]; !ok || on.Condition == "service_healthy" && c.Services[other].Healthcheck.Test == nil {
				t.Errorf("%s waits for %s, in vain", name, other)
			}
		}
		if !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s may get new privileges", name)
		}
	}
	gateway, odoo, db := c.Services["gateway"], c.Services["odoo"], c.Services["db"]
	if !gateway.ReadOnly || !slices.Equal(gateway.CapDrop, []string{"ALL"}) {
		t.Error("the gateway may do more than it needs")
	}
	if slices.ContainsFunc(gateway.Networks, func(n string) bool { return slices.Contains(db.Networks, n) }) {
		t.Error("the gateway reaches the database")
	}
	if !slices.Contains(odoo.Command, "--proxy-mode") {
		t.Error("Odoo does not know that it is behind a proxy")
	}
	for name, secret := range c.Secrets {
		if !strings.HasPrefix(secret.File, "./secrets/") {
			t.Errorf("secret %s is in %s", name, secret.File)
		}
	}
	if !slices.Contains(strings.Fields(readRepository(t, ".gitignore")), "/secrets/") || !strings.Contains("\n"+readRepository(t, ".dockerignore"), "\n*\n") {
		t.Error("secrets could get into a commit, or into an image")
	}
}

// TestComposeSecrets: what docs/install.md says makes all secrets, and with
// them the gateway of compose.yaml starts as the Dockerfile starts it, and is
// healthy until it is stopped.
func TestComposeSecrets(t *testing.T) {
	dir := t.TempDir()
	made := false
	for _, b := range blocksOf([]byte(readRepository(t, "docs/install.md"))) {
		if b.kind == "sh checkout" && strings.Contains(b.body, "secrets") {
			made = true
			cmd := exec.Command("bash", "-euc", b.body)
			cmd.Dir = dir
			if said, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, said)
			}
		}
	}
	if !made {
		t.Fatal("docs/install.md does not say how to make secrets")
	}
	for name, secret := range compose(t).Secrets {
		info, err := os.Stat(filepath.Join(dir, secret.File))
		if err != nil || info.Size() < 32 || info.Mode().Perm() != 0o644 {
			t.Errorf("secret %s: %v, %v", name, info, err)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "secrets")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}

	text := readRepository(t, "packaging/compose/Caddyfile")
	file := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, "/run/secrets/", dir+"/secrets/")), 0o600); err != nil {
		t.Fatal(err)
	}
	caddyOnce(t, dir, "fmt", "--diff", file)
	env := []string{"SITE=http://127.0.0.1:" + freePort(t), "CADDY_ADMIN=127.0.0.1:" + freePort(t), "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir, "HOME=" + dir}
	args := func(instruction string) (all []string) {
		for _, arg := range listOf(t, instruction) {
			all = append(all, strings.ReplaceAll(arg, "/etc/caddy/Caddyfile", file))
		}
		return all
	}
	p := startCaddy(t, env, serving, args("CMD")...)
	healthy := func() error {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(self, args("HEALTHCHECK")[1:]...)
		cmd.Env = append(append(os.Environ(), asCaddy+"=1"), env...)
		return cmd.Run()
	}
	if err := healthy(); err != nil {
		t.Errorf("running, without Odoo: %v", err)
	}
	p.stop(syscall.SIGTERM)
	if healthy() == nil {
		t.Error("healthy when stopped")
	}
}

// dockerfile are the instructions of the Dockerfile, without comments.
func dockerfile(t *testing.T) string {
	t.Helper()
	text := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(readRepository(t, "Dockerfile"), "")
	return strings.ReplaceAll(text, "\\\n", " ")
}

// listOf is the list of words at the end of an instruction; the last
// instruction of that name counts.
func listOf(t *testing.T, instruction string) (words []string) {
	t.Helper()
	found := regexp.MustCompile(`(?m)^`+instruction+`\b.*(\[.*\])$`).FindAllStringSubmatch(dockerfile(t), -1)
	if len(found) == 0 {
		t.Fatalf("there is no %s", instruction)
	}
	if err := json.Unmarshal([]byte(found[len(found)-1][1]), &words); err != nil {
		t.Fatal(err)
	}
	return words
}

// TestDockerfile: the image is built of named versions, is not root's, keeps
// what it has to keep in volumes, and is built of all that the program needs.
func TestDockerfile(t *testing.T) {
	text := dockerfile(t)
	stages := regexp.MustCompile(`(?m)^FROM (\S+)( AS (\S+))?$`).FindAllStringSubmatch(text, -1)
	if len(stages) != 2 || stages[1][1] != "scratch" {
		t.Fatalf("stages: %q", stages)
	}
	if !version.MatchString(stages[0][1]) {
		t.Errorf("which version is %s?", stages[0][1])
	}
	goMod := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(readRepository(t, "go.mod"))
	if !strings.HasPrefix(stages[0][1], "golang:"+goMod[1]+".") {
		t.Errorf("%s builds a program of Go %s", stages[0][1], goMod[1])
	}
	_, last, _ := strings.Cut(text, "FROM scratch\n")
	if m := regexp.MustCompile(`(?m)^USER ([0-9]+):([0-9]+)$`).FindStringSubmatch(last); m == nil || m[1] == "0" || m[2] == "0" {
		t.Errorf("it runs as %q", m)
	}
	for _, volume := range listOf(t, "VOLUME") {
		if !regexp.MustCompile(`(?m)^COPY --from=build --chown=65532:65532 \S+ ` + volume + `$`).MatchString(last) {
			t.Errorf("its user can not write to %s", volume)
		}
	}
	if !strings.Contains(last, "XDG_DATA_HOME=/data") || !slices.Contains(listOf(t, "VOLUME"), "/data") {
		t.Error("what it keeps is in no volume")
	}
	if got := listOf(t, "ENTRYPOINT"); !slices.Equal(got, []string{"/usr/bin/caddy"}) || listOf(t, "HEALTHCHECK")[0] != got[0] {
		t.Errorf("it starts %q", got)
	}

	// Every file that the program is made of is among those that Docker gets.
	list := exec.Command("go", "list", "-deps", "-f",
		`{{if and .Module .Module.Main}}{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{range .EmbedFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{end}}`, "./cmd/caddy")
	list.Dir = ".."
	var complained bytes.Buffer
	list.Stderr = &complained
	files, err := list.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, complained.String())
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	sent := dockerSends(t)
	for name := range strings.FieldsSeq(string(files)) {
		if rel, err := filepath.Rel(root, name); err != nil || !sent(rel) {
			t.Errorf(".dockerignore keeps %s back: %v", name, err)
		}
	}
	for _, name := range []string{"secrets/seal_key", ".git/config", "e2e/doc.go", "internal/gateway/gateway_test.go"} {
		if sent(name) {
			t.Errorf(".dockerignore lets %s in", name)
		}
	}
}

// dockerSends tells whether Docker gets a file, by .dockerignore: of the
// patterns "*", "!path" and "**/name", the last that fits decides.
func dockerSends(t *testing.T) func(name string) bool {
	t.Helper()
	text := readRepository(t, ".dockerignore")
	return func(name string) bool {
		sent := true
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			switch keep, isKeep := strings.CutPrefix(line, "!"); {
			case line == "" || strings.HasPrefix(line, "#"):
			case line == "*":
				sent = false
			case isKeep:
				if name == keep || strings.HasPrefix(name, keep+"/") {
					sent = true
				}
			case strings.HasPrefix(line, "**/"):
				for part := range strings.SplitSeq(name, "/") {
					if ok, _ := filepath.Match(line[3:], part); ok {
						sent = false
					}
				}
			default:
				t.Fatalf("what does %q mean?", line)
			}
		}
		return sent
	}
}
