package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/spf13/cobra"
)

func checkCommand() *cobra.Command {
	var (
		admin   adminFlags
		gateway string
		asJSON  bool
	)
	cmd := &cobra.Command{
		Use:   "check [--gateway <name>] [--json] [--address <interface>] [--config <path> [--adapter <name>]]",
		Short: "Tells whether the gateways of the running Caddy work",
		Long: `
Asks the running Caddy about each gateway: whether its store is open, whether
a site serves it, and whether Odoo answers behind that site and which version.
The exit status is 1 where something is wrong.` + howFound,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SilenceUsage = true
			uri := checkEndpoint
			if gateway != "" {
				uri += "?" + url.Values{"gateway": {gateway}}.Encode()
			}
			body, err := admin.get(uri)
			if err != nil {
				return err
			}
			return printReport(cmd.OutOrStdout(), body, asJSON)
		},
	}
	cmd.Flags().StringVar(&gateway, "gateway", "", "The name of a gateway; without it, all are checked")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one line of JSON for programs")
	admin.add(cmd)
	return cmd
}

// printReport prints the answer; its error is what makes the exit status 1.
func printReport(out io.Writer, body []byte, asJSON bool) error {
	var report checkReport
	if err := json.Unmarshal(body, &report); err != nil {
		return fmt.Errorf("the running Caddy's answer: %w", err)
	}
	var err error
	if asJSON {
		err = json.NewEncoder(out).Encode(report)
	} else {
		err = report.write(out)
	}
	if err == nil && !report.OK {
		err = errors.New("something is wrong")
	}
	return err
}
