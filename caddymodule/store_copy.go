package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/inventory"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// errNotTheSame: the comparison is printed beside it.
var errNotTheSame = errors.New("what reads back is not what was copied")

// copied is what the command prints for programs.
type copied struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Records int    `json:"records"`
	// Before says that a copy of before was complete, and was only compared.
	Before bool            `json:"copied_before"`
	Kinds  []inventory.Row `json:"kinds"`
	// Audit tells of gateways whose audit trail was not what was written, or could
	// not be looked at.
	Audit map[string]string `json:"audit,omitempty"`
}

// storeCopy moves all that is in a store into another one.
type storeCopy struct {
	from, to storeOptions
	now      time.Time
	ring     *seal.Ring

	source database
	mark   grant.Moved
}

// run copies. The old store is marked as moved before anything is read: from then on
// nobody begins to serve it. Where the copy fails the mark goes again; a process that
// is killed leaves it, and so does one that can not tell whether there is a new store:
// the same command goes on.
func (c *storeCopy) run(ctx context.Context) (done copied, err error) {
	done = copied{From: c.from.name, To: c.to.name}
	if c.from.name == c.to.name {
		return done, fmt.Errorf("%s is both stores: name the one to copy from by --from, and the one to copy to by --to", c.to.name)
	}
	if c.ring, err = seal.NewRing(c.from.sealKey); err != nil {
		return done, err
	}
	there, err := c.from.module.there(ctx)
	if err != nil {
		return done, err
	}
	if !there {
		return done, fmt.Errorf("there is no grant store at %s", c.from.name)
	}
	if c.source, err = c.from.module.open(ctx, opening{ring: c.ring, logger: zap.NewNop(), moved: true}); err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, c.source.Close()) }()
	was, err := c.source.MovedTo(ctx)
	if err != nil {
		return done, err
	}
	if was.To != "" && was.To != c.to.name {
		return done, was.Refusal(c.from.name)
	}
	c.mark = grant.Moved{To: c.to.name, At: c.now}
	if err := c.source.MarkMoved(c.mark); err != nil {
		return done, err
	}
	if done.Before, err = c.copiedBefore(ctx, was); err == nil {
		if done.Before {
			err = c.compare(ctx, &done)
		} else {
			err = c.fill(ctx, &done)
		}
	}
	switch {
	case errors.Is(err, grant.ErrUncertain):
		err = fmt.Errorf("%w: %s stays marked as moved, so that not both are served: run the same command again, which looks, and goes on", err, c.from.name)
	case err != nil && was.To == "":
		err = errors.Join(err, c.source.UnmarkMoved())
	}
	return done, err
}

// copiedBefore tells whether a copy to there was complete, and the command was ended
// before it could say so.
func (c *storeCopy) copiedBefore(ctx context.Context, was grant.Moved) (bool, error) {
	if was.To == "" {
		return false, nil
	}
	return c.to.module.whole(ctx)
}

// fill makes the new store, which is one only once all of it has been read back.
func (c *storeCopy) fill(ctx context.Context, done *copied) error {
	from, to := inventory.New(c.now), inventory.New(c.now)
	return c.to.module.fill(ctx, c.ring, grant.Filling{
		Feed: func(put func(grant.Record) error) error {
			return c.source.Export(ctx, func(r grant.Record) error {
				if err := from.Add(r); err != nil {
					return err
				}
				return put(r)
			})
		},
		Check: func(export func(func(grant.Record) error) error) error {
			if err := export(func(r grant.Record) error { return errors.Join(ctx.Err(), to.Add(r)) }); err != nil {
				return err
			}
			return done.compare(from, to)
		},
		Last: func(gateway string) grant.KeptEvent {
			detail := map[string]string{"from": c.from.name, "to": c.to.name, "records": strconv.Itoa(done.Records)}
			if found := c.verify(ctx, gateway); found != "" {
				if done.Audit == nil {
					done.Audit = make(map[string]string)
				}
				done.Audit[gateway], detail["audit"] = found, found
			}
			return operated(audit.StoreCopied, gateway, c.now, detail)
		},
	})
}

// verify tells what is wrong with the audit trail of a gateway. The new store ties
// together what it is given, and would find nothing of it any more.
func (c *storeCopy) verify(ctx context.Context, gateway string) string {
	v, err := c.source.Store(gateway).VerifyAudit(ctx, c.now)
	switch {
	case err != nil:
		return "could not be verified: " + err.Error()
	case v.Broken > 0:
		return "was not what was written: " + several(v.Broken, "place")
	}
	return ""
}

// compare looks at a copy of before, which nobody has used since.
func (c *storeCopy) compare(ctx context.Context, done *copied) (err error) {
	target, err := c.to.module.open(ctx, opening{ring: c.ring, logger: zap.NewNop()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	from, to := inventory.New(c.now), inventory.New(c.now)
	for _, side := range []struct {
		db   database
		into *inventory.Inventory
	}{{c.source, from}, {target, to}} {
		err := side.db.Export(ctx, func(r grant.Record) error {
			if r.Event != nil && r.Event.Kind == audit.StoreCopied {
				return nil // that of the copy is in one of them
			}
			return side.into.Add(r)
		})
		if err != nil {
			return err
		}
	}
	if err := done.compare(from, to); err != nil {
		return fmt.Errorf("%s holds another store, or was served since it was copied: name another one, or take that one away: %w", c.to.name, err)
	}
	return nil
}

func (d *copied) compare(from, to *inventory.Inventory) error {
	rows, same := inventory.Compare(from, to, time.Now())
	d.Kinds, d.Records = rows, from.Records()
	if !same {
		return errNotTheSame
	}
	return nil
}

// printKinds prints the comparison.
func (d copied) printKinds(out io.Writer) error {
	rows := [][]string{{"KIND", "RECORDS", "SHA-256", "COPIED", "SHA-256", ""}}
	for _, k := range d.Kinds {
		verdict := "same"
		if !k.Same {
			verdict = "NOT THE SAME"
		}
		rows = append(rows, []string{k.Kind, strconv.Itoa(k.From.Records), k.From.SHA256[:16], strconv.Itoa(k.To.Records), k.To.SHA256[:16], verdict})
	}
	return table(out, rows)
}

func (d copied) print(out io.Writer, asJSON bool, key string) error {
	if asJSON {
		return json.NewEncoder(out).Encode(d)
	}
	if err := d.printKinds(out); err != nil {
		return err
	}
	verb := "copied %s from %s to %s\n"
	if d.Before {
		verb = "%s from %s were copied to %s before, and are the same\n"
	}
	if _, err := fmt.Fprintf(out, verb, several(d.Records, "record"), d.From, d.To); err != nil {
		return err
	}
	for _, gateway := range slices.Sorted(maps.Keys(d.Audit)) {
		if _, err := fmt.Fprintf(out, "Warning: the audit trail of gateway %s %s; an event in the new store says so\n", oneLine(gateway), oneLine(d.Audit[gateway])); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, `next: let the configuration name the new store, with %s, and start Caddy.
The old store is left as it was and does not open any more; keep it until all is well.
`, key)
	return err
}
