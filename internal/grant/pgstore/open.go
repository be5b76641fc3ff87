package pgstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// Open opens the store, and makes it where the schema is missing or has the layout
// of an earlier version. It gives grant.ErrUnavailable where nobody answers; any
// other error is one of the configuration: it changes nothing where the sealing
// key is not the one the store was made with, where a newer version has written it,
// and where it was moved into another one.
func Open(ctx context.Context, o Options) (*DB, error) {
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	db, err := prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	background, stop := context.WithCancel(context.Background())
	db.stop = stop
	f := &feed{db: db}
	conn, at, err := f.begin(ctx)
	if err != nil {
		db.pool.Close()
		stop()
		return nil, fmt.Errorf("%w: grant store %s: %w", grant.ErrUnavailable, db.place, err)
	}
	db.reach.met(at)
	db.done.Go(func() { f.follow(background, conn) })
	db.done.Go(func() { db.background(background) })
	db.done.Go(func() { db.telling(background) })
	db.done.Go(func() { db.beating(background) })
	db.done.Go(func() { db.measuring(background) })
	return db, nil
}

// prepare connects, and makes the schema what this version knows.
func prepare(ctx context.Context, o Options) (*DB, error) {
	if o.Seal == nil {
		return nil, errors.New("grant store: a sealing key is required")
	}
	o.defaults()
	config, err := parse(o.DSN, o.Schema)
	if err != nil {
		return nil, err
	}
	db := &DB{
		opts: o, log: o.Logger, place: place(config.ConnConfig, o.Schema), node: grant.NewID(),
		stores: make(map[string]*store), full: make(chan struct{}, 1), peers: newPeers(),
	}
	db.credentials.Store(config.ConnConfig)
	config.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) error {
		now := db.credentials.Load()
		c.User, c.Password, c.TLSConfig = now.User, now.Password, now.TLSConfig
		return nil
	}
	db.SetRetention(o.Retention)
	db.SetStaleness(o.Staleness)
	if db.epoch, err = db.admit(ctx, config.ConnConfig); err != nil {
		return nil, err
	}
	if db.pool, err = pgxpool.NewWithConfig(context.Background(), config); err != nil {
		return nil, fmt.Errorf("grant store %s: %w", db.place, err)
	}
	return db, nil
}

// admit checks the schema over a connection of its own.
func (db *DB) admit(ctx context.Context, c *pgx.ConnConfig) (epoch string, err error) {
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return "", fmt.Errorf("%w: grant store %s: %w", grant.ErrUnavailable, db.place, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	epoch, err = found(ctx, conn, db.opts, db.place, db.node)
	if _, refused := errors.AsType[refusal](err); refused || errors.Is(err, grant.ErrMoved) {
		return "", err
	}
	if err != nil {
		if broken(err) || ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", grant.ErrUnavailable, err)
		}
		return "", fmt.Errorf("grant store %s: %w", db.place, err)
	}
	return epoch, nil
}

// errDSN tells nothing of what was given.
var errDSN = errors.New("is no PostgreSQL connection string, as in postgres://user:password@host/database")

// schemaName is what a schema may be called: it is the name of a channel, too.
var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// Check tells whether a DSN and the name of a schema can be used, and names the
// store: two configurations with the same name mean the same one. It connects to
// nothing.
func Check(dsn, schema string) (name string, err error) {
	config, err := parse(dsn, schema)
	if err != nil {
		return "", err
	}
	return place(config.ConnConfig, schema), nil
}

func parse(dsn, schema string) (*pgxpool.Config, error) {
	if !schemaName.MatchString(schema) || strings.HasPrefix(schema, "pg_") {
		return nil, errors.New("schema: a name has small letters, digits and _, and does not begin with a digit or pg_")
	}
	if strings.TrimSpace(dsn) == "" {
		return nil, errDSN
	}
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errDSN // the error quotes it
	}
	if !strings.Contains(dsn, "pool_max_conns") {
		config.MaxConns = defaultConnections
	}
	c := config.ConnConfig
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = contactTime
	}
	c.RuntimeParams["search_path"] = schema
	c.RuntimeParams["idle_in_transaction_session_timeout"] = abandonedTime
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "odoo-gateway"
	}
	if c.ValidateConnect == nil { // of several hosts the one that takes writes
		c.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	c.AfterConnect = durable
	return config, nil
}

// durable makes a commit one that is on the disk, where somebody has set for the
// whole server or database that it need not be. What is stricter stays.
func durable(ctx context.Context, c *pgconn.PgConn) error {
	r := c.ExecParams(ctx, `SELECT current_setting('synchronous_commit', true)`, nil, nil, nil, nil).Read()
	if r.Err != nil {
		return r.Err
	}
	if len(r.Rows) == 1 && string(r.Rows[0][0]) == "off" {
		return c.ExecParams(ctx, `SET synchronous_commit = on`, nil, nil, nil, nil).Read().Err
	}
	return nil
}

// place names a store in messages: the schema, the database and its hosts.
func place(c *pgx.ConnConfig, schema string) string {
	hosts := []string{address(c.Host, c.Port)}
	for _, f := range c.Fallbacks {
		if a := address(f.Host, f.Port); a != hosts[len(hosts)-1] { // with and without TLS
			hosts = append(hosts, a)
		}
	}
	return schema + " of database " + c.Database + " at " + strings.Join(hosts, ",")
}

func address(host string, port uint16) string { return net.JoinHostPort(host, strconv.Itoa(int(port))) }

// SetCredentials takes user, password and TLS of another DSN of the same store for
// connections from now on.
func (db *DB) SetCredentials(dsn string) error {
	config, err := parse(dsn, db.opts.Schema)
	if err != nil {
		return err
	}
	db.credentials.Store(config.ConnConfig)
	return nil
}

// SetRetention changes how long what has ended stays; see Options.Retention. It
// counts from the next purge on.
func (db *DB) SetRetention(d time.Duration) {
	if d <= 0 {
		d = DefaultRetention
	}
	db.retention.Store(int64(d))
}

// SetStaleness changes Options.Staleness.
func (db *DB) SetStaleness(d time.Duration) {
	if d <= 0 {
		d = DefaultStaleness
	}
	db.staleness.Store(int64(d))
}
