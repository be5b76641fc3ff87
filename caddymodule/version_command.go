package caddymodule

import (
	"encoding/json"
	"fmt"
	"runtime/debug"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"
)

// modulePath is that of the gateway.
const modulePath = "github.com/caddy-odoo/gateway"

// versions are those that a report of an error needs.
type versions struct {
	Gateway string `json:"gateway"`
	Caddy   string `json:"caddy"`
	Go      string `json:"go"`
}

func versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version [--json]",
		Short: "Prints the versions of the gateway and of Caddy",
		Long: `
Prints the versions of this program's gateway, Caddy and Go. That of the gateway
is "(devel)" where it was built from a folder and not from a release.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := versions{Gateway: "unknown", Go: "unknown"}
			if info, ok := debug.ReadBuildInfo(); ok {
				v.Gateway, v.Go = moduleVersion(info), info.GoVersion
			}
			v.Caddy, _ = caddy.Version()
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(v)
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "gateway  %s\ncaddy    %s\ngo       %s\n", v.Gateway, v.Caddy, v.Go)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print JSON")
	return cmd
}

// moduleVersion is the gateway's version in a program: xcaddy builds it as a
// dependency, and may have replaced it by a folder.
func moduleVersion(info *debug.BuildInfo) string {
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path != modulePath {
			continue
		}
		if m.Replace != nil {
			m = m.Replace
		}
		if m.Version == "" {
			return "(devel)"
		}
		return m.Version
	}
	return "unknown"
}
