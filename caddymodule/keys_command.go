package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/spf13/cobra"
)

func keysCommand() *cobra.Command {
	return group("keys", "Lists and rotates the keys that access tokens are signed with", listKeysCommand(), rotateCommand())
}

func listKeysCommand() *cobra.Command {
	var (
		admin   adminFlags
		gateway string
		asJSON  bool
	)
	cmd := &cobra.Command{
		Use:   "list [--gateway <name>] [--json] [--address <interface>] [--config <path> [--adapter <name>]]",
		Short: "Lists the signing keys, the oldest first",
		Long: `
Lists the signing keys of a gateway: the one that signs, one that waits for its
turn after a rotation, and those whose tokens are still accepted.` + howFound,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SilenceUsage = true
			var list keyList
			if err := admin.list(keysEndpoint, url.Values{"gateway": {gateway}}, &list); err != nil {
				return err
			}
			if asJSON {
				return printLines(cmd.OutOrStdout(), list.Keys)
			}
			return list.write(cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&gateway, "gateway", "", "The name of the gateway, where there is more than one")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one line of JSON for each")
	admin.add(cmd)
	return cmd
}

func (l keyList) write(out io.Writer) error {
	rows := [][]string{{"KEY", "ALGORITHM", "STATE", "CREATED", "SIGNS FROM", "ENDS"}}
	for _, k := range l.Keys {
		rows = append(rows, []string{k.ID, k.Algorithm, k.State, moment(k.CreatedAt), moment(k.SignsFrom), moment(k.EndsAt)})
	}
	return table(out, rows)
}

func rotateCommand() *cobra.Command {
	var (
		admin       adminFlags
		request     rotateRequest
		yes, asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "rotate [--at-once --yes] [--gateway <name>] [--json] [--address <interface>] [--config <path> [--adapter <name>]]",
		Short: "Makes a new signing key",
		Long: `
Makes a new signing key. It is published at once and signs a day later, when
whoever verifies tokens has seen it; the keys before it are accepted until no
token of theirs can live.

Where a key may be in wrong hands, --at-once --yes makes one that signs at once
and ends all others: every access token becomes invalid, and applications
refresh theirs.` + howFound,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if request.AtOnce && !yes {
				return errors.New("all access tokens of the gateway would become invalid: say so with --yes")
			}
			cmd.SilenceUsage = true
			var report rotateReport
			if err := admin.post(rotateEndpoint, request, &report); err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if asJSON {
				return json.NewEncoder(out).Encode(report)
			}
			if err := report.write(out); err != nil {
				return err
			}
			_, err := fmt.Fprintln(out, "made "+oneLine(report.Made))
			return err
		},
	}
	cmd.Flags().StringVar(&request.Gateway, "gateway", "", "The name of the gateway, where there is more than one")
	cmd.Flags().BoolVar(&request.AtOnce, "at-once", false, "End all other keys now")
	cmd.Flags().BoolVar(&yes, "yes", false, "Confirm --at-once")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one line of JSON")
	admin.add(cmd)
	return cmd
}
