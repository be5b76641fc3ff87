//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/caddy-odoo/gateway/bench/workers"
	"github.com/caddy-odoo/gateway/internal/grant/pgstore"
)

// row is what so many nodes cost that hear of so many changes.
type row struct {
	nodes, rate int
	// revoked and refreshed are done by one more node, which is not measured.
	revoked, refreshed              int
	took                            time.Duration
	notifications, statements, sent int64
	server                          time.Duration
}

// changes measures what nodes that do nothing but hear of changes get and ask,
// and says beside it what is to be expected: each change is told to each node, and
// a node looks at the changes when it is told of one, or twice a second.
func (b *bench) changes(ctx context.Context) error {
	fmt.Fprintf(b.out, "\n| nodes that listen | revocations a second | refreshes a second | notifications a second, measured (expected) | looks a second, measured (expected at most) | kB a second, both ways | the server's processor time |\n|---|---|---|---|---|---|---|\n")
	for _, nodes := range b.traffic {
		rows, err := b.changesOf(ctx, nodes)
		if err != nil {
			return fmt.Errorf("%d nodes: %w", nodes, err)
		}
		for _, r := range rows {
			a := func(n int64) float64 { return float64(n) / r.took.Seconds() }
			fmt.Fprintf(b.out, "| %d | %.0f | %.0f | %.0f (%.0f) | %.0f (%.0f) | %.1f | %.1f %% |\n", r.nodes, a(int64(r.revoked)), a(int64(r.refreshed)),
				a(r.notifications), a(int64(r.told())), a(r.statements), a(int64(r.looks())), a(r.sent)/1000, 100*r.server.Seconds()/r.took.Seconds())
		}
	}
	return nil
}

// told is how many notifications are to be expected.
func (r row) told() int { return r.nodes * r.revoked }

// looks is how many looks at the changes are to be expected at most: several
// changes may be seen by one.
func (r row) looks() int {
	polls := int(r.took/pgstore.DefaultPollEvery) + 1
	return r.nodes * (r.revoked + polls)
}

func (b *bench) changesOf(ctx context.Context, nodes int) (rows []row, err error) {
	m, err := newMeter(b.server)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	var stores []*pgstore.DB
	defer func() {
		for _, db := range stores {
			err = errors.Join(err, db.Close())
		}
	}()
	for range nodes {
		db, err := pgstore.Open(ctx, pgstore.Options{DSN: m.dsn(), Seal: b.ring})
		if err != nil {
			return nil, err
		}
		stores = append(stores, db)
	}
	acting, err := pgstore.Open(ctx, pgstore.Options{DSN: b.server.DSN(), Seal: b.ring})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, acting.Close()) }()
	p := people{store: acting.Store("erp"), ring: b.ring, node: fmt.Sprintf("traffic for %d", nodes)}
	for _, rate := range b.rates {
		r, err := b.hear(ctx, m, p, row{nodes: nodes, rate: rate})
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// hear has one node revoke and refresh at their rates, and counts what the others
// get of that.
func (b *bench) hear(ctx context.Context, m *meter, p people, r row) (row, error) {
	revocations := max(1, int(b.length.Seconds()*float64(r.rate)))
	refreshes := max(1, int(b.length.Seconds()*float64(b.refresh)))
	all := make([]grants, revocations+1)
	if err := workers.Each(8, len(all), func(i int) (err error) {
		all[i], err = p.connect(ctx, r.rate*1_000_000+i)
		return err
	}); err != nil {
		return r, err
	}
	refreshed := &all[revocations]
	m.settle()
	notifications, statements, sent := m.notifications.Load(), m.statements.Load(), m.bytes.Load()
	before, err := serverCPU(b.server)
	if err != nil {
		return r, err
	}
	began := time.Now()
	err = workers.Each(2, 2, func(i int) error {
		if i == 0 {
			return paced(ctx, revocations, b.length, func(i int) error { return p.store.RevokeAuthorization(ctx, all[i].authorization, time.Now()) })
		}
		return paced(ctx, refreshes, b.length, func(int) error { return p.rotate(ctx, refreshed) })
	})
	if err != nil {
		return r, err
	}
	r.revoked, r.refreshed = revocations, refreshes
	// The last ones are on their way.
	for end := time.Now().Add(10 * time.Second); m.notifications.Load()-notifications < int64(r.told()) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	after, err := serverCPU(b.server)
	r.took, r.server = time.Since(began), after-before
	r.notifications, r.statements, r.sent = m.notifications.Load()-notifications, m.statements.Load()-statements, m.bytes.Load()-sent
	return r, err
}

// paced does something so often, at even distances in that time.
func paced(ctx context.Context, count int, in time.Duration, do func(int) error) error {
	began := time.Now()
	for i := range count {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Until(began.Add(in * time.Duration(i) / time.Duration(count)))):
		}
		if err := do(i); err != nil {
			return err
		}
	}
	return nil
}
