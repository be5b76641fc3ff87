package caddymodule

import (
	"context"
	"fmt"
	"time"

	"github.com/caddy-odoo/gateway/internal/doctor"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/pgstore"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// keyFile is none: a file of one machine would not be that of the others.
func (s *PostgresStore) keyFile() string { return "" }

func (s *PostgresStore) exists() bool { return false }

func (s *PostgresStore) remote() bool { return true }

func (s *PostgresStore) there(ctx context.Context) (bool, error) {
	return pgstore.Exists(ctx, pgstore.Options{DSN: s.dsn, Schema: s.schema()})
}

// whole is there: a transaction has made it.
func (s *PostgresStore) whole(ctx context.Context) (bool, error) { return s.there(ctx) }

func (s *PostgresStore) open(ctx context.Context, o opening) (database, error) {
	db, err := pgstore.Open(ctx, pgstore.Options{
		DSN: s.dsn, Schema: s.schema(), Seal: o.ring, Logger: o.logger, Retention: s.Kept(), Staleness: time.Duration(s.Staleness), Moved: o.moved,
	})
	if err != nil {
		return nil, err
	}
	return postgresDatabase{db}, nil
}

func (s *PostgresStore) fill(ctx context.Context, ring *seal.Ring, with grant.Filling) error {
	return pgstore.Import(ctx, pgstore.Options{DSN: s.dsn, Schema: s.schema(), Seal: ring}, with)
}

type postgresDatabase struct{ *pgstore.DB }

func (db postgresDatabase) adopt(s Store) error {
	p := s.(*PostgresStore) // a store of another kind has another name
	db.SetRetention(p.Kept())
	db.SetStaleness(time.Duration(p.Staleness))
	return db.SetCredentials(p.dsn)
}

func (db postgresDatabase) stats() (storeStats, bool) {
	s, open := db.Stats()
	return storeStats{remote: true, bytes: s.Bytes, writable: s.Reached, failures: s.Failures}, open
}

func (db postgresDatabase) examine(_ context.Context, name string) doctor.Finding {
	s, _ := db.Stats()
	f := doctor.Finding{Part: "database", Status: doctor.OK, Text: fmt.Sprintf("is in reach: %s, %d of %d connections are open", name, s.Connections, s.MaxConnections)}
	if !s.Reached {
		f.Status, f.Text = doctor.Problem, "is out of reach: "+name
		f.Advice = "look whether the server runs, and whether this machine gets to it: what is known of access tokens ends soon"
	}
	return f
}

// turn is nobody's while the store is out of reach.
func (db postgresDatabase) turn(ctx context.Context, what string, d time.Duration) bool {
	mine, err := db.TakeTurn(ctx, what, d)
	return err == nil && mine
}

func (db postgresDatabase) peers() oauth.Peers { return db.DB }

// Interface guards
var _ database = postgresDatabase{}
