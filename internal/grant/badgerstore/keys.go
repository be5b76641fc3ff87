package badgerstore

import (
	"fmt"
	"math"
	"net/url"
	"strings"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/stored"
)

// Every key is <gateway>/<kind>/<rest>. The gateway's name is path-escaped, so
// that no name reaches into another's keys; keys of the store itself start
// with a byte that no escaped name has.
const (
	formatKey = "\x00format"
	canaryKey = "\x00canary"
)

// The kinds of keys. Records hold the truth. Index keys have no value: what
// they lead to is judged by its record, so a lost or left-over one does no
// harm.
const (
	kindAuthorization = "a" // <id>: record
	kindCode          = "c" // <hash>: record
	kindTokenSet      = "t" // <id>: record
	kindRefresh       = "r" // <hash>: record
	kindSigningKey    = "j" // <id>: record
	kindUsed          = "l" // <authorization id>: last use and how many
	kindLive          = "k" // <hash of Authorization.Key>: id of the latest one
	kindKeysVersion   = "f" // "": changes with every change of signing keys
	kindSubject       = "u" // <hash of subject>/<id>: index of live ones
	kindSession       = "s" // <hash of session hash>/<id>: index
	kindListed        = "i" // <hash of what lists it>/<id>: index of live ones
	kindListedEver    = "e" // <hash of what lists it>/<id>: index, revoked ones too
	kindAuditCode     = "d" // <hash of what lists it>/<newest first>/<hash>: index
	kindKeyRemoval    = "o" // <id>: record
	kindRemovalsOf    = "p" // <hash of subject>/<id>: index
	kindAudit         = "v" // <newest first>-<id>: event, with a time to live
	kindAuditEnd      = "w" // "": how far the trail of events goes, sealed
	kindObject        = "h" // <kind>:<name>: record
	kindSetsOf        = "g" // <hash of authorization id>/<newest first>/<id>: index
)

// What lists a record: the values of the indexes above.
const listAll = "all"

func listApplication(name string) string { return "application " + name }

func listSubject(subject string) string { return "subject " + subject }

func listAuthorization(id string) string { return "authorization " + id }

// keyspace builds the keys of one gateway.
type keyspace string

func newKeyspace(gateway string) keyspace {
	return keyspace(url.PathEscape(gateway) + "/")
}

func (s keyspace) key(kind, rest string) []byte {
	return []byte(string(s) + kind + "/" + rest)
}

func (s keyspace) live(key string) []byte {
	return s.key(kindLive, grant.HashToken(key))
}

// index is a key that leads from a value to a record's id. The value may be
// any text, so its hash stands for it.
func (s keyspace) index(kind, value, id string) []byte {
	return s.key(kind, grant.HashToken(value)[:32]+"/"+id)
}

// newestFirst is an index key's end that sorts the later before the earlier.
func newestFirst(at time.Time, id string) string {
	return fmt.Sprintf("%016x/%s", uint64(math.MaxInt64-int64(stored.StampOf(at))), id)
}

// lastPart is what stands behind the last slash: the id in an index key.
// Ids are base64url and have none.
func lastPart(key []byte) string {
	s := string(key)
	return s[strings.LastIndexByte(s, '/')+1:]
}
