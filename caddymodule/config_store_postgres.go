package caddymodule

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/grant/pgstore"
)

func init() {
	caddy.RegisterModule(PostgresStore{})
}

// PostgresStore keeps grants in a PostgreSQL database, which any number of Caddys
// share. `seal_key` has to be set, and to be the same in all of them.
type PostgresStore struct {
	// The connection string, as a URL or as keywords and values. Required.
	// Placeholders `{env.NAME}` and `{file./path}` are resolved; it is logged
	// nowhere.
	DSN string `json:"dsn,omitempty"`

	// The schema of the tables, made where it is missing: small letters, digits
	// and `_`. Default: `odoo_gateway`.
	Schema string `json:"schema,omitempty"`

	// How long access tokens go on while the database is out of reach, by what is
	// known of them. What was revoked elsewhere meanwhile is accepted that long;
	// then the answer is 503. 1 second to 1 hour. Default: `30s`.
	Staleness caddy.Duration `json:"staleness,omitempty"`

	// How long what has ended is kept: revoked authorizations, token sets that
	// were ended or whose refresh token has expired, with their codes, and
	// refresh tokens that were replaced. A stolen refresh token that comes back
	// is recognized that long. 1 day to 10 years. Default: `30d`.
	Retention caddy.Duration `json:"retention,omitempty"`

	dsn  string
	name string
}

// CaddyModule returns the Caddy module information.
func (PostgresStore) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  storeNamespace + ".postgres",
		New: func() caddy.Module { return new(PostgresStore) },
	}
}

// maxStaleness is as long as nobody should be able to go on who was shut out.
const maxStaleness = time.Hour

// Provision resolves the connection string. It connects to nothing.
func (s *PostgresStore) Provision(caddy.Context) error {
	if err := checkRetention(s.Retention); err != nil {
		return err
	}
	switch d := time.Duration(s.Staleness); {
	case d == 0:
	case d < time.Second:
		return errors.New("staleness: is less than a second")
	case d > maxStaleness:
		return errors.New("staleness: is more than an hour")
	}
	if s.DSN == "" {
		return errors.New("dsn: is required")
	}
	var err error
	if s.dsn, err = resolve(s.DSN, caddy.NewReplacer()); err != nil {
		return fmt.Errorf("dsn: %w", err)
	}
	if s.name, err = pgstore.Check(s.dsn, s.schema()); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	return nil
}

func (s *PostgresStore) schema() string { return cmp.Or(s.Schema, pgstore.DefaultSchema) }

// Name implements Store. It is the schema, the database and its hosts.
func (s *PostgresStore) Name() (string, error) { return s.name, nil }

// Kept implements Store.
func (s *PostgresStore) Kept() time.Duration {
	return cmp.Or(time.Duration(s.Retention), pgstore.DefaultRetention)
}

// Interface guards
var (
	_ Store             = (*PostgresStore)(nil)
	_ caddy.Provisioner = (*PostgresStore)(nil)
)
