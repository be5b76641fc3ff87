//go:build linux

package main

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"time"

	"github.com/caddy-odoo/gateway/bench/workers"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// storeRow is how fast codes are redeemed by so many at once, each of them on
// the disk before it counts.
type storeRow struct {
	writers      int
	rate, perCPU []float64 // for each round
}

func (b *bench) redemptionsOf(ctx context.Context) ([]storeRow, error) {
	rows := []storeRow{{writers: 1}, {writers: 16}}
	for round := range b.rounds {
		for i := range rows {
			r := &rows[i]
			// One at a time is as slow as the disk.
			count := b.redemptions * r.writers / 16
			wall, spent, err := redeem(ctx, filepath.Join(b.dir, "store-"+strconv.Itoa(round)+"-"+strconv.Itoa(i)), r.writers, count)
			if err != nil {
				return nil, err
			}
			r.rate = append(r.rate, float64(count)/wall.Seconds())
			r.perCPU = append(r.perCPU, float64(count)/spent.Seconds())
		}
	}
	return rows, nil
}

// redeem redeems codes in a new store.
func redeem(ctx context.Context, dir string, writers, count int) (wall, spent time.Duration, err error) {
	ring, err := seal.NewRing(seal.NewKey())
	if err != nil {
		return 0, 0, err
	}
	db, err := badgerstore.Open(badgerstore.Options{Dir: dir, Seal: ring})
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	s := seeder{store: db.Store("bench"), ring: ring}
	a, err := s.connect(ctx, 0)
	if err != nil {
		return 0, 0, err
	}
	codes := make([]string, count)
	issue := func(i int) error {
		codes[i] = grant.HashToken(grant.NewToken())
		now := time.Now()
		return s.store.IssueCode(ctx, grant.Code{
			Hash: codes[i], Authorization: a.ID, Application: a.Application, RedirectURI: callback, IssuedAt: now, ExpiresAt: now.Add(time.Hour),
		})
	}
	if err := workers.Each(64, count, issue); err != nil {
		return 0, 0, err
	}
	before, err := cpuOf(0)
	if err != nil {
		return 0, 0, err
	}
	start := time.Now()
	err = workers.Each(writers, count, func(i int) error {
		now, id := time.Now(), grant.NewID()
		_, _, err := s.store.RedeemCode(ctx, grant.Redemption{
			Hash: codes[i], Application: a.Application, Now: now, Check: func(grant.Code) error { return nil },
			TokenSet: grant.TokenSet{ID: id, FamilyKey: s.ring.Seal(make([]byte, 32), id), CreatedAt: now},
			Refresh:  grant.RefreshToken{Hash: grant.HashToken(grant.NewToken()), IssuedAt: now},
		})
		return err
	})
	wall = time.Since(start)
	after, clockErr := cpuOf(0)
	return wall, after - before, errors.Join(err, clockErr)
}
