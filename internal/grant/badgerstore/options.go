// Package badgerstore keeps grants in Badger: one directory, one process,
// every write on disk before it counts.
//
// # What stays, and for how long
//
// Revoked and ended are values, and no missing keys. What lives is never
// deleted: an authorization that was not revoked, and a token set that may be
// refreshed, however long ago it was used. With it stay its consumed code, which
// a replay is recognized by, and its newest refresh token. What has ended stays
// for Options.Retention, for those who look into what was; after that [DB.Purge]
// deletes
//
//   - revoked authorizations, with all that is of them;
//   - token sets that were ended, or whose last refresh token has expired, and
//     their codes and refresh tokens;
//   - rotated refresh tokens, as long after their rotation;
//   - codes that were not redeemed;
//   - codes with RetainUntil from that time on instead; where the token set
//     still lives they only leave the listing;
//   - token sets without refresh tokens, once their last access token has ended;
//   - API keys to remove, of gateways that are no more, after the key's end.
//
// No access token lives as long as the least retention, a day, so that none
// outlives what says of it that it has ended. All of these are refused whether they are still there or not, so that a
// deletion that were lost could bring nothing back. No grant carries a time to
// live in Badger; events of the audit trail do, which decide nothing.
//
// What is lost with an old rotated refresh token is its recognition: who
// presents it later than the retention is refused as if it had never been, and
// the token set lives on. Where the token was stolen and the thief has rotated
// it since, the owner's coming back ends the thief's tokens within that
// time only; later it takes somebody who revokes. Without that bound a client
// that refreshes every few minutes would fill the disk.
//
// # Time
//
// The store never judges by its own clock: callers pass the time, and records
// keep it to the microsecond. Where the wall clock is set back, codes and
// refresh tokens live longer by as much, and nothing that is consumed, rotated
// or ended changes. The store's own clock only paces its batches.
package badgerstore

import (
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// Defaults of [Options].
const (
	// DefaultRetention is 30 days.
	DefaultRetention      = 30 * 24 * time.Hour
	DefaultFreeSpaceFloor = 64 << 20
	DefaultCacheEntries   = 8192
	DefaultFlushEvery     = 30 * time.Second
	DefaultSweepEvery     = 6 * time.Hour
	DefaultAttestEvery    = time.Second
)

// Options is what [Open] needs. Dir and Seal are required, zero fields of the
// rest take the defaults.
type Options struct {
	// Dir is the store's directory, made with mode 0700 where it is missing.
	Dir string
	// Seal proves itself on the store's canary: a ring that can not open it
	// fails Open.
	Seal *seal.Ring
	// Moved opens a store all the same that was moved into another one: see
	// [DB.MarkMoved].
	Moved bool
	// Logger takes Badger's messages and the store's own; nil discards.
	Logger *zap.Logger
	// Now is the clock by which [DB.Purge] runs; nil is the wall clock.
	Now clock.Clock
	// Retention is how long what has ended stays (default 30 days). It may be
	// changed later by [DB.SetRetention].
	Retention time.Duration
	// FreeSpaceFloor is how many bytes must be free on the disk for new grants
	// (default 64 MiB). Below it what creates grants returns
	// grant.ErrUnavailable, while reading and revoking go on. Below half of it
	// nothing is written any more, and no store is opened: Badger dies on a full
	// disk.
	FreeSpaceFloor uint64
	// FreeSpace tells how many bytes are free for dir; nil asks the system.
	FreeSpace func(dir string) (uint64, error)
	// CacheEntries bounds how many authorizations, and how many token sets,
	// are kept decoded in memory per gateway (default 8192 each).
	CacheEntries int
	// FlushEvery is how often last-used times are written (default 30 s), and
	// SweepEvery how often purge and value log collection run (default 6 h).
	FlushEvery time.Duration
	SweepEvery time.Duration
	// AttestEvery is how often at most it is noted, in a file beside Badger's, how
	// far the logs were written (default 1 s): what was written by then can not
	// be taken away without the next start saying so.
	AttestEvery time.Duration
}

func (o *Options) defaults() {
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Now == nil {
		o.Now = clock.System
	}
	if o.FreeSpaceFloor == 0 {
		o.FreeSpaceFloor = DefaultFreeSpaceFloor
	}
	if o.FreeSpace == nil {
		o.FreeSpace = freeSpace
	}
	if o.CacheEntries <= 0 {
		o.CacheEntries = DefaultCacheEntries
	}
	if o.FlushEvery <= 0 {
		o.FlushEvery = DefaultFlushEvery
	}
	if o.SweepEvery <= 0 {
		o.SweepEvery = DefaultSweepEvery
	}
	if o.AttestEvery <= 0 {
		o.AttestEvery = DefaultAttestEvery
	}
}

// badgerOptions shrinks a database made for terabytes to one of megabytes.
func badgerOptions(o Options) badger.Options {
	return badger.DefaultOptions(o.Dir).
		// A spent code or a revocation must survive the power cut after it.
		WithSyncWrites(true).
		// Grants are a few hundred bytes each and come by the thousand a second
		// at most: two tables of 4 MiB in memory (default: five of 64) take that,
		// and hold one transaction of 600 kB, a hundred times our largest. Tables
		// and first level on disk shrink with them: merging them is what needs
		// memory, 100 MB more with the defaults at 100,000 authorizations.
		WithMemTableSize(4 << 20).
		WithNumMemtables(2).
		WithNumCompactors(2).
		WithBaseTableSize(1 << 20).
		WithBaseLevelSize(4 << 20).
		// Without compression Badger reads blocks from the mapped file, where
		// the page cache of the system serves, and needs no block cache of its
		// own (default: 256 MiB). Sealed values do not compress anyway.
		WithCompression(options.None).
		WithBlockCacheSize(0).
		// All records are smaller than this: they stay in the tables, and the
		// value log, mapped at twice its size, stays empty.
		WithValueThreshold(64 << 10).
		WithValueLogFileSize(16 << 20).
		// A flipped bit must become an error and not another grant.
		WithChecksumVerificationMode(options.OnTableAndBlockRead).
		WithMetricsEnabled(false).
		WithLogger(badgerLogger{o.Logger.Named("badger").Sugar()})
}
