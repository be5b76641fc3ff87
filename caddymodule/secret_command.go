package caddymodule

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// maxTyped is the longest secret that is read, in bytes.
const maxTyped = 1024

// madeSecret is what generate-secret and hash-secret print for programs.
type madeSecret struct {
	Secret       string `json:"secret,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"`
	SealKey      string `json:"seal_key,omitempty"`
}

func generateSecretCommand() *cobra.Command {
	var sealKey, asJSON bool
	cmd := &cobra.Command{
		Use:   "generate-secret [--seal-key] [--json]",
		Short: "Makes a new client secret, or a new sealing key",
		Long: `
Makes a new client secret and prints it with its hash. The application gets the
secret; the configuration needs the hash only, as client_secret. Nothing is
kept: the secret can not be shown again.

With --seal-key it makes a key for seal_key and prints nothing else, fit for a
file:

	(umask 077; caddy odoo-gateway generate-secret --seal-key > /etc/caddy/odoo-gateway.key)

A store is sealed with one key for good: a new one is for a new store.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SilenceUsage = true
			out := cmd.OutOrStdout()
			if sealKey {
				made := madeSecret{SealKey: hex.EncodeToString(seal.NewKey())}
				return printSecret(out, made, made.SealKey, asJSON)
			}
			secret := application.GenerateSecret()
			hash, err := application.HashFast(secret)
			if err != nil {
				return err
			}
			text := fmt.Sprintf("for the application    %s\nfor the configuration  client_secret %s", secret, hash)
			return printSecret(out, madeSecret{Secret: secret, ClientSecret: hash}, text, asJSON)
		},
	}
	cmd.Flags().BoolVar(&sealKey, "seal-key", false, "Make a key for seal_key")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one line of JSON")
	return cmd
}

func printSecret(out io.Writer, made madeSecret, text string, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(made)
	}
	_, err := fmt.Fprintln(out, text)
	return err
}

// algorithms are the words of hash-secret --algorithm, the default first.
var algorithms = []string{"argon2id", "sha256"}

func hashSecretCommand() *cobra.Command {
	var algorithm string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "hash-secret [--algorithm argon2id|sha256] [--json]",
		Short: "Turns a client secret into the hash that client_secret takes",
		Long: `
Reads a client secret and prints its hash for client_secret, so that the
configuration does not hold the secret itself. In a terminal it asks twice and
shows nothing; otherwise it reads standard input, and one line end after the
secret is no part of it. A secret never stands among the arguments, where every
user of the machine could read it.

argon2id, the default, is for any secret; comparing it takes some memory and a
tenth of a second. sha256 costs nothing, and is for secrets of 32 characters and
more that were made at random, as by generate-secret. Of a secret that is easily
guessed a line on standard error warns.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains(algorithms, algorithm) {
				return fmt.Errorf("--algorithm %s: it is %s", oneLine(algorithm), strings.Join(algorithms, " or "))
			}
			cmd.SilenceUsage = true
			secret, err := readSecret(cmd.InOrStdin(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			hash, err := hashSecret(secret, algorithm)
			if err != nil {
				return err
			}
			// Nobody can tell of the hash later: neither doctor nor the log.
			if why := application.NewSecret(secret).Weakness(); why != "" {
				cmd.PrintErrf("Warning: the secret %s: `caddy odoo-gateway generate-secret` makes one that is not easily guessed\n", why)
			}
			return printSecret(cmd.OutOrStdout(), madeSecret{ClientSecret: hash}, hash, asJSON)
		},
	}
	cmd.Flags().StringVar(&algorithm, "algorithm", algorithms[0], "argon2id or sha256")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one line of JSON")
	return cmd
}

// hashSecret hashes what a configuration would take for a plain secret.
func hashSecret(secret, algorithm string) (string, error) {
	if hashed.MatchString(secret) {
		return "", errors.New("this begins like a hash: give the secret itself")
	}
	if algorithm == "sha256" {
		return application.HashFast(secret)
	}
	return application.HashSlow(secret)
}

// readSecret reads a secret from a terminal without showing it, or to the end
// of anything else.
func readSecret(in io.Reader, prompt io.Writer) (string, error) {
	if file, ok := in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return askTwice(prompt, func() ([]byte, error) { return term.ReadPassword(int(file.Fd())) })
	}
	text, err := io.ReadAll(io.LimitReader(in, maxTyped+3))
	if err != nil {
		return "", fmt.Errorf("reading the secret: %w", err)
	}
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	return checkTyped(text)
}

func askTwice(prompt io.Writer, read func() ([]byte, error)) (string, error) {
	var typed [2][]byte
	for i, question := range []string{"Secret: ", "Once more: "} {
		if _, err := fmt.Fprint(prompt, question); err != nil {
			return "", err
		}
		var err error
		typed[i], err = read()
		_, _ = fmt.Fprintln(prompt)
		if err != nil {
			return "", fmt.Errorf("reading the secret: %w", err)
		}
	}
	if !bytes.Equal(typed[0], typed[1]) {
		return "", errors.New("the two are not the same")
	}
	return checkTyped(typed[0])
}

func checkTyped(text []byte) (string, error) {
	switch {
	case len(text) == 0:
		return "", errors.New("the secret is empty")
	case len(text) > maxTyped:
		return "", fmt.Errorf("the secret is longer than %d bytes", maxTyped)
	case bytes.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "", errors.New("the secret has a line end or a control character in it")
	}
	return string(text), nil
}
