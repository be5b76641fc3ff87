package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// verifyEndpoint is where the running Caddy verifies the audit trail.
const verifyEndpoint = "/odoo_gateway/audit/verify"

func serveVerify(app *App, r *http.Request) (any, error) {
	p, err := readParameters(r, "gateway")
	if err != nil {
		return nil, err
	}
	desk, err := app.desk(p["gateway"], r)
	if err != nil {
		return nil, err
	}
	return desk.VerifyEvents(r.Context())
}

func verifyAuditCommand() *cobra.Command {
	var (
		admin   adminFlags
		gateway string
		asJSON  bool
	)
	cmd := &cobra.Command{
		Use:   "verify [--gateway <name>] [--json] [--address <interface>] [--config <path> [--adapter <name>]]",
		Short: "Tells whether somebody has changed the audit trail",
		Long: `
Tells whether the events of the audit trail in the store are those that were
written: whether one was changed, taken away or put in by somebody without the
sealing key. It says when the first of all was written, as a trail that was
taken away as a whole begins anew. Events that have come to the end of audit_retention may be gone.
It fails where it finds something.` + howFound,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SilenceUsage = true
			var v administration.Verdict
			if err := admin.list(verifyEndpoint, url.Values{"gateway": {gateway}}, &v); err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if asJSON {
				if err := printLines(out, []administration.Verdict{v}); err != nil {
					return err
				}
			} else if err := printVerdict(out, v); err != nil {
				return err
			}
			if v.Broken > 0 {
				return fmt.Errorf("the audit trail is not what was written: %s", several(v.Broken, "place"))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&gateway, "gateway", "", "The name of the gateway, where there is more than one")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one line of JSON")
	admin.add(cmd)
	return cmd
}

// findingWords say what was found.
var findingWords = map[string]string{
	grant.AuditChanged: "this event was changed",
	grant.AuditMissing: "events after this one were taken away",
	grant.AuditForeign: "this event was put in",
}

func printVerdict(out io.Writer, v administration.Verdict) error {
	if _, err := fmt.Fprintf(out, "%s %s what was written\n", several(v.Verified, "event"), are(v.Verified)); err != nil {
		return err
	}
	if !v.Begins.IsZero() {
		if _, err := fmt.Fprintf(out, "the first of all is of %s\n", moment(v.Begins)); err != nil {
			return err
		}
	}
	if v.Unlinked > 0 {
		if _, err := fmt.Fprintf(out, "%s can not be verified\n", several(v.Unlinked, "older one")); err != nil {
			return err
		}
	}
	if len(v.Findings) == 0 {
		return nil
	}
	rows := [][]string{{"TIME", "EVENT", "FINDING"}}
	for _, f := range v.Findings {
		what := findingWords[f.What]
		if f.Event == "" {
			what = "the oldest events were taken away"
		}
		rows = append(rows, []string{moment(f.Time), f.Event, what})
	}
	return table(out, rows)
}
