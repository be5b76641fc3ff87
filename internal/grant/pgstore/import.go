package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/trail"
)

// Import makes a store. The schema must be missing or empty. All of it is one
// transaction: where it fails, or the machine does, there is nothing. Where the answer
// to the commit is lost it looks whether there is, and its error is grant.ErrUncertain
// where that can not be told.
//
// It asks the records for nothing but what they are: who feeds it has to know
// where they come from.
func Import(ctx context.Context, o Options, with grant.Filling) error {
	if o.Seal == nil {
		return errors.New("grant store: a sealing key is required")
	}
	o.defaults()
	config, err := parse(o.DSN, o.Schema)
	if err != nil {
		return err
	}
	name := place(config.ConnConfig, o.Schema)
	failed := func(err error) error { return fmt.Errorf("grant store %s: %w", name, err) }
	// Between two batches somebody may have to read for a while.
	config.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "0"
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return failed(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	tx, err := conn.Begin(ctx)
	if err != nil {
		return failed(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // of no effect after the commit
	epoch, err := vacant(ctx, tx, o, name)
	if err != nil {
		return unlessRefused(err, failed)
	}
	f := filler{ctx: ctx, tx: tx, options: o, newest: make(map[string]string), ends: make(map[string]trail.End)}
	if err := with.Feed(f.put); err != nil {
		return err
	}
	if err := f.send(); err != nil {
		return failed(err)
	}
	if with.Check != nil {
		if err := with.Check(func(each func(grant.Record) error) error { return records(ctx, tx, each) }); err != nil {
			return err
		}
	}
	if err := f.finish(with.Last); err != nil {
		return failed(err)
	}
	if err := tx.Commit(ctx); err != nil {
		made, unknown := committed(context.WithoutCancel(ctx), config.ConnConfig, o.Schema, name, epoch)
		switch {
		case unknown != nil:
			return failed(fmt.Errorf("%w: %w; %w", grant.ErrUncertain, err, unknown))
		case !made:
			return failed(err)
		}
	}
	return nil
}

// committed tells whether the store with that epoch is there, over a connection of
// its own.
func committed(ctx context.Context, c *pgx.ConnConfig, schema, name, epoch string) (there bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return false, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var found string
	for range maxTries {
		if found, err = wouldLive(ctx, conn, schema, name); !raced(err) {
			break
		}
	}
	return err == nil && found == epoch, err
}

// wouldLive is the epoch of a store, as one finds it that begins to make it: that
// waits for a transaction that is still under way, where looking would not. It
// changes nothing.
func wouldLive(ctx context.Context, conn *pgx.Conn, schema, name string) (epoch string, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if err := makeRoom(ctx, tx, schema, name); err != nil {
		return "", err
	}
	epoch, _, _, err = life(ctx, tx)
	return epoch, err
}

// vacant makes the tables where there is no store yet.
func vacant(ctx context.Context, tx pgx.Tx, o Options, name string) (epoch string, err error) {
	err = makeRoom(ctx, tx, o.Schema, name)
	if raced(err) {
		return "", refusal(fmt.Sprintf("grant store %s is being made by another process", name))
	}
	if err != nil {
		return "", err
	}
	epoch, layout, err := raise(ctx, tx, o.Seal, name)
	if err != nil || layout == 0 {
		return epoch, err
	}
	if used, err := usedBy(ctx, tx, "", name); used != nil || err != nil {
		return "", errors.Join(used, err)
	}
	return "", refusal(fmt.Sprintf("grant store %s is not empty: name another schema, or drop this one", name))
}

// unlessRefused leaves an error as it is that names the store already.
func unlessRefused(err error, failed func(error) error) error {
	if _, refused := errors.AsType[refusal](err); refused {
		return err
	}
	return failed(err)
}

// filler writes records in batches.
type filler struct {
	ctx     context.Context
	tx      pgx.Tx
	options Options
	batch   pgx.Batch
	// newest is the place of the newest event of each gateway, and ends how far the
	// audit trails go.
	newest map[string]string
	ends   map[string]trail.End
}

const fillAtOnce = 500

func (f *filler) put(r grant.Record) error {
	if err := r.Validate(); err != nil {
		return err
	}
	s := &store{gateway: r.Gateway}
	f.newest[r.Gateway] += ""
	switch {
	case r.Authorization != nil:
		a := *r.Authorization
		f.queue(insertAuthorization, s.authorizationValues(a))
		if !a.LastUsedAt.IsZero() || a.Uses != 0 {
			f.queue(`INSERT INTO uses (gateway, authorization_id, last_used_at, count) VALUES ($1, $2, $3, $4)`, []any{r.Gateway, a.ID, at(a.LastUsedAt), a.Uses})
		}
	case r.Code != nil:
		f.queue(insertCode, s.codeValues(*r.Code))
	case r.TokenSet != nil:
		f.queue(insertTokenSet, s.tokenSetValues(*r.TokenSet))
	case r.RefreshToken != nil:
		f.queue(insertRefresh, s.refreshValues(*r.RefreshToken))
	case r.SigningKey != nil:
		f.queue(putSigningKey, s.signingKeyValues(*r.SigningKey))
	case r.KeyRemoval != nil:
		f.queue(insertKeyRemoval, s.keyRemovalValues(*r.KeyRemoval))
	case r.Object != nil:
		f.queue(putObject, s.objectValues(*r.Object))
	case r.Event != nil:
		if err := f.event(r.Gateway, *r.Event); err != nil {
			return err
		}
	}
	if f.batch.Len() >= fillAtOnce {
		return f.send()
	}
	return nil
}

func (f *filler) queue(sql string, values []any) { f.batch.Queue(sql, values...) }

const insertEvent = `INSERT INTO audit_events (gateway, place, until, value) VALUES ($1, $2, $3, $4)`

func (f *filler) event(gateway string, e grant.KeptEvent) error {
	if !trail.IsPlace(e.ID) {
		return errors.New("an event of the audit trail has no place in it")
	}
	if len(e.Link) != 0 && len(e.Link) != trail.LinkSize {
		return errors.New("an event of the audit trail has a malformed link")
	}
	text, until := trail.EncodeEvent(e.Event), trail.Expiry(e.Until)
	value := append(slices.Clip(e.Link), text...)
	f.queue(insertEvent, []any{gateway, e.ID, int64(until), value})
	if was := f.newest[gateway]; was == "" || e.ID < was {
		f.newest[gateway] = e.ID
	}
	// Records come in any order: the end is that of the latest.
	l, _, linked := trail.Cut(value)
	if linked && l.Number > f.ends[gateway].Number && trail.NewChain(f.options.Seal, gateway).Code(l, e.ID, until, text) == l.Code {
		f.ends[gateway] = trail.End{Number: l.Number, Until: until, Code: l.Code[:]}
	}
	return nil
}

// finish writes the last events, and how far the audit
// trails go.
func (f *filler) finish(last func(gateway string) grant.KeptEvent) error {
	for gateway, newest := range f.newest {
		if last == nil {
			break
		}
		e := last(gateway)
		at := e.Time
		if before := trail.PlaceTime(newest); newest != "" && !at.After(before) {
			at = before.Add(time.Microsecond)
		}
		place := trail.Place(at)
		value, end := trail.NewChain(f.options.Seal, gateway).Next(f.ends[gateway], place, e.Until, trail.EncodeEvent(e.Event))
		f.queue(insertEvent, []any{gateway, place, int64(trail.Expiry(e.Until)), value})
		f.ends[gateway] = end
	}
	for gateway, e := range f.ends {
		f.queue(`INSERT INTO audit_ends (gateway, sealed) VALUES ($1, $2)`, []any{gateway, trail.NewChain(f.options.Seal, gateway).SealEnd(e)})
	}
	return f.send()
}

// send writes a batch. A record of an id that is there already is refused.
func (f *filler) send() error {
	n := f.batch.Len()
	results := f.tx.SendBatch(f.ctx, &f.batch)
	for range n {
		done, err := results.Exec()
		if err == nil && done.RowsAffected() != 1 {
			err = errors.New("two records have the same id, or two live authorizations are of one person and one application")
		}
		if err != nil {
			return errors.Join(err, results.Close())
		}
	}
	f.batch = pgx.Batch{}
	return results.Close()
}
