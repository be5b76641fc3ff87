package caddymodule

import (
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddy-odoo/gateway/internal/administration"
)

func auditCommand() *cobra.Command {
	return group("audit", "Lists and verifies the audit trail", listAuditCommand(), verifyAuditCommand())
}

func listAuditCommand() *cobra.Command {
	var (
		admin                                              adminFlags
		gateway, kind, application, subject, authorization string
		most                                               int
		asJSON                                             bool
	)
	cmd := &cobra.Command{
		Use:   "list [--kind <event>] [--application <name>] [--subject <sub>] [--authorization <id>] [--most <number>] [--gateway <name>] [--json] [--address <interface>] [--config <path> [--adapter <name>]]",
		Short: "Lists who did what, the newest first",
		Long: `
Lists the events of the audit trail that the store keeps, for as long as
audit_retention says, the newest first. Those that fit all that is named are
listed. The log of odoo_gateway.audit has all events.` + howFound,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SilenceUsage = true
			parameters := url.Values{
				"gateway": {gateway}, "kind": {kind}, "application": {application}, "subject": {subject},
				"authorization": {authorization}, "limit": {strconv.Itoa(min(most, 1000))},
			}
			var all []administration.Event
			for {
				var page administration.EventList
				if err := admin.list(auditEndpoint, parameters, &page); err != nil {
					return err
				}
				all = append(all, page.Events...)
				if page.Next == "" || len(all) >= most {
					return printEvents(cmd.OutOrStdout(), all[:min(len(all), most)], asJSON)
				}
				parameters.Set("after", page.Next)
			}
		},
	}
	cmd.Flags().StringVar(&gateway, "gateway", "", "The name of the gateway, where there is more than one")
	cmd.Flags().StringVar(&kind, "kind", "", "A kind of event, such as client_auth_failed")
	cmd.Flags().StringVar(&application, "application", "", "The configured name of an application")
	cmd.Flags().StringVar(&subject, "subject", "", "The sub of a person, as tokens name it")
	cmd.Flags().StringVar(&authorization, "authorization", "", "The id of an authorization")
	cmd.Flags().IntVar(&most, "most", 100, "How many events to list at most")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one line of JSON for each")
	admin.add(cmd)
	return cmd
}

func printEvents(out io.Writer, all []administration.Event, asJSON bool) error {
	if asJSON {
		return printLines(out, all)
	}
	rows := [][]string{{"TIME", "EVENT", "APPLICATION", "LOGIN", "ADDRESS", "DETAIL"}}
	for _, e := range all {
		var detail []string
		for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
			detail = append(detail, name+"="+e.Detail[name])
		}
		rows = append(rows, []string{moment(e.Time), e.Kind, e.Application, e.Login, e.Address, strings.Join(detail, " ")})
	}
	return table(out, rows)
}
