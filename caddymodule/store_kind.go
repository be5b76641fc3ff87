package caddymodule

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/doctor"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// storeKind is what differs between the kinds of stores before one is open.
type storeKind interface {
	// keyFile is where the sealing key is kept that no configuration names; "" where
	// one has to.
	keyFile() string
	// exists tells whether a store was made beside keyFile.
	exists() bool
	// there tells whether there is a store, and makes none.
	there(ctx context.Context) (bool, error)
	// remote tells whether the store is reached over a network: it may be away at a
	// start, and other nodes may use it.
	remote() bool
	// whole is like there, and false for the remains of a copy that was interrupted.
	whole(ctx context.Context) (bool, error)
	// open opens the store, or makes it. It gives grant.ErrUnavailable where the store
	// is out of reach.
	open(ctx context.Context, o opening) (database, error)
	// fill makes a store where there is none: see badgerstore.Import.
	fill(ctx context.Context, ring *seal.Ring, with grant.Filling) error
}

// opening is how a store is opened.
type opening struct {
	ring   *seal.Ring
	logger *zap.Logger
	// moved opens it although it was moved into another one.
	moved bool
}

// database is an open store.
type database interface {
	Store(gateway string) grant.Store
	Export(ctx context.Context, each func(grant.Record) error) error
	Purge(ctx context.Context, now time.Time) (int, error)
	Close() error
	// MovedTo tells into which store this one was moved, MarkMoved notes that, so that
	// it opens no more, and UnmarkMoved takes it back. Both fail while somebody else
	// has the store open.
	MovedTo(ctx context.Context) (grant.Moved, error)
	MarkMoved(grant.Moved) error
	UnmarkMoved() error
	// adopt takes what another configuration of the same store says.
	adopt(Store) error
	// stats tells how the store is doing; open is false once it is closed.
	stats() (s storeStats, open bool)
	// examine tells whether it can go on.
	examine(ctx context.Context, name string) doctor.Finding
	// peers are the other nodes that share the store; nil where there can be none.
	peers() oauth.Peers
	// turn tells whether this process is the one to do what one does for all that
	// share the store, for so long.
	turn(ctx context.Context, what string, d time.Duration) bool
}

// storeStats is how a store is doing.
type storeStats struct {
	remote   bool
	bytes    int64
	free     uint64 // on its disk, where that is one of this machine
	writable bool
	failures uint64
}
