package caddymodule

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddy-odoo/gateway/internal/connect"
)

func connectCommand() *cobra.Command {
	var (
		admin                                adminFlags
		gateway, application, format, output string
		asJSON                               bool
	)
	cmd := &cobra.Command{
		Use: "connect --application <name> [--format " + strings.Join(connect.Formats(), "|") + "] [--output <file>] [--gateway <name>] [--json] " +
			"[--address <interface>] [--config <path> [--adapter <name>]]",
		Short: "Tells what somebody needs to connect an application",
		Long: `
Tells what somebody needs to connect an application: addresses and values as
text or JSON, a description in OpenAPI 3.1 of exactly what its model scheme
allows, and settings in the forms of Postman, n8n, Forge, the Odoo Connector for
Confluence Data Center, and curl. None of them holds a secret: a text stands
where it belongs.

The fields of models are those that Odoo has described to an application lately.
Of a model that none has used since, they are those of the configuration.` + howFound,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if application == "" {
				return errors.New("say which --application")
			}
			if asJSON && format != "" && format != "json" {
				return fmt.Errorf("--json is --format json, and --format says %s", format)
			}
			if asJSON {
				format = "json"
			}
			cmd.SilenceUsage = true
			var document connect.Document
			err := admin.list(connectEndpoint, url.Values{"gateway": {gateway}, "application": {application}, "format": {format}}, &document)
			if err != nil {
				return err
			}
			if output == "" {
				_, err = io.WriteString(cmd.OutOrStdout(), document.Content)
				return err
			}
			if err := os.WriteFile(output, []byte(document.Content), 0o644); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is written to %s\n", document.Title, output)
			return err
		},
	}
	cmd.Flags().StringVar(&application, "application", "", "The configured name of the application")
	cmd.Flags().StringVar(&format, "format", "", "The form of what is told (default "+connect.Formats()[0]+")")
	cmd.Flags().StringVarP(&output, "output", "o", "", "A file to write it to, instead of printing it")
	cmd.Flags().StringVar(&gateway, "gateway", "", "The name of the gateway, where there is more than one")
	cmd.Flags().BoolVar(&asJSON, "json", false, "The same as --format json")
	admin.add(cmd)
	return cmd
}
