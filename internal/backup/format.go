// Package backup writes the records of a store into a file and reads them back.
//
// A backup is lines of JSON: a head, one line for each record, and an end that
// counts them. The end has two sums of all before it: a SHA-256, by which
// everybody can tell whether the file is whole, and an HMAC under a key derived
// from the sealing key, so that whoever can write to where backups lie, and has
// no key, can not add a grant to one or take a revocation out.
//
// Signing keys are left out: whoever restores a backup gets new ones, and access
// tokens of before are refused.
package backup

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"hash"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/seal"
)

const (
	format  = "odoo-gateway-backup"
	version = 1
	// maxLine is the longest line, in bytes. The longest record, the history of
	// an object, has a hundred changes.
	maxLine = 4 << 20
	// keyUse is what the key of the HMAC is derived for.
	keyUse = "backup"
	// canary is what the head holds sealed, to tell a wrong key from damage.
	canary = "odoo-gateway backup"
)

// Errors of reading. They are compared with errors.Is; what is wrapped around
// them says what is wrong where.
var (
	// ErrDamaged: it is no whole backup.
	ErrDamaged = errors.New("the backup is damaged or incomplete")
	// ErrKey: another sealing key has made it.
	ErrKey = errors.New("the backup is sealed with another key")
	// ErrVersion: a newer version has made it.
	ErrVersion = errors.New("the backup was made by a newer version of the gateway")
)

// Summary is what a backup holds.
type Summary struct {
	MadeAt  time.Time `json:"made_at"`
	Records int       `json:"records"`
	// Authorizations are those that live.
	Authorizations int `json:"authorizations"`
	// SHA256 is that of all lines before the end, in hex.
	SHA256 string `json:"sha256"`
}

func (s *Summary) count(r grant.Record) {
	s.Records++
	if r.Authorization != nil && r.Authorization.Live() {
		s.Authorizations++
	}
}

// line is one line of a backup: one of them is set.
type line struct {
	Head   *head
	Record *grant.Record
	End    *end
}

type head struct {
	Format  string
	Version int
	MadeAt  time.Time
	Canary  []byte
}

type end struct {
	Records int
	SHA256  []byte
	HMAC    []byte
}

// options make lines that have one form only, and refuse what is not known:
// a field that is not understood must not be lost.
var options = json.JoinOptions(json.OmitZeroStructFields(true), json.RejectUnknownMembers(true), json.Deterministic(true))

// sums are those of the lines so far.
type sums struct {
	plain hash.Hash
	keyed hash.Hash // nil without a key
}

func newSums(ring *seal.Ring) sums {
	s := sums{plain: sha256.New()}
	if ring != nil {
		s.keyed = hmac.New(sha256.New, ring.Derive(keyUse))
	}
	return s
}

func (s sums) add(line []byte) {
	s.plain.Write(line)
	if s.keyed != nil {
		s.keyed.Write(line)
	}
}
