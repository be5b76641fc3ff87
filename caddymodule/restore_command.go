package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/backup"
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/seal"
)

func restoreCommand() *cobra.Command {
	var (
		config configFlags
		choice restoreChoice
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "restore <file>|- [--audit-log <file>... | --accept-resurrection] [--json] [--config <path> [--adapter <name>]]",
		Short: "Makes a store from a backup, while Caddy is stopped",
		Long: `
Makes the store that the configuration names from a backup. Caddy must not run
with it, and its directory or schema must be empty or missing; where seal_key is not set,
the file seal.key of the store that was saved has to be in it. Run it as the
user that Caddy runs as. A file that is damaged, not complete, or changed by
somebody without the key is refused, and nothing is left behind.

A backup does not know what was revoked, exchanged or used up after it was made.
Hence everything in it comes back as revoked: all access and refresh tokens are
refused, people are asked for their consent again and connect anew, and API keys
are removed from Odoo where it lets the gateway. Nothing else is safe without
knowing what has happened since. With that knowledge:

  --audit-log            what the log of the logger odoo_gateway.audit, in JSON,
                         says was revoked since is revoked, and what was
                         refreshed since is ended; the rest goes on. Give it
                         once for each file. It has to reach back to when the
                         backup was made, for each gateway in it
  --accept-resurrection  everything comes back as it was, also what was revoked
                         since: for a store that has not run since the backup

In any case codes of authorization that were not redeemed are used up, and
access tokens of before are refused: new signing keys are made. Which of these
was chosen, and by whom, is the newest event in the audit trail of the store.`,
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
			done, err := restore(store, file, restoring, choice.mode())
			if err != nil {
				return err
			}
			if store.module.remote() && choice.mode() == "audit_log" {
				cmd.PrintErrln("what was revoked at a node whose audit log was not given is not known, and is good again: each node writes a log of its own")
			}
			return done.print(cmd.OutOrStdout(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&choice.resurrect, "accept-resurrection", false, "Leave everything as it was")
	cmd.Flags().StringArrayVar(&choice.logs, "audit-log", nil, "Revoke what was revoked since, by this log; for a store of several nodes give the logs of all")
	// What these were called before there was a default.
	cmd.Flags().BoolVar(&choice.resurrect, "keep", false, "The same as --accept-resurrection")
	cmd.Flags().BoolVar(&choice.all, "revoke-all", false, "Revoke everything, as without a flag")
	for _, former := range []string{"keep", "revoke-all"} {
		if err := cmd.Flags().MarkHidden(former); err != nil {
			panic(err) // it is defined above
		}
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one line of JSON")
	config.add(cmd)
	return cmd
}

// restoreChoice is what somebody wants to become of what is in a backup. Nothing
// said is all.
type restoreChoice struct {
	all, resurrect bool
	logs           []string
}

func (c restoreChoice) validate() error {
	if c.resurrect && (c.all || len(c.logs) > 0) || c.all && len(c.logs) > 0 {
		return errors.New("what was revoked since the backup was made is either taken from --audit-log, or comes back by --accept-resurrection, or everything is revoked, without either: say one of them")
	}
	return nil
}

// mode is the choice as the audit trail has it.
func (c restoreChoice) mode() string {
	switch {
	case c.resurrect:
		return "accept_resurrection"
	case len(c.logs) > 0:
		return "audit_log"
	}
	return "revoke_all"
}

func (c restoreChoice) restoring() (backup.Restoring, error) {
	r := backup.Restoring{Now: clock.System(), All: c.mode() == "revoke_all"}
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

// restore reads the file twice: nothing is written before all of it is known to
// be good.
func restore(store storeOptions, file *os.File, restoring backup.Restoring, mode string) (restored, error) {
	done := restored{Directory: store.name, Mode: mode}
	key, err := store.key()
	if err != nil {
		return done, err
	}
	ring, err := seal.NewRing(key)
	if err != nil {
		return done, err
	}
	gateways := make(map[string]bool) // in which somebody may be connected again
	done.Summary, err = backup.Read(file, ring, func(r grant.Record) error {
		if r.Authorization != nil && r.Authorization.Live() {
			gateways[r.Gateway] = true
		}
		return nil
	})
	if err != nil {
		return done, err
	}
	if err := restoring.Of(done.MadeAt, slices.Sorted(maps.Keys(gateways))); err != nil {
		return done, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return done, err
	}
	err = store.module.fill(context.Background(), ring, grant.Filling{Feed: func(put func(grant.Record) error) error {
		_, err := backup.Read(file, ring, func(r grant.Record) error {
			for _, became := range restoring.Record(r) {
				if err := put(became); err != nil {
					return err
				}
			}
			switch {
			case r.Authorization != nil && restoring.Revokes(*r.Authorization):
				done.Revoked++
			case r.TokenSet != nil && restoring.Ends(*r.TokenSet):
				done.Ended++
			}
			return nil
		})
		return err
	}, Last: func(gateway string) grant.KeptEvent { return done.event(gateway, restoring.Now) }})
	return done, err
}

// restored is what the command prints for programs.
type restored struct {
	backup.Summary
	// Mode is what became of what lived: "revoke_all", "audit_log" or
	// "accept_resurrection".
	Mode string `json:"mode"`
	// Revoked is how many of the authorizations have come back as revoked, and
	// Ended how many token sets have ended besides.
	Revoked   int    `json:"revoked"`
	Ended     int    `json:"ended"`
	Directory string `json:"directory"`
}

// event is what the audit trail of a gateway keeps of it.
func (r restored) event(gateway string, now time.Time) grant.KeptEvent {
	return operated(audit.StoreRestored, gateway, now, map[string]string{
		"mode": r.Mode, "backup": r.MadeAt.UTC().Format(time.RFC3339), "sha256": r.SHA256,
		"revoked": strconv.Itoa(r.Revoked), "ended": strconv.Itoa(r.Ended),
	})
}

func (r restored) print(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(r)
	}
	_, err := fmt.Fprintf(out, "restored %s of %s into %s; of %s %d %s revoked%s\n",
		several(r.Records, "record"), moment(r.MadeAt), r.Directory, several(r.Authorizations, "authorization"), r.Revoked, are(r.Revoked), r.more())
	return err
}

// more is what people have to know of what does not go on.
func (r restored) more() string {
	switch {
	case r.Mode == "revoke_all":
		return ": people connect anew"
	case r.Ended > 0:
		return fmt.Sprintf(", and %d refresh tokens have ended, which were exchanged or ended since", r.Ended)
	}
	return ""
}
