package caddymodule

import (
	"io"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/caddy-odoo/gateway/internal/administration"
)

func codesCommand() *cobra.Command {
	return group("codes", "Lists authorization codes that were issued", listCodesCommand())
}

func listCodesCommand() *cobra.Command {
	var (
		admin                               adminFlags
		gateway, application, authorization string
		asJSON                              bool
	)
	cmd := &cobra.Command{
		Use:   "list [--gateway <name>] [--application <name>] [--authorization <id>] [--json] [--address <interface>] [--config <path> [--adapter <name>]]",
		Short: "Lists the codes that are kept for audit, the newest first",
		Long: `
Lists the records of authorization codes, the newest first: those of
applications with authorization_code_retain, until that time is over. A code is
named by its fingerprint, as in the audit trail; the code itself is not kept.` + howFound,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SilenceUsage = true
			parameters := url.Values{
				"gateway": {gateway}, "application": {application}, "authorization": {authorization}, "limit": {"1000"},
			}
			var all []administration.Code
			for {
				var page administration.CodeList
				if err := admin.list(codesEndpoint, parameters, &page); err != nil {
					return err
				}
				all = append(all, page.Codes...)
				if page.Next == "" {
					return printCodes(cmd.OutOrStdout(), all, asJSON)
				}
				parameters.Set("after", page.Next)
			}
		},
	}
	cmd.Flags().StringVar(&gateway, "gateway", "", "The name of the gateway, where there is more than one")
	cmd.Flags().StringVar(&application, "application", "", "The configured name of an application")
	cmd.Flags().StringVar(&authorization, "authorization", "", "The id of an authorization")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one line of JSON for each")
	admin.add(cmd)
	return cmd
}

func printCodes(out io.Writer, all []administration.Code, asJSON bool) error {
	if asJSON {
		return printLines(out, all)
	}
	rows := [][]string{{"CODE", "APPLICATION", "AUTHORIZATION", "ISSUED", "USED", "KEPT UNTIL", "REDIRECT URI"}}
	for _, c := range all {
		used := moment(c.ConsumedAt)
		if !c.ConsumedAt.IsZero() && c.TokenSet == "" {
			used += " (refused)"
		}
		rows = append(rows, []string{
			c.Fingerprint, c.Application, c.Authorization, moment(c.IssuedAt), used, moment(c.RetainUntil), c.RedirectURI,
		})
	}
	return table(out, rows)
}
