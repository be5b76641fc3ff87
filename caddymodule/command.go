package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "odoo-gateway",
		Short: "Commands of the Odoo OAuth2 gateway",
		Long:  "Commands of the Odoo OAuth2 gateway.",
		CobraFunc: func(cmd *cobra.Command) {
			cmd.AddCommand(
				applicationsCommand(), auditCommand(), authorizationsCommand(), checkCommand(), codesCommand(), demoCommand(),
				explainCommand(), generateSecretCommand(), hashSecretCommand(), historyCommand(), keysCommand(), schemesCommand(),
			)
			cmd.RunE = helpOrUnknown
		},
	})
}

// maxReport is the largest report that is read, in bytes.
const maxReport = 10 << 20

// howFound ends the help of all commands that ask the running Caddy.
const howFound = `

The admin API is found as by caddy reload: from --address, otherwise from the
config file, otherwise the default is assumed.`

// adminFlags say where the running Caddy's admin API is, as those of
// `caddy reload` do.
type adminFlags struct{ address, config, adapter string }

func (f *adminFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.address, "address", "", "Address of the administration listener, if different from config")
	cmd.Flags().StringVarP(&f.config, "config", "c", "", "Configuration file that names the administration listener")
	cmd.Flags().StringVarP(&f.adapter, "adapter", "a", "", "Name of config adapter to apply")
}

// get asks the running Caddy.
func (f adminFlags) get(uri string) ([]byte, error) { return f.request(http.MethodGet, uri, nil) }

// list gets one page of a listing.
func (f adminFlags) list(endpoint string, parameters url.Values, to any) error {
	body, err := f.get(withParameters(endpoint, parameters))
	if err != nil {
		return err
	}
	return decodeAnswer(body, to)
}

// post tells the running Caddy to do something, and reads its answer.
func (f adminFlags) post(endpoint string, request, to any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if body, err = f.request(http.MethodPost, endpoint, body); err != nil {
		return err
	}
	return decodeAnswer(body, to)
}

func decodeAnswer(body []byte, to any) error {
	if err := json.Unmarshal(body, to); err != nil {
		return fmt.Errorf("the running Caddy's answer: %w", err)
	}
	return nil
}

func (f adminFlags) request(method, uri string, body []byte) ([]byte, error) {
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
	var header http.Header
	var content io.Reader
	if body != nil {
		header, content = http.Header{"Content-Type": {"application/json"}}, bytes.NewReader(body)
	}
	res, err := caddycmd.AdminAPIRequest(address, method, uri, header, content)
	if err != nil {
		return nil, fmt.Errorf("asking the running Caddy: %w", err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxReport+1))
	if err == nil && len(answer) > maxReport {
		err = errors.New("the running Caddy's answer is too long")
	}
	return answer, err
}

// withParameters adds those parameters to an address that are not empty.
func withParameters(endpoint string, parameters url.Values) string {
	set := url.Values{}
	for name := range parameters {
		if value := parameters.Get(name); value != "" {
			set.Set(name, value)
		}
	}
	if len(set) == 0 {
		return endpoint
	}
	return endpoint + "?" + set.Encode()
}

// group is a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, RunE: helpOrUnknown}
	cmd.AddCommand(commands...)
	return cmd
}

// helpOrUnknown is what a command does that only holds others. Without it,
// Caddy's own root command would answer to a misspelt subcommand with its
// general help and exit status 0.
func helpOrUnknown(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())
	}
	return cmd.Help()
}

// table prints rows under a heading, each text on its own line whatever is in
// it: people and Odoo have written parts of them.
func table(out io.Writer, rows [][]string) error {
	var lines strings.Builder
	w := tabwriter.NewWriter(&lines, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		clean := make([]string, len(row))
		for i, text := range row {
			clean[i] = oneLine(text)
		}
		// A row that lacks a last cell would end the column for those around it.
		if _, err := fmt.Fprintln(w, strings.Join(clean, "\t")); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(lines.String()) {
		if _, err := fmt.Fprintln(out, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// moment is a time for people, "-" where there was none.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}
