package connection

import (
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
)

const (
	// tableSize bounds each list of a Table. An entry that is pushed out
	// costs a person one login.
	tableSize = 20_000
	// servedGrace is how long a browser that was given the current id may
	// still present the previous one: requests under way at that moment.
	// It is also Odoo's own grace.
	servedGrace = 120 * time.Second
)

// Table remembers which browsers hold a session id that a call of the
// gateway's own has rotated away. It is kept in memory, bounded, and shared by
// the managers of successive configurations. It is safe for concurrent use.
//
// An entry is found by the SHA-256 of the whole previous id and by nothing
// less: Odoo shows the first characters of an id to administrators. It ends
// 120 seconds after the browser was first given the current id, when the
// browser's own cookie has expired, or at logout. An id that the browser
// itself has left is never accepted again.
type Table struct {
	now clock.Clock

	mu sync.Mutex
	// previous finds entries by the hash of the previous id.
	previous *simplelru.LRU[string, *entry]
	// current finds the keys of entries by the hash of their current id.
	current map[string]map[string]bool
	// leftIDs are hashes of ids that a browser was seen to leave.
	leftIDs *simplelru.LRU[string, struct{}]
	// seen is when a browser was last noted to present an id, by its hash.
	seen *simplelru.LRU[string, time.Time]
	// checked is whose a session was when somebody last looked, by its hash.
	checked *simplelru.LRU[string, checked]
	// verdicts are who may connect, by credential and group.
	verdicts *simplelru.LRU[string, judgement]
	// unsettled are sessions whose answers were lost, by hash, and since when.
	unsettled *simplelru.LRU[string, time.Time]
}

type entry struct {
	cookie http.Cookie // the current id with Odoo's attributes
	hash   string      // of the current id
	ends   time.Time
	served bool
}

// NewTable returns an empty table. A nil clock is the wall clock.
func NewTable(now clock.Clock) *Table {
	if now == nil {
		now = clock.System
	}
	t := &Table{now: now, current: make(map[string]map[string]bool)}
	// The constructors fail for sizes below one alone.
	t.previous, _ = simplelru.NewLRU(tableSize, func(key string, e *entry) { t.unlink(key, e.hash) })
	t.leftIDs, _ = simplelru.NewLRU[string, struct{}](tableSize, nil)
	t.seen, _ = simplelru.NewLRU[string, time.Time](tableSize, nil)
	t.checked, _ = simplelru.NewLRU[string, checked](tableSize, nil)
	t.verdicts, _ = simplelru.NewLRU[string, judgement](tableSize, nil)
	t.unsettled, _ = simplelru.NewLRU[string, time.Time](tableSize, nil)
	return t
}

// rotated notes that a call of the gateway's own has rotated id; cookie is
// what Odoo has set.
func (t *Table) rotated(id string, cookie *http.Cookie) {
	from, to := grant.HashToken(id), grant.HashToken(cookie.Value)
	t.mu.Lock()
	defer t.mu.Unlock()
	// A browser that was never given id holds the one before, or one before
	// that: its entry moves on and id needs none of its own.
	unserved := false
	for key := range t.current[from] {
		e, _ := t.previous.Peek(key)
		unserved = unserved || !e.served
	}
	t.move(from, to, cookie)
	if unserved || t.leftIDs.Contains(from) || t.previous.Contains(from) {
		return
	}
	e := &entry{cookie: *cookie, hash: to, ends: t.now().Add(lifetime(cookie))}
	t.previous.Add(from, e)
	t.link(from, to)
}

// lifetime is how long a browser keeps a cookie.
func lifetime(cookie *http.Cookie) time.Duration {
	if cookie.MaxAge > 0 {
		return time.Duration(cookie.MaxAge) * time.Second
	}
	return servedGrace
}

// left notes that a browser has been given cookie by Odoo itself in exchange
// for id.
func (t *Table) left(id string, cookie *http.Cookie) {
	from, to := grant.HashToken(id), grant.HashToken(cookie.Value)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.leftIDs.Add(from, struct{}{})
	t.previous.Remove(from)
	t.move(from, to, cookie)
}

// ended drops every entry that leads to or from the id with this hash.
func (t *Table) ended(hash string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.previous.Remove(hash)
	for key := range t.current[hash] {
		t.previous.Remove(key)
	}
}

// serve returns the cookie for a browser that presents id, or nil.
func (t *Table) serve(id string) *http.Cookie {
	key := grant.HashToken(id)
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.previous.Get(key)
	if !ok {
		return nil
	}
	now := t.now()
	if !now.Before(e.ends) {
		t.previous.Remove(key)
		return nil
	}
	if !e.served {
		e.served = true
		if grace := now.Add(servedGrace); grace.Before(e.ends) {
			e.ends = grace
		}
	}
	cookie := e.cookie
	return &cookie
}

// firstSight tells whether the id with this hash was not seen for d, and notes
// that it is now.
func (t *Table) firstSight(hash string, d time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if last, ok := t.seen.Get(hash); ok && now.Sub(last) < d {
		return false
	}
	t.seen.Add(hash, now)
	return true
}

// move makes the entries that lead to one current id lead to the next.
func (t *Table) move(from, to string, cookie *http.Cookie) {
	for key := range t.current[from] {
		e, _ := t.previous.Peek(key)
		e.cookie, e.hash = *cookie, to
		t.link(key, to)
	}
	delete(t.current, from)
}

func (t *Table) link(key, hash string) {
	if t.current[hash] == nil {
		t.current[hash] = make(map[string]bool)
	}
	t.current[hash][key] = true
}

func (t *Table) unlink(key, hash string) {
	delete(t.current[hash], key)
	if len(t.current[hash]) == 0 {
		delete(t.current, hash)
	}
}
