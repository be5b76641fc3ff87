package caddymodule

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/grant"
)

func auditCommand() *cobra.Command {
	return group("audit", "Lists and verifies the audit trail", listAuditCommand(), verifyAuditCommand())
}

func listAuditCommand() *cobra.Command {
	var (
		admin                                                     adminFlags
		gateway, kind, application, subject, login, authorization string
		most                                                      int
		looks, asJSON                                             bool
	)
	cmd := &cobra.Command{
		Use:   "list [--kind <event>] [--application <name>] [--login <login>] [--subject <sub>] [--authorization <id>] [--all] [--most <number>] [--gateway <name>] [--json] [--address <interface>] [--config <path> [--adapter <name>]]",
		Short: "Lists who did what, the newest first",
		Long: `
Lists the events of the audit trail that the store keeps, for as long as
audit_retention says, the newest first. Those that fit all that is named are
listed. The log of odoo_gateway.audit has all but refusals that came too fast.

Administrators who look at something leave an event as well, administration_read,
and this command is one of them. These are counted at the end, and listed with
--all or --kind administration_read.` + howFound,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SilenceUsage = true
			parameters := url.Values{
				"gateway": {gateway}, "kind": {kind}, "application": {application}, "subject": {subject}, "login": {login},
				"authorization": {authorization},
			}
			if looks {
				parameters.Set("all", "true")
			}
			if most < 1 {
				return errors.New("--most is less than 1")
			}
			var all administration.EventList
			for {
				parameters.Set("limit", strconv.Itoa(min(most-len(all.Events), grant.MaxPage)))
				var page administration.EventList
				if err := admin.list(auditEndpoint, parameters, &page); err != nil {
					return err
				}
				all.Events = append(all.Events, page.Events...)
				all.LeftOut += page.LeftOut
				if page.Next == "" || len(all.Events) >= most {
					return printEvents(cmd.OutOrStdout(), cmd.ErrOrStderr(), all, asJSON)
				}
				parameters.Set("after", page.Next)
			}
		},
	}
	cmd.Flags().StringVar(&gateway, "gateway", "", "The name of the gateway, where there is more than one")
	cmd.Flags().StringVar(&kind, "kind", "", "A kind of event, such as client_auth_failed")
	cmd.Flags().StringVar(&application, "application", "", "The configured name of an application")
	cmd.Flags().StringVar(&login, "login", "", "The login of a person in Odoo, as theirs or as the administrator's")
	cmd.Flags().StringVar(&subject, "subject", "", "The sub of a person, as tokens name it")
	cmd.Flags().StringVar(&authorization, "authorization", "", "The id of an authorization")
	cmd.Flags().BoolVar(&looks, "all", false, "List administrators who looked, too")
	cmd.Flags().IntVar(&most, "most", 100, "How many events to list at most")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one line of JSON for each")
	admin.add(cmd)
	return cmd
}

// printEvents prints the list to out, for programs without the line about what
// is not in it: that goes to aside.
func printEvents(out, aside io.Writer, all administration.EventList, asJSON bool) error {
	if asJSON {
		return errors.Join(printLines(out, all.Events), printLeftOut(aside, all.LeftOut))
	}
	rows := [][]string{{"TIME", "EVENT", "APPLICATION", "LOGIN", "ADDRESS", "DETAIL"}}
	for _, e := range all.Events {
		var detail []string
		for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
			detail = append(detail, name+"="+e.Detail[name])
		}
		rows = append(rows, []string{moment(e.Time), e.Kind, e.Application, e.Login, e.Address, strings.Join(detail, " ")})
	}
	return errors.Join(table(out, rows), printLeftOut(out, all.LeftOut))
}

func printLeftOut(out io.Writer, n int) error {
	if n == 0 {
		return nil
	}
	_, err := fmt.Fprintf(out, "%s of administrators who looked %s left out: --all lists them\n", several(n, "event"), are(n))
	return err
}
