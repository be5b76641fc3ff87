package caddymodule

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/seal"
)

func storeCommand() *cobra.Command {
	return group("store", "Moves the store, while Caddy is stopped", storeCopyCommand(), storeReopenCommand())
}

func storeCopyCommand() *cobra.Command {
	var (
		from, to storeFlag
		stores   namedStores
		asJSON   bool
	)
	cmd := &cobra.Command{
		Use:   "copy [--from <store>] [--to <store>] [--from-schema <name>] [--to-schema <name>] [--seal-key <placeholder>] [--json] [--config <path> [--adapter <name>]]",
		Short: "Moves everything into another store, while Caddy is stopped",
		Long: `
Copies all that a store holds into another one, from a Badger directory to
PostgreSQL or back, as it is: what lives goes on, what was revoked stays revoked,
and nobody connects anew. Caddy must be stopped on every node, and the new store
must be empty or missing. Where it is a directory, run it as the user that Caddy
runs as.

What was written is read back and compared, by number and digest of each kind of
record, before the new store is one. Where anything fails, nothing is left of it;
where the command is killed, the new store does not open, and the same command
begins anew, or finds that all was done. The old store stays as it was, and is
marked: it does not open any more, as what is revoked in the new one would live
in it. "store reopen" takes the mark away. Where the audit trail is not what was
written, the command and an event in the new store say so.

Both have the same sealing key, which a store can not change.` + howNamed,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if from.text == "" && to.text == "" {
				return errors.New("say which store to copy from, --from, or which to copy to, --to")
			}
			cmd.SilenceUsage = true
			found, err := stores.find(from, to)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			c := storeCopy{from: found[0], to: found[1], now: clock.System()}
			done, err := c.run(ctx)
			if errors.Is(err, errNotTheSame) {
				err = errors.Join(err, done.printKinds(cmd.ErrOrStderr()))
			}
			if err != nil {
				return err
			}
			return done.print(cmd.OutOrStdout(), asJSON, c.nextKey())
		},
	}
	from.add(cmd, "from", "Store to copy from")
	to.add(cmd, "to", "Store to copy to")
	stores.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one line of JSON")
	return cmd
}

// nextKey says what the configuration of the new store needs.
func (c *storeCopy) nextKey() string {
	if file := c.from.keyFile(); file != "" {
		if key, err := seal.Load(file); err == nil && subtle.ConstantTimeCompare(key, c.from.sealKey) == 1 {
			return "seal_key set to what " + file + " holds"
		}
	}
	return "the same seal_key"
}

func storeReopenCommand() *cobra.Command {
	var (
		which  storeFlag
		stores namedStores
		yes    bool
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "reopen --yes [--store <store>] [--schema <name>] [--seal-key <placeholder>] [--json] [--config <path> [--adapter <name>]]",
		Short: "Lets a store be served again that was moved",
		Long: `
Takes away the mark that "store copy" has left on the store that it has copied,
for somebody who goes back to it: because the copy was given up, or the new store
was never served. All stands in it as it was then: what was revoked in the new one
since lives again, and applications that have refreshed there connect anew. To
come back with what has happened since, copy the new store into an empty one.

Caddy must be stopped. Who has done it stands in the audit trail.` + howNamed,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SilenceUsage = true
			found, err := stores.find(which)
			if err != nil {
				return err
			}
			done, err := reopenStore(context.Background(), found[0], yes, clock.System())
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(done)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s can be served again; it was moved to %s on %s\n", done.Store, done.MovedTo, moment(done.MovedAt))
			return err
		},
	}
	which.add(cmd, "store", "Store to serve again")
	stores.add(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "Confirm that what was revoked since may live again")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print one line of JSON")
	return cmd
}

// reopened is what the command prints for programs.
type reopened struct {
	Store   string    `json:"store"`
	MovedTo string    `json:"moved_to"`
	MovedAt time.Time `json:"moved_at"`
}

func reopenStore(ctx context.Context, store storeOptions, yes bool, now time.Time) (done reopened, err error) {
	ring, err := seal.NewRing(store.sealKey)
	if err != nil {
		return done, err
	}
	there, err := store.module.there(ctx)
	if err != nil {
		return done, err
	}
	if !there {
		return done, fmt.Errorf("there is no grant store at %s", store.name)
	}
	db, err := store.module.open(ctx, opening{ring: ring, logger: zap.NewNop(), moved: true})
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	m, err := db.MovedTo(ctx)
	if err != nil {
		return done, err
	}
	if m.To == "" {
		return done, fmt.Errorf("grant store %s was not moved: it can be served", store.name)
	}
	if !yes {
		return done, fmt.Errorf("grant store %s was moved to %s on %s: what was revoked there since would live again here: say so with --yes", store.name, m.To, moment(m.At))
	}
	gateways := make(map[string]bool)
	if err := db.Export(ctx, func(r grant.Record) error { gateways[r.Gateway] = true; return nil }); err != nil {
		return done, err
	}
	for _, gateway := range slices.Sorted(maps.Keys(gateways)) {
		e := operated(audit.StoreReopened, gateway, now, map[string]string{"store": store.name, "moved_to": m.To})
		db.Store(gateway).Audit(e.Event, e.Until)
	}
	// Nobody serves it before that is on the disk: to export writes what waits.
	if err := db.Export(ctx, func(r grant.Record) error {
		if r.Event != nil && r.Event.Kind == audit.StoreReopened && r.Event.Time.Equal(now) {
			delete(gateways, r.Gateway)
		}
		return nil
	}); err != nil {
		return done, err
	}
	if len(gateways) > 0 {
		return done, fmt.Errorf("grant store %s: the audit trail can not be written, and it stays marked as moved", store.name)
	}
	return reopened{store.name, m.To, m.At}, db.UnmarkMoved()
}
