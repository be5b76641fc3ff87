//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant/pgstore"
)

// revocationsSeen measures how long a token is taken by another node after its
// authorization was revoked, while nothing else happens and while a node works.
func (b *bench) revocationsSeen(ctx context.Context) (err error) {
	fmt.Fprintf(b.out, "\n| a revocation is seen by another node | median | p99 | longest |\n|---|---|---|---|\n")
	var stores []*pgstore.DB
	defer func() {
		for _, db := range stores {
			err = errors.Join(err, db.Close())
		}
	}()
	for range 2 {
		db, err := pgstore.Open(ctx, pgstore.Options{DSN: b.server.DSN(), Seal: b.ring})
		if err != nil {
			return err
		}
		stores = append(stores, db)
	}
	for _, busy := range []bool{false, true} {
		says := "while nothing else happens"
		stop := func() error { return nil }
		if busy {
			says = "while another node refreshes as fast as it can"
			if stop, err = b.work(ctx); err != nil {
				return err
			}
		}
		times, failed := b.seenTimes(ctx, stores[0], stores[1], says)
		if err := errors.Join(failed, stop()); err != nil {
			return err
		}
		fmt.Fprintf(b.out, "| %d, %s | %s | %s | %s |\n", len(times), says, short(part(times, 50)), short(part(times, 99)), short(slices.Max(times)))
	}
	return nil
}

// work has a node refresh until it is stopped.
func (b *bench) work(ctx context.Context) (stop func() error, err error) {
	n, err := b.startNode("works", b.server.DSN())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	begun := make(chan error, 1)
	go func() {
		_, err := n.do(job{Call: "refresh", Clients: b.clients, Length: 10 * time.Millisecond})
		for begun <- err; ctx.Err() == nil && err == nil; {
			_, err = n.do(job{Call: "refresh", Clients: b.clients, Length: 100 * time.Millisecond})
		}
		ended <- err
	}()
	return func() error { cancel(); return errors.Join(<-ended, n.stop()) }, <-begun
}

func (b *bench) seenTimes(ctx context.Context, here, there *pgstore.DB, name string) (times []time.Duration, err error) {
	one, other := people{store: here.Store("erp"), ring: b.ring, node: name}, there.Store("erp")
	for i := range b.seen {
		g, err := one.connect(ctx, i)
		if err != nil {
			return nil, err
		}
		if set, err := other.TokenSet(ctx, g.set); err != nil || !set.Live() {
			return nil, fmt.Errorf("the other node has %+v: %w", set, err)
		}
		if err := one.store.RevokeAuthorization(ctx, g.authorization, time.Now()); err != nil {
			return nil, err
		}
		for began := time.Now(); ; time.Sleep(100 * time.Microsecond) {
			set, err := other.TokenSet(ctx, g.set)
			if err != nil {
				return nil, err
			}
			if !set.Live() {
				times = append(times, time.Since(began))
				break
			}
		}
	}
	return times, nil
}
