package caddymodule

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"
)

// readyEndpoint tells whether the running Caddy can serve applications.
const readyEndpoint = "/odoo_gateway/ready"

// readiness is the answer of a gateway that is ready; any other is an error.
type readiness struct {
	Ready bool `json:"ready"`
}

// serveReady reads what each request for a token needs from the store of each
// gateway. Of Odoo it asks nothing: starting anew would not help where that is
// away. Nobody looks at anything, and so the audit trail has nothing of it, as often
// as it is asked.
func serveReady(app *App, r *http.Request) (any, error) {
	if _, err := readParameters(r); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(app.gateways)) {
		if _, err := app.gateways[name].SigningKeys(r.Context()); err != nil {
			return nil, caddy.APIError{HTTPStatus: http.StatusServiceUnavailable, Err: fmt.Errorf("gateway %s is not ready: %w", name, err)}
		}
	}
	return readiness{Ready: true}, nil
}

func readyCommand() *cobra.Command {
	var admin adminFlags
	cmd := &cobra.Command{
		Use:   "ready [--address <interface>] [--config <path> [--adapter <name>]]",
		Short: "Tells whether the running Caddy can serve applications",
		Long: `
Tells whether the running Caddy answers, and has the store of all its gateways
open. The status is 0 where it does, and 1 otherwise: for health checks of
containers and load balancers. Whether Odoo answers plays no part. It leaves
nothing in the audit trail.` + howFound,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SilenceUsage = true
			var answer readiness
			if err := admin.list(readyEndpoint, url.Values{}, &answer); err != nil {
				return err
			}
			if !answer.Ready {
				return errors.New("the running Caddy is not ready")
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "ready")
			return err
		},
	}
	admin.add(cmd)
	return cmd
}
