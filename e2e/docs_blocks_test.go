package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/caddy-odoo/gateway/internal/oauth"
)

// block is what a page shows between two fences.
type block struct{ kind, body string }

var fenced = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")

// blocksOf are the blocks of a page.
func blocksOf(page []byte) (all []block) {
	for _, f := range fenced.FindAllSubmatch(page, -1) {
		all = append(all, block{string(f[1]), string(f[2])})
	}
	return all
}

// inCheckout are the lines of the blocks "sh checkout", and the tests that run
// them, or stand for it.
var inCheckout = map[string]string{
	"go run ./cmd/caddy odoo-gateway demo": "TestDemoSays",
	"./test.sh":                            "TestDocs", // it is what runs these
	`CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o caddy ./cmd/caddy`: "TestPackagingBuild",
	"./caddy odoo-gateway --help":                                            "TestPackagingBuild",
	"mkdir -m 700 secrets":                                                   "TestComposeSecrets",
	"for name in db_password seal_key wiki_secret; do openssl rand -hex 32 > secrets/$name; done": "TestComposeSecrets",
	"chmod 644 secrets/*": "TestComposeSecrets",
}

// notRun are the blocks that nothing here can run: a program of Google's, and
// pictures.
var notRun = map[string]string{"js": "connect.md", "mermaid": "concepts.md README.md"}

// judge says what is wrong with a block of a page that TestDocs does not run
// or compare. Whatever is of no known kind is wrong, so that nothing escapes.
func judge(t *testing.T, page string, b block, tests map[string]bool) (wrong []string) {
	t.Helper()
	switch b.kind {
	case "sh", "sh example", "sh checkout", "sh elsewhere":
		cmd := exec.Command("bash", "-n")
		cmd.Stdin = strings.NewReader(b.body)
		if said, err := cmd.CombinedOutput(); err != nil {
			wrong = append(wrong, fmt.Sprintf("is no shell: %s", said))
		}
	}
	switch b.kind {
	case "sh", "sh example", "json", "text", "caddyfile":
	case "sh checkout":
		for line := range strings.Lines(b.body) {
			if test := inCheckout[strings.TrimSpace(line)]; !tests[test] {
				wrong = append(wrong, fmt.Sprintf("no test runs %q", strings.TrimSpace(line)))
			}
		}
	case "sh elsewhere": // with Docker, systemd or what has been published
		if page != "install.md" {
			wrong = append(wrong, "commands that are not run belong into install.md alone")
		}
		for _, word := range strings.Fields(b.body) {
			if regexp.MustCompile(`^(packaging/|Caddyfile\.)`).MatchString(word) {
				wrong = append(wrong, absent(filepath.Join("..", word))...)
			}
		}
	case "json app":
		if page != "README.md" { // TestReadme compares it
			wrong = append(wrong, "is compared in README.md alone")
		}
	case "yaml":
		wrong = append(wrong, manifest(b.body)...)
	default:
		if !slices.Contains(strings.Fields(notRun[b.kind]), page) {
			wrong = append(wrong, fmt.Sprintf("nobody knows what a block of %q is", b.kind))
		}
	}
	return wrong
}

// manifest says what is wrong with a manifest of Forge: its paths are those of
// the gateway.
func manifest(text string) (wrong []string) {
	var m struct {
		Providers struct {
			Auth []struct {
				Actions map[string]struct{ Path string }
			}
		}
	}
	if err := yaml.Unmarshal([]byte(text), &m); err != nil {
		return []string{err.Error()}
	}
	served := []string{oauth.AuthorizePath, oauth.AccessTokenPath, oauth.RevokePath, oauth.MePath}
	for _, p := range m.Providers.Auth {
		for name, action := range p.Actions {
			if !slices.Contains(served, action.Path) {
				wrong = append(wrong, fmt.Sprintf("action %s: the gateway does not serve %q", name, action.Path))
			}
		}
	}
	if len(m.Providers.Auth) == 0 {
		wrong = append(wrong, "has no provider")
	}
	return wrong
}

// TestJudge: what is wrong with a block is found.
func TestJudge(t *testing.T) {
	tests := map[string]bool{"TestDocs": true}
	for what, c := range map[string]struct {
		page string
		b    block
		want string
	}{
		"a kind that nobody knows":    {"rest.md", block{"http", "GET /\n"}, `nobody knows what a block of "http" is`},
		"no kind":                     {"rest.md", block{"", "curl\n"}, `nobody knows what a block of "" is`},
		"an exemption elsewhere":      {"rest.md", block{"js", "x\n"}, `nobody knows what a block of "js" is`},
		"an open quote":               {"rest.md", block{"sh", "echo '\n"}, "is no shell"},
		"a line that no test runs":    {"README.md", block{"sh checkout", "make\n"}, `no test runs "make"`},
		"a test that is gone":         {"README.md", block{"sh checkout", "chmod 644 secrets/*\n"}, `no test runs "chmod 644 secrets/*"`},
		"commands that are not run":   {"rest.md", block{"sh elsewhere", "ls\n"}, "belong into install.md alone"},
		"a file that is not there":    {"install.md", block{"sh elsewhere", "cp packaging/other /\n"}, "packaging/other"},
		"a manifest with other paths": {"connect.md", block{"yaml", "providers: {auth: [{actions: {exchange: {path: /token}}}]}\n"}, `action exchange: the gateway does not serve "/token"`},
		"a run test":                  {"README.md", block{"sh checkout", "./test.sh\n"}, ""},
	} {
		if got := strings.Join(judge(t, c.page, c.b, tests), "; "); !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}
