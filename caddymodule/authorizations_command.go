package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddy-odoo/gateway/internal/administration"
)

func authorizationsCommand() *cobra.Command {
	return group("authorizations", "Lists and revokes what people have authorized", listAuthorizationsCommand(), revokeCommand())
}

func listAuthorizationsCommand() *cobra.Command {
	var (
		admin                                adminFlags
		gateway, application, subject, login string
		revoked, asJSON                      bool
	)
	cmd := &cobra.Command{
		Use:   "list [--gateway <name>] [--application <name>] [--login <login>] [--subject <sub>] [--revoked] [--json] [--address <interface>] [--config <path> [--adapter <name>]]",
		Short: "Lists who has connected which application",
		Long: `
Lists the authorizations of a gateway: who has connected which application, how
the gateway acts as them, and when it was last used. Those that fit all that is
named are listed.` + howFound,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SilenceUsage = true
			parameters := url.Values{
				"gateway": {gateway}, "application": {application}, "subject": {subject}, "login": {login}, "limit": {"1000"},
			}
			if revoked {
				parameters.Set("revoked", "true")
			}
			var all []administration.Authorization
			for {
				var page administration.AuthorizationList
				if err := admin.list(authorizationsEndpoint, parameters, &page); err != nil {
					return err
				}
				all = append(all, page.Authorizations...)
				if page.Next == "" {
					return printAuthorizations(cmd.OutOrStdout(), all, asJSON)
				}
				parameters.Set("after", page.Next)
			}
		},
	}
	cmd.Flags().StringVar(&gateway, "gateway", "", "The name of the gateway, where there is more than one")
	cmd.Flags().StringVar(&application, "application", "", "The configured name of an application")
	cmd.Flags().StringVar(&login, "login", "", "The login of a person in Odoo")
	cmd.Flags().StringVar(&subject, "subject", "", "The sub of a person, as tokens name it")
	cmd.Flags().BoolVar(&revoked, "revoked", false, "List revoked ones, too")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one line of JSON for each")
	admin.add(cmd)
	return cmd
}

func printAuthorizations(out io.Writer, all []administration.Authorization, asJSON bool) error {
	if asJSON {
		return printLines(out, all)
	}
	rows := [][]string{{"ID", "APPLICATION", "LOGIN", "CONNECTION", "CONSENTED", "LAST USED", "USES", "REVOKED"}}
	for _, a := range all {
		rows = append(rows, []string{
			a.ID, a.Application, a.Login, inWords(a.Connection), moment(a.ConsentedAt), moment(a.LastUsedAt), strconv.Itoa(a.Uses), moment(a.RevokedAt),
		})
	}
	return table(out, rows)
}

// inWords tells how the gateway acts as the person, and why it does so no longer.
func inWords(c administration.Connection) string {
	switch {
	case c.Live:
		return c.Kind
	case c.EndReason != "":
		return c.Kind + " (" + c.EndReason + ")"
	default:
		return c.Kind + " (ended)"
	}
}

// printLines prints each record as one line of JSON.
func printLines[T any](out io.Writer, all []T) error {
	lines := json.NewEncoder(out)
	for _, v := range all {
		if err := lines.Encode(v); err != nil {
			return err
		}
	}
	return nil
}

func revokeCommand() *cobra.Command {
	var (
		admin       adminFlags
		request     revokeRequest
		yes, asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "revoke (<id>... | [--application <name>] [--login <login>] [--subject <sub>] | --all --yes) [--gateway <name>] [--json] [--address <interface>] [--config <path> [--adapter <name>]]",
		Short: "Takes back what people have authorized",
		Long: `
Revokes authorizations: by their ids, those that fit all that is named of an
application and a person, or all of the gateway. Their tokens stop working at
the next request, and whoever wants to go on must authorize again. It can not
be undone.

An id that begins with a hyphen stands after --. What was revoked is printed as
it was, up to 1000 of it. Of an API key that a person had made for the gateway
only the copy here is gone at once. Within a minute Odoo is asked to remove the
key: 16 does, later ones where base.enable_programmatic_api_keys is on (20, and
late 19). Elsewhere its person has to delete it in their preferences, and their
list of authorizations says so; the audit trail tells which with
api_key_removed and api_key_left.` + howFound,
		RunE: func(cmd *cobra.Command, args []string) error {
			request.IDs = args
			if err := request.validate(); err != nil {
				return err
			}
			if request.All && !yes {
				return errors.New("all authorizations of the gateway would be revoked: say so with --yes")
			}
			cmd.SilenceUsage = true
			var report administration.Revocation
			if err := admin.post(revokeEndpoint, request, &report); err != nil {
				return err
			}
			if report.Count == 0 {
				_, _ = fmt.Fprintln(cmd.ErrOrStderr(), oneLine(request.nothing()))
			}
			return printRevocation(cmd.OutOrStdout(), report, asJSON)
		},
	}
	cmd.Flags().StringVar(&request.Gateway, "gateway", "", "The name of the gateway, where there is more than one")
	cmd.Flags().StringVar(&request.Application, "application", "", "The configured name of an application")
	cmd.Flags().StringVar(&request.Login, "login", "", "The login of a person in Odoo")
	cmd.Flags().StringVar(&request.Subject, "subject", "", "The sub of a person, as tokens name it")
	cmd.Flags().BoolVar(&request.All, "all", false, "Revoke all authorizations of the gateway")
	cmd.Flags().BoolVar(&yes, "yes", false, "Confirm --all")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one line of JSON for each")
	admin.add(cmd)
	return cmd
}

// nothing says what no live authorization fits. That is no failure: a script
// that takes back what somebody had may run twice.
func (r revokeRequest) nothing() string {
	var named []string
	for _, f := range [][2]string{{"--application", r.Application}, {"--login", r.Login}, {"--subject", r.Subject}} {
		if f[1] != "" {
			named = append(named, f[0]+" "+f[1])
		}
	}
	switch {
	case r.All:
		return "Nothing was to be revoked: the gateway has no live authorization."
	case len(r.IDs) > 0:
		return "Nothing was to be revoked: these were so already."
	default:
		return "Nobody matches " + strings.Join(named, " ") + ": `authorizations list` shows who has connected what."
	}
}

// printRevocation prints what was revoked.
func printRevocation(out io.Writer, r administration.Revocation, asJSON bool) error {
	if asJSON {
		return printLines(out, r.Revoked)
	}
	if len(r.Revoked) > 0 {
		rows := [][]string{{"ID", "APPLICATION", "LOGIN", "CONNECTION"}}
		for _, a := range r.Revoked {
			rows = append(rows, []string{a.ID, a.Application, a.Login, inWords(a.Connection)})
		}
		if err := table(out, rows); err != nil {
			return err
		}
	}
	listed := ""
	if r.Count > len(r.Revoked) {
		listed = fmt.Sprintf(", of which %d are listed", len(r.Revoked))
	}
	if _, err := fmt.Fprintf(out, "%d revoked%s\n", r.Count, listed); err != nil {
		return err
	}
	for _, a := range r.Revoked {
		if !a.Connection.Live || a.Connection.KeyName == "" {
			continue
		}
		line := fmt.Sprintf("Odoo is asked to remove the API key %q (%d) of %s; where it refuses, %s has to delete it in Odoo, in the preferences, on the tab Security (up to 18 Account Security)",
			a.Connection.KeyName, a.Connection.KeyID, a.Login, a.Login)
		if _, err := fmt.Fprintln(out, oneLine(line)); err != nil {
			return err
		}
	}
	return nil
}
