package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"

	"github.com/caddy-odoo/gateway/internal/seal"
)

// runHere runs a command that asks no running Caddy in this process.
func runHere(cmd *cobra.Command, input string, args ...string) (out, errOut string, err error) {
	var o, e bytes.Buffer
	cmd.SetIn(strings.NewReader(input))
	cmd.SetOut(&o)
	cmd.SetErr(&e)
	cmd.SetArgs(args)
	err = cmd.Execute()
	return o.String(), e.String(), err
}

// What generate-secret prints for the configuration is taken there, and lets in
// who has what it prints for the application.
func TestGenerateSecret(t *testing.T) {
	out, _, err := runHere(generateSecretCommand(), "", "--json")
	var made madeSecret
	if err != nil || json.Unmarshal([]byte(out), &made) != nil || made.SealKey != "" {
		t.Fatalf("%v: %s", err, out)
	}
	taken, err := clientSecret(made.ClientSecret, caddy.NewReplacer())
	if err != nil || taken.Slow() || !taken.Matches(made.Secret) || taken.Matches(made.ClientSecret) {
		t.Errorf("%v: %s", err, out)
	}
	out, _, err = runHere(generateSecretCommand(), "")
	lines := strings.Split(out, "\n")
	if err != nil || len(lines) != 3 || lines[2] != "" {
		t.Fatalf("%v: %s", err, out)
	}
	secret := strings.TrimPrefix(lines[0], "for the application    ")
	hash := strings.TrimPrefix(lines[1], "for the configuration  client_secret ")
	if taken, err = clientSecret(hash, caddy.NewReplacer()); err != nil || !taken.Matches(secret) || secret == made.Secret {
		t.Errorf("%v: %s", err, out)
	}
}

func TestGenerateSealKey(t *testing.T) {
	seen := make(map[string]bool)
	for range 3 {
		out, _, err := runHere(generateSecretCommand(), "", "--seal-key")
		if err != nil || strings.Count(out, "\n") != 1 || seen[out] {
			t.Fatalf("%v: %s", err, out)
		}
		seen[out] = true
		if _, err := seal.ParseKey(out); err != nil {
			t.Error(err)
		}
	}
	out, _, err := runHere(generateSecretCommand(), "", "--seal-key", "--json")
	var made madeSecret
	if err != nil || json.Unmarshal([]byte(out), &made) != nil || made.Secret+made.ClientSecret != "" {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := seal.ParseKey(made.SealKey); err != nil {
		t.Error(err)
	}
}

func TestHashSecret(t *testing.T) {
	const secret = "a secret of thirty-two bytes ..."
	for _, tt := range []struct {
		input, slow, matches string
		args                 []string
	}{
		{secret, "$argon2id$", secret, nil},
		{secret + "\n", "$argon2id$", secret, []string{"--algorithm", "argon2id"}},
		{secret + "\r\n", "sha256:", secret, []string{"--algorithm", "sha256"}},
		{" " + secret + " \n", "sha256:", " " + secret + " ", []string{"--algorithm", "sha256"}},
		{strings.Repeat("éàüøßçñö", maxTyped/16) + "\r\n", "sha256:", strings.Repeat("éàüøßçñö", maxTyped/16), []string{"--algorithm", "sha256"}},
	} {
		out, errOut, err := runHere(hashSecretCommand(), tt.input, tt.args...)
		if err != nil || errOut != "" || !strings.HasPrefix(out, tt.slow) || strings.Contains(out, "thirty") {
			t.Errorf("%v: %v %s%s", tt.args, err, out, errOut)
			continue
		}
		taken, err := clientSecret(strings.TrimSuffix(out, "\n"), caddy.NewReplacer())
		if err != nil || !taken.Matches(tt.matches) {
			t.Errorf("%v: %v %s", tt.args, err, out)
		}
		out, _, err = runHere(hashSecretCommand(), tt.input, append(tt.args, "--json")...)
		var made madeSecret
		if err != nil || json.Unmarshal([]byte(out), &made) != nil || made.Secret != "" || !strings.HasPrefix(made.ClientSecret, tt.slow) {
			t.Errorf("%v --json: %v %s", tt.args, err, out)
		}
	}
}

// A hash hides how easily its secret is guessed: who makes it hears of it then,
// and gets the hash all the same.
func TestHashSecretWarns(t *testing.T) {
	for _, tt := range []struct{ secret, why string }{
		{"x", "is shorter than 16 characters"},
		{"change-me-please", "is made of words that everybody tries first"},
		{strings.Repeat("a", maxTyped), "is made of a few characters again and again"},
	} {
		for _, args := range [][]string{nil, {"--json"}} {
			out, errOut, err := runHere(hashSecretCommand(), tt.secret, args...)
			if err != nil || !strings.Contains(out, "$argon2id$") || strings.Contains(out, "Warning") {
				t.Errorf("%.20q %v: %v %s", tt.secret, args, err, out)
			}
			if want := "Warning: the secret " + tt.why + ": "; !strings.HasPrefix(errOut, want) || strings.Count(errOut, "\n") != 1 {
				t.Errorf("%.20q %v: %q, want %q", tt.secret, args, errOut, want)
			}
		}
	}
}

func TestHashSecretRefuses(t *testing.T) {
	const typed = "typed-in-by-a-person"
	for _, tt := range []struct {
		input, want string
		args        []string
	}{
		{"", "the secret is empty", nil},
		{"\n", "the secret is empty", nil},
		{typed + "\n" + typed + "\n", "line end", nil},
		{typed + "\x00", "control character", nil},
		{strings.Repeat("a", maxTyped+1), "longer than 1024 bytes", nil},
		{strings.Repeat("a", maxTyped+1) + "\r\n", "longer than 1024 bytes", nil},
		{typed, "can be guessed", []string{"--algorithm", "sha256"}},
		{"sha256:" + strings.Repeat("ab", 32), "begins like a hash", nil},
		{"$2a$14$" + typed, "begins like a hash", nil},
		{typed, "it is argon2id or sha256", []string{"--algorithm", "md5"}},
		{"", "unknown command", []string{typed}}, // never as an argument
	} {
		out, errOut, err := runHere(hashSecretCommand(), tt.input, tt.args...)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(out, "$") {
			t.Errorf("%q %v: %v %s", tt.input, tt.args, err, out)
		}
		if tt.input != "" && strings.Contains(errOut, typed) {
			t.Errorf("%q: the secret is told: %s", tt.input, errOut)
		}
	}
}

// A terminal shows nothing of what is typed; hence it is asked for twice.
func TestSecretsAreAskedForTwice(t *testing.T) {
	ask := func(typed ...string) (string, string, error) {
		var prompt strings.Builder
		secret, err := askTwice(&prompt, func() ([]byte, error) {
			if len(typed) == 0 {
				return nil, errors.New("the terminal is gone")
			}
			next := typed[0]
			typed = typed[1:]
			return []byte(next), nil
		})
		return secret, prompt.String(), err
	}
	if secret, prompt, err := ask("top-secret", "top-secret"); err != nil || secret != "top-secret" || prompt != "Secret: \nOnce more: \n" {
		t.Errorf("%q %q %v", secret, prompt, err)
	}
	for want, typed := range map[string][]string{"not the same": {"top-secret", "top-secrte"}, "is empty": {"", ""}, "is gone": {"top-secret"}} {
		if secret, _, err := ask(typed...); err == nil || secret != "" || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q %v", typed, secret, err)
		}
	}
}
