package caddymodule

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "odoo-gateway",
		Short: "Commands of the Odoo OAuth2 gateway",
		Long:  "Commands of the Odoo OAuth2 gateway.",
		CobraFunc: func(cmd *cobra.Command) {
			cmd.AddCommand(
				applicationsCommand(), auditCommand(), authorizationsCommand(), backupCommand(), codesCommand(), connectCommand(), demoCommand(), doctorCommand(),
				explainCommand(), generateSecretCommand(), hashSecretCommand(), historyCommand(), keysCommand(), readyCommand(), restoreCommand(), schemesCommand(), storeCommand(), versionCommand(),
			)
			cmd.RunE, cmd.PersistentPreRunE = helpOrUnknown, quieten
		},
	})
}

// withParameters adds those parameters to an address that are not empty.
func withParameters(endpoint string, parameters url.Values) string {
	set := url.Values{}
	for name := range parameters {
		if value := parameters.Get(name); value != "" {
			set.Set(name, value)
		}
	}
	if len(set) == 0 {
		return endpoint
	}
	return endpoint + "?" + set.Encode()
}

// group is a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, RunE: helpOrUnknown}
	cmd.AddCommand(commands...)
	return cmd
}

// helpOrUnknown is what a command does that only holds others. Without it,
// Caddy's own root command would answer to a misspelt subcommand with its
// general help and exit status 0.
func helpOrUnknown(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())
	}
	return cmd.Help()
}

// table prints rows under a heading, each text on its own line whatever is in
// it: people and Odoo have written parts of them.
func table(out io.Writer, rows [][]string) error {
	var lines strings.Builder
	w := tabwriter.NewWriter(&lines, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		clean := make([]string, len(row))
		for i, text := range row {
			clean[i] = oneLine(text)
		}
		// A row that lacks a last cell would end the column for those around it.
		if _, err := fmt.Fprintln(w, strings.Join(clean, "\t")); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(lines.String()) {
		if _, err := fmt.Fprintln(out, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// are is the verb for so many.
func are(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// moment is a time for people, "-" where there was none.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05 MST")
}
