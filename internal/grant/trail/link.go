// Package trail is the form in which stores keep the audit trail: the place of an
// event, its text, and the links that tie the events together. It is the same
// in every kind of store, so that a trail that moves from one to another is
// verified there as before.
package trail

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/caddy-odoo/gateway/internal/seal"
)

// Each event of the audit trail carries a link to the one before it, with a code
// that only a holder of the sealing key can make. Whoever changes an event,
// takes one out or puts one in without that key breaks a link. The end of the
// trail stands in a record of its own, so that nobody takes the newest ones away
// either.

// Link stands before an event's text.
type Link struct {
	// Number counts the events of a gateway, from 1.
	Number uint64
	// BeforeUntil is when the event before may go, as of Expiry, and Before its
	// code.
	BeforeUntil uint64
	Before      [sha256.Size]byte
	Code        [sha256.Size]byte
}

const (
	version = 1 // of links and of texts; no JSON begins with it
	// LinkSize is the length of a link in bytes.
	LinkSize = 1 + 8 + 8 + 2*sha256.Size
)

// Encode is the link as it is kept.
func (l Link) Encode() []byte {
	b := make([]byte, 0, LinkSize)
	b = append(b, version)
	b = binary.BigEndian.AppendUint64(b, l.Number)
	b = binary.BigEndian.AppendUint64(b, l.BeforeUntil)
	b = append(b, l.Before[:]...)
	return append(b, l.Code[:]...)
}

// Cut parts a value into link and text; linked is false for those that versions
// before links have written.
func Cut(value []byte) (l Link, text []byte, linked bool) {
	if len(value) < LinkSize || value[0] != version {
		return Link{}, value, false
	}
	b := value[1:]
	l.Number, l.BeforeUntil = binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
	copy(l.Before[:], b[16:])
	copy(l.Code[:], b[16+sha256.Size:])
	return l, value[LinkSize:], true
}

// Expiry is the end of an event's time as links have it: in seconds since 1970,
// and never 0.
func Expiry(until time.Time) uint64 { return uint64(max(until.Unix(), 1)) }

// End is how far the trail of a gateway goes.
type End struct {
	Number uint64 `json:"n"`
	Until  uint64 `json:"u"` // of the newest event, as in Link
	Code   []byte `json:"c"`
}

// Chain makes and checks the links of one gateway's trail.
type Chain struct {
	ring *seal.Ring
	// gateway is its name, escaped so that no name reaches into another's.
	gateway string
	key     []byte
}

// NewChain returns that of the gateway with this configured name.
func NewChain(ring *seal.Ring, gateway string) Chain {
	c := Chain{ring: ring, gateway: url.PathEscape(gateway) + "/"}
	c.key = ring.Derive("audit trail\x00" + c.gateway)
	return c
}

// Next is the value of the next event, at a place that Place has made, and the
// end behind it.
func (c Chain) Next(e End, place string, until time.Time, text []byte) ([]byte, End) {
	l := Link{Number: e.Number + 1, BeforeUntil: e.Until}
	copy(l.Before[:], e.Code)
	expires := Expiry(until)
	l.Code = c.Code(l, place, expires, text)
	return append(l.Encode(), text...), End{Number: l.Number, Until: expires, Code: l.Code[:]}
}

// Code is that of an event, whatever stands as one in l.
func (c Chain) Code(l Link, place string, until uint64, text []byte) (code [sha256.Size]byte) {
	l.Code = code
	key := c.gateway + "v/" + place
	m := hmac.New(sha256.New, c.key)
	m.Write(l.Encode())
	m.Write(binary.BigEndian.AppendUint64(nil, until))
	m.Write(binary.BigEndian.AppendUint64(nil, uint64(len(key))))
	m.Write([]byte(key))
	m.Write(text)
	m.Sum(code[:0])
	return code
}

// Later is the end behind the newest event that there is, where the record of the
// end, if any, is behind it: a crash may have come between the two. Where there
// are events and no record, somebody has taken it away, and maybe the newest
// events with it: the trail then goes on behind a gap. kept says that there is
// an end.
func (c Chain) Later(e End, recorded bool, place string, until uint64, value []byte) (_ End, kept bool) {
	l, text, linked := Cut(value)
	if !linked || l.Number <= e.Number || c.Code(l, place, until, text) != l.Code {
		return e, recorded
	}
	if !recorded {
		return End{Number: l.Number + 1, Until: until}, true
	}
	return End{Number: l.Number, Until: until, Code: l.Code[:]}, true
}

// SealEnd is the record of an end.
func (c Chain) SealEnd(e End) []byte {
	text, err := json.Marshal(e)
	if err != nil {
		panic(err) // numbers and bytes
	}
	return c.ring.Seal(append([]byte{version}, text...), c.associated())
}

// OpenEnd reads the record of an end.
func (c Chain) OpenEnd(sealed []byte) (e End, err error) {
	plain, err := c.ring.Open(sealed, c.associated())
	if err != nil {
		return e, err
	}
	if len(plain) == 0 || plain[0] != version {
		return e, errors.New("the end of the audit trail has an unknown layout")
	}
	return e, json.Unmarshal(plain[1:], &e)
}

func (c Chain) associated() string { return "audit trail end\x00" + c.gateway }
