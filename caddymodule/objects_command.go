package caddymodule

import (
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddy-odoo/gateway/internal/administration"
)

// objectFlags are those of commands that list what is configured.
type objectFlags struct {
	admin   adminFlags
	gateway string
	asJSON  bool
}

func (f *objectFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.gateway, "gateway", "", "The name of the gateway, where there is more than one")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "Print one line of JSON for each")
	f.admin.add(cmd)
}

// parameters are those of the endpoints that list objects.
func (f *objectFlags) parameters(args []string) url.Values {
	p := url.Values{"gateway": {f.gateway}}
	if len(args) > 0 {
		p.Set("name", args[0])
	}
	return p
}

const objectUsage = " [<name>] [--gateway <name>] [--json] [--address <interface>] [--config <path> [--adapter <name>]]"

func applicationsCommand() *cobra.Command {
	var f objectFlags
	cmd := &cobra.Command{
		Use:   "applications" + objectUsage,
		Short: "Lists the configured applications",
		Long: `
Lists the applications that are configured, archived ones too, or the one that
is named. With --json it tells all settings, and of one its history; of secrets
it tells how many there are.` + howFound,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cmd.SilenceUsage = true
			var list applicationList
			if err := f.admin.list(applicationsEndpoint, f.parameters(args), &list); err != nil {
				return err
			}
			return printApplications(cmd.OutOrStdout(), list.Applications, f.asJSON)
		},
	}
	f.add(cmd)
	return cmd
}

func printApplications(out io.Writer, all []administration.Application, asJSON bool) error {
	if asJSON {
		return printLines(out, all)
	}
	rows := [][]string{{"NAME", "TITLE", "STATE", "CLIENT ID", "MODEL SCHEME", "REDIRECT URIS"}}
	for _, a := range all {
		var uris []string
		for _, u := range a.RedirectURIs {
			uris = append(uris, u.URI)
		}
		rows = append(rows, []string{a.Name, a.Title, state(a.Active), a.ClientID, a.ModelScheme, strings.Join(uris, " ")})
	}
	return table(out, rows)
}

func state(active bool) string {
	if active {
		return "active"
	}
	return "archived"
}

func schemesCommand() *cobra.Command {
	return group("schemes", "Lists model schemes and model configurations", listSchemesCommand(), configurationsCommand())
}

func listSchemesCommand() *cobra.Command {
	var f objectFlags
	cmd := &cobra.Command{
		Use:   "list" + objectUsage,
		Short: "Lists the model schemes",
		Long: `
Lists the model schemes, or the one that is named: which models they open, and
which applications they are linked to. With --json it tells the history of the
one that is named, too.` + howFound,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cmd.SilenceUsage = true
			var list schemeList
			if err := f.admin.list(schemesEndpoint, f.parameters(args), &list); err != nil {
				return err
			}
			if f.asJSON {
				return printLines(cmd.OutOrStdout(), list.Schemes)
			}
			rows := [][]string{{"NAME", "TITLE", "STATE", "LIMIT", "CONFIGURATIONS", "APPLICATIONS"}}
			for _, s := range list.Schemes {
				rows = append(rows, []string{
					s.Name, s.Title, state(s.Active), s.Limit, strings.Join(s.Configurations, " "), strings.Join(s.Applications, " "),
				})
			}
			return table(cmd.OutOrStdout(), rows)
		},
	}
	f.add(cmd)
	return cmd
}

func configurationsCommand() *cobra.Command {
	var f objectFlags
	cmd := &cobra.Command{
		Use:   "configurations" + objectUsage,
		Short: "Lists the model configurations",
		Long: `
Lists the model configurations, or the one that is named: what each opens of its
model. With --json it tells all settings, and of one its history.` + howFound,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cmd.SilenceUsage = true
			var list configurationList
			if err := f.admin.list(configurationsEndpoint, f.parameters(args), &list); err != nil {
				return err
			}
			if f.asJSON {
				return printLines(cmd.OutOrStdout(), list.Configurations)
			}
			rows := [][]string{{"NAME", "MODEL", "STATE", "OPERATIONS", "FIELDS", "FILTER", "SCHEMES"}}
			for _, c := range list.Configurations {
				rows = append(rows, []string{
					c.Name, c.Model, state(c.Active), strings.Join(c.Operations, " "),
					strings.Join(append([]string{c.FieldLimit}, c.Fields...), " "), c.Filter, strings.Join(c.Schemes, " "),
				})
			}
			return table(cmd.OutOrStdout(), rows)
		},
	}
	f.add(cmd)
	return cmd
}

func historyCommand() *cobra.Command {
	var (
		f    objectFlags
		kind string
	)
	cmd := &cobra.Command{
		Use:   "history [--kind application|model_scheme|model_configuration|gateway] [--gateway <name>] [--json] [--address <interface>] [--config <path> [--adapter <name>]]",
		Short: "Tells which configured objects have changed, when, and by whom",
		Long: `
Lists the changes of applications, model schemes, model configurations and of
the gateway's own settings since the gateway has first seen them: when, which
settings by name, and by whom: as changed_by says, or the user and host of the
Caddy that has loaded the configuration.` + howFound,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SilenceUsage = true
			parameters := url.Values{"gateway": {f.gateway}, "kind": {kind}, "limit": {"1000"}}
			var all []administration.History
			for {
				var page administration.HistoryList
				if err := f.admin.list(historyEndpoint, parameters, &page); err != nil {
					return err
				}
				all = append(all, page.History...)
				if page.Next == "" {
					return printHistory(cmd.OutOrStdout(), all, f.asJSON)
				}
				parameters.Set("after", page.Next)
			}
		},
	}
	cmd.Flags().StringVar(&kind, "kind", "", "A kind of object")
	f.add(cmd)
	return cmd
}

func printHistory(out io.Writer, all []administration.History, asJSON bool) error {
	if asJSON {
		return printLines(out, all)
	}
	rows := [][]string{{"KIND", "NAME", "TIME", "CHANGE", "BY", "SETTINGS"}}
	for _, h := range all {
		for _, c := range h.Changes {
			by := c.By
			if c.ByProcess {
				by = "process " + by
			}
			rows = append(rows, []string{h.Kind, h.Name, moment(c.At), c.What, by, strings.Join(c.Fields, " ")})
		}
	}
	return table(out, rows)
}
