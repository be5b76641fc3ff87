package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/caddy-odoo/gateway/internal/backup"
)

func backupCommand() *cobra.Command {
	var (
		admin  adminFlags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "backup <file>|- [--json] [--address <interface>] [--config <path> [--adapter <name>]]",
		Short: "Saves what people have authorized, while Caddy runs",
		Long: `
Saves the store of the running Caddy into a file, as it stands at one moment:
authorizations, tokens by their hashes, sealed sessions and API keys, the audit
trail and the history of the configuration, of all gateways. The file appears
under its name once it is complete, and only its owner can read it; "-" is
standard output.

The key that it is sealed with is not in it, and has to be kept elsewhere:
without that nobody can restore it, and what is sealed in it is of no use. The
names of people, what they have connected and their audit trail can be read by
whoever has the file. Signing keys are not in it.` + howFound,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cmd.SilenceUsage = true
			res, err := admin.open(http.MethodGet, backupEndpoint, nil)
			if err != nil {
				return err
			}
			defer res.Body.Close()
			if args[0] == "-" {
				saved, err := backup.Verify(io.TeeReader(res.Body, cmd.OutOrStdout()))
				if err != nil {
					return err
				}
				return printSaved(cmd.ErrOrStderr(), savedBackup{Summary: saved}, asJSON)
			}
			saved, err := saveBackup(args[0], res.Body)
			if err != nil {
				return err
			}
			return printSaved(cmd.OutOrStdout(), savedBackup{saved, args[0]}, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one line of JSON")
	admin.add(cmd)
	return cmd
}

// savedBackup is what the command prints for programs.
type savedBackup struct {
	backup.Summary
	File string `json:"file,omitempty"`
}

func printSaved(out io.Writer, s savedBackup, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(s)
	}
	to := ""
	if s.File != "" {
		to = " to " + s.File
	}
	_, err := fmt.Fprintf(out, "saved %s, %s among them%s\n", several(s.Records, "record"), several(s.Authorizations, "authorization"), to)
	return err
}

// saveBackup gives a whole backup the name path, and leaves what has that name
// alone where it is none. A new file takes the place of an old one only: it would
// take that of a device, or of a link such as /dev/stdout, as well.
func saveBackup(path string, from io.Reader) (s backup.Summary, err error) {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return s, fmt.Errorf("%s is no file that a backup can replace; \"-\" is standard output", path)
	}
	dir := filepath.Dir(path)
	file, err := os.CreateTemp(dir, ".odoo-gateway-backup-*") // mode 0600
	if err != nil {
		return s, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close(), os.Remove(file.Name()))
		}
	}()
	if s, err = backup.Verify(io.TeeReader(from, file)); err != nil {
		return s, err
	}
	if err = file.Sync(); err != nil {
		return s, err
	}
	if err = os.Rename(file.Name(), path); err != nil {
		return s, err
	}
	if err := file.Close(); err != nil {
		return s, err
	}
	return s, syncDirectory(dir)
}

// syncDirectory makes a new name survive a power cut.
func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
