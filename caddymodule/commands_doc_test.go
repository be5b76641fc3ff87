package caddymodule

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// leafCommands are the commands below odoo-gateway that do something.
func leafCommands(t *testing.T) map[string]*cobra.Command {
	t.Helper()
	found := map[string]*cobra.Command{}
	var walk func(prefix string, c *cobra.Command)
	walk = func(prefix string, c *cobra.Command) {
		for _, sub := range c.Commands() {
			name := strings.TrimSpace(prefix + " " + sub.Name())
			if sub.HasSubCommands() {
				walk(name, sub)
			} else if sub.Name() != "help" && sub.Name() != "completion" {
				found[name] = sub
			}
		}
	}
	root := new(cobra.Command)
	caddycmd.Commands()["odoo-gateway"].CobraFunc(root)
	walk("", root)
	return found
}

// TestCommandsAreDocumented: docs/commands.md lists each command once, and no
// page names one, or a flag of one, that is not there.
func TestCommandsAreDocumented(t *testing.T) {
	commands := leafCommands(t)
	page, err := os.ReadFile("../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]int{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z -]+?)( [^a-z`].*?)?`").FindAllStringSubmatch(string(page), -1) {
		listed[strings.TrimSpace(row[1])]++
	}
	for _, name := range slices.Sorted(maps.Keys(commands)) {
		if listed[name] != 1 {
			t.Errorf("docs/commands.md lists %s %d times", name, listed[name])
		}
		delete(listed, name)
	}
	for name := range listed {
		t.Errorf("docs/commands.md lists %s, which is not there", name)
	}

	pages, err := filepath.Glob("../docs/*.*")
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	for _, name := range append(pages, "../README.md") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile("caddy odoo-gateway ([^`|\n]+)").FindAllStringSubmatch(string(text), -1) {
			if wrong := wrongCommand(commands, m[1]); wrong != "" {
				t.Errorf("%s: caddy odoo-gateway %s: %s", name, m[1], wrong)
			}
		}
	}
}

// wrongCommand says what is wrong with a command line, "" for nothing.
func wrongCommand(commands map[string]*cobra.Command, line string) string {
	words := strings.Fields(line)
	var command *cobra.Command
	for n := min(2, len(words)); n > 0 && command == nil; n-- {
		command = commands[strings.Trim(strings.Join(words[:n], " "), ".,:;()")]
	}
	if command == nil {
		for name := range commands { // a group of commands, in a sentence
			if group, _, ok := strings.Cut(name, " "); ok && len(words) == 1 && words[0] == group {
				return ""
			}
		}
		if len(words) > 0 && (strings.HasPrefix(words[0], "-") || strings.HasPrefix(words[0], "…")) {
			return ""
		}
		return "there is no such command"
	}
	for _, word := range words {
		if flag, ok := strings.CutPrefix(word, "--"); ok {
			flag, _, _ = strings.Cut(strings.TrimRight(flag, ".,:;)"), "=")
			if command.Flags().Lookup(flag) == nil && flag != "help" {
				return "it has no flag --" + flag
			}
		}
	}
	return ""
}

// TestWrongCommand: what is wrong is found.
func TestWrongCommand(t *testing.T) {
	commands := leafCommands(t)
	for line, want := range map[string]string{
		"doctor": "", "keys list --json": "", "keys": "", "--help": "", "keys lists": "there is no such command", "verify": "there is no such command",
		"doctor --loud": "it has no flag --loud", "explain --application wiki --model res.partner || true": "",
	} {
		if got := wrongCommand(commands, line); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}
