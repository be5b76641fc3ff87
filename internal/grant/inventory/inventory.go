// Package inventory counts and digests the records of a store, so that a copy of it
// can be compared with it.
package inventory

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// The kinds of records, in the order in which they are told.
const (
	authorizations = iota
	codes
	tokenSets
	refreshTokens
	signingKeys
	keyRemovals
	objects
	events
	kinds
)

var names = [kinds]string{
	"authorizations", "codes", "token_sets", "refresh_tokens", "signing_keys", "key_removals", "object_histories", "audit_events",
}

// soon is how long before its end an event counts by itself: stores let events go by
// the wall clock, also between two looks. No copy takes that long.
const soon = 24 * time.Hour

// Inventory is of one store at one moment.
type Inventory struct {
	until time.Time // what ends before counts by itself
	sums  [kinds]sum
	// ending are events that end soon, by their digests.
	ending map[[sha256.Size]byte]time.Time
}

// New is empty, and is to be compared with others of the same time.
func New(now time.Time) *Inventory {
	return &Inventory{until: now.Add(soon), ending: make(map[[sha256.Size]byte]time.Time)}
}

// sum is of records in any order: how many, and their digests added up. It tells
// mistakes, and not what somebody has changed on purpose who can choose records.
type sum struct {
	n      int
	digest [4]uint64
}

func (s *sum) add(d [sha256.Size]byte) {
	s.n++
	var carry uint64
	for i := range s.digest {
		s.digest[i], carry = bits.Add64(s.digest[i], binary.LittleEndian.Uint64(d[8*i:]), carry)
	}
}

func (s sum) String() string {
	var b []byte
	for _, part := range s.digest {
		b = binary.LittleEndian.AppendUint64(b, part)
	}
	d := sha256.Sum256(b)
	return hex.EncodeToString(d[:])
}

// options make one form of each record, in which nil and empty are two things.
var options = json.JoinOptions(json.OmitZeroStructFields(true), json.Deterministic(true))

// Add takes a record in.
func (i *Inventory) Add(r grant.Record) error {
	text, err := json.Marshal(r, options)
	if err != nil {
		return fmt.Errorf("a record: %w", err)
	}
	digest := sha256.Sum256(text)
	if r.Event != nil && r.Event.Until.Before(i.until) {
		i.ending[digest] = r.Event.Until
		return nil
	}
	i.sums[kindOf(r)].add(digest)
	return nil
}

func kindOf(r grant.Record) int {
	switch {
	case r.Authorization != nil:
		return authorizations
	case r.Code != nil:
		return codes
	case r.TokenSet != nil:
		return tokenSets
	case r.RefreshToken != nil:
		return refreshTokens
	case r.SigningKey != nil:
		return signingKeys
	case r.KeyRemoval != nil:
		return keyRemovals
	case r.Object != nil:
		return objects
	}
	return events
}

// Records is how many there are.
func (i *Inventory) Records() int {
	n := len(i.ending)
	for _, s := range i.sums {
		n += s.n
	}
	return n
}

// Row compares two inventories in one kind of record.
type Row struct {
	Kind string `json:"kind"`
	From Side   `json:"from"`
	To   Side   `json:"to"`
	Same bool   `json:"same"`
}

// Side is one of the two.
type Side struct {
	Records int `json:"records"`
	// SHA256 is a digest of all records of the kind, in hex.
	SHA256 string `json:"sha256"`
}

// Compare tells whether two inventories are the same, up to events that have come
// to their end by now.
func Compare(from, to *Inventory, now time.Time) (rows []Row, same bool) {
	same = true
	for kind, a := range from.sums {
		b := to.sums[kind]
		rows = append(rows, row(names[kind], a, b, a == b))
		same = same && a == b
	}
	var a, b sum
	fits := true
	for digest, until := range from.ending {
		a.add(digest)
		if _, there := to.ending[digest]; !there && until.After(now) {
			fits = false
		}
	}
	for digest, until := range to.ending {
		b.add(digest)
		if _, there := from.ending[digest]; !there && until.After(now) {
			fits = false
		}
	}
	if a.n+b.n > 0 {
		rows = append(rows, row("audit_events (end within a day)", a, b, fits))
		same = same && fits
	}
	return rows, same
}

func row(kind string, a, b sum, same bool) Row {
	return Row{Kind: kind, From: Side{a.n, a.String()}, To: Side{b.n, b.String()}, Same: same}
}
