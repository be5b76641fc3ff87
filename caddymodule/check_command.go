package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// maxReport is the largest report that is read, in bytes.
const maxReport = 10 << 20

// adminFlags say where the running Caddy's admin API is, as those of
// `caddy reload` do.
type adminFlags struct{ address, config, adapter string }

func (f *adminFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.address, "address", "", "Address of the administration listener, if different from config")
	cmd.Flags().StringVarP(&f.config, "config", "c", "", "Configuration file that names the administration listener")
	cmd.Flags().StringVarP(&f.adapter, "adapter", "a", "", "Name of config adapter to apply")
}

// get asks the running Caddy.
func (f adminFlags) get(uri string) ([]byte, error) {
	var config []byte
	file := f.config
	if f.address == "" {
		var err error
		if config, file, _, err = caddycmd.LoadConfig(f.config, f.adapter); err != nil {
			return nil, err
		}
	}
	address, err := caddycmd.DetermineAdminAPIAddress(f.address, config, file, f.adapter)
	if err != nil {
		return nil, fmt.Errorf("couldn't determine admin API address: %w", err)
	}
	res, err := caddycmd.AdminAPIRequest(address, http.MethodGet, uri, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("asking the running Caddy: %w", err)
	}
	defer res.Body.Close()
	return io.ReadAll(io.LimitReader(res.Body, maxReport))
}

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
The exit status is 1 where something is wrong.

The admin API is found as by caddy reload: from --address, otherwise from the
config file, otherwise the default is assumed.`,
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
