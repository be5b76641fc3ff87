package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/caddy-odoo/gateway/internal/backup"
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
	"github.com/caddy-odoo/gateway/internal/seal"
)

func restoreCommand() *cobra.Command {
	var (
		config configFlags
		choice restoreChoice
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "restore <file>|- (--keep | --revoke-all | --audit-log <file>...) [--json] [--config <path> [--adapter <name>]]",
		Short: "Makes a store from a backup, while Caddy is stopped",
		Long: `
Makes the store that the configuration names from a backup. Caddy must not run
with it, and its directory must be empty or missing; where seal_key is not set,
the file seal.key of the store that was saved has to be in it. Run it as the
user that Caddy runs as. A file that is damaged, not complete, or changed by
somebody without the key is refused, and nothing is left behind.

What was revoked since the backup was made is not revoked in it. Hence one of
these has to be said:

  --audit-log   revoke again what was revoked since, by the log of the logger
                odoo_gateway.audit, in JSON; give it once for each file. It has
                to reach back to when the backup was made
  --revoke-all  revoke everything: people connect anew
  --keep        leave everything as it was: nothing was revoked since

In any case codes of authorization that were not redeemed are used up, and
access tokens of before are refused: new signing keys are made. Applications
that have refreshed since the backup have to be connected anew.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := choice.validate(); err != nil {
				return err
			}
			cmd.SilenceUsage = true
			restoring, err := choice.restoring()
			if err != nil {
				return err
			}
			store, err := config.store()
			if err != nil {
				return err
			}
			file, err := backupFile(args[0], cmd.InOrStdin())
			if err != nil {
				return err
			}
			defer file.Close()
			done, err := restore(store, file, restoring)
			if err != nil {
				return err
			}
			return done.print(cmd.OutOrStdout(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&choice.keep, "keep", false, "Leave everything as it was")
	cmd.Flags().BoolVar(&choice.all, "revoke-all", false, "Revoke everything")
	cmd.Flags().StringArrayVar(&choice.logs, "audit-log", nil, "Revoke what was revoked since, by this log")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one line of JSON")
	config.add(cmd)
	return cmd
}

// restoreChoice is what somebody wants to become of what is in a backup.
type restoreChoice struct {
	keep, all bool
	logs      []string
}

func (c restoreChoice) validate() error {
	said := 0
	for _, one := range []bool{c.keep, c.all, len(c.logs) > 0} {
		if one {
			said++
		}
	}
	if said != 1 {
		return errors.New("what was revoked since the backup was made would work again: say --audit-log, --revoke-all or --keep, one of them")
	}
	return nil
}

func (c restoreChoice) restoring() (backup.Restoring, error) {
	r := backup.Restoring{Now: clock.System(), All: c.all}
	for _, name := range c.logs {
		file, err := os.Open(name)
		if err != nil {
			return r, err
		}
		err = r.AddLog(file)
		_ = file.Close()
		if err != nil {
			return r, fmt.Errorf("%s: %w", name, err)
		}
	}
	return r, nil
}

// backupFile is a file that can be read twice.
func backupFile(name string, in io.Reader) (*os.File, error) {
	if name != "-" {
		return os.Open(name)
	}
	file, err := os.CreateTemp("", "odoo-gateway-restore-*") // mode 0600
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if _, err := io.Copy(file, in); err != nil {
		return nil, errors.Join(fmt.Errorf("reading the backup: %w", err), file.Close())
	}
	_, err = file.Seek(0, io.SeekStart)
	return file, err
}

// kept are the files that may stand in a directory that a store is restored
// into: the key, and what some file systems have at their root.
var kept = []string{"seal.key", "lost+found"}

// restore reads the file twice: nothing is written before all of it is known to
// be good.
func restore(store storeOptions, file *os.File, restoring backup.Restoring) (restored, error) {
	done := restored{Directory: store.dir}
	key, err := store.key()
	if err != nil {
		return done, fmt.Errorf("%w; or put the file back there", err)
	}
	ring, err := seal.NewRing(key)
	if err != nil {
		return done, err
	}
	if done.Summary, err = backup.Read(file, ring, func(grant.Record) error { return nil }); err != nil {
		return done, err
	}
	if err := restoring.Reaches(done.MadeAt); err != nil {
		return done, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return done, err
	}
	err = badgerstore.Import(badgerstore.Options{Dir: store.dir, Seal: ring}, kept, func(put func(grant.Record) error) error {
		_, err := backup.Read(file, ring, func(r grant.Record) error {
			for _, became := range restoring.Record(r) {
				if err := put(became); err != nil {
					return err
				}
			}
			if r.Authorization != nil && restoring.Revokes(*r.Authorization) {
				done.Revoked++
			}
			return nil
		})
		return err
	})
	return done, err
}

// restored is what the command prints for programs.
type restored struct {
	backup.Summary
	// Revoked is how many of the authorizations have come back as revoked.
	Revoked   int    `json:"revoked"`
	Directory string `json:"directory"`
}

func (r restored) print(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(r)
	}
	_, err := fmt.Fprintf(out, "restored %d records of %s into %s; of %d authorizations %d are revoked\n",
		r.Records, moment(r.MadeAt), r.Directory, r.Authorizations, r.Revoked)
	return err
}
