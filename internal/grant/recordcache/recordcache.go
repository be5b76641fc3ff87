// Package recordcache keeps decoded records of a store's hot path in memory.
package recordcache

import (
	"hash/maphash"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Cache is coherent by two rules: a writer, having committed and before it
// returns, drops what it has changed; and a reader may fill in what it read only
// if nothing of the same stripe was dropped since before it began to read. So a
// read that begins after a write has returned never sees what was there before.
// Whoever tells what a write has done before that has returned drops it as well.
//
// Values are shared: who hands one out hands out a copy. It is safe for
// concurrent use.
type Cache[V any] struct {
	mu      sync.Mutex
	entries *simplelru.LRU[string, V]
	seed    maphash.Seed
	drops   [256]uint64
}

// New returns an empty cache of at most so many values, of which there must be one
// at least.
func New[V any](size int) *Cache[V] {
	entries, err := simplelru.NewLRU[string, V](size, nil)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &Cache[V]{entries: entries, seed: maphash.MakeSeed()}
}

func (c *Cache[V]) stripe(key string) *uint64 {
	return &c.drops[maphash.String(c.seed, key)%uint64(len(c.drops))]
}

// Get returns what is cached, or the mark that Fill wants back.
func (c *Cache[V]) Get(key string) (v V, mark uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok = c.entries.Get(key)
	return v, *c.stripe(key), ok
}

// Fill keeps what a reader has read that got this mark.
func (c *Cache[V]) Fill(key string, mark uint64, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *c.stripe(key) == mark {
		c.entries.Add(key, v)
	}
}

// Drop forgets a value, and what readers are about to fill in.
func (c *Cache[V]) Drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*c.stripe(key)++
	c.entries.Remove(key)
}

// Alter has a value that is cached become what edit makes of it, and forgets what
// readers are about to fill in.
func (c *Cache[V]) Alter(key string, edit func(V) V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*c.stripe(key)++
	if v, ok := c.entries.Peek(key); ok {
		c.entries.Add(key, edit(v))
	}
}

// Clear is Drop of everything.
func (c *Cache[V]) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.drops {
		c.drops[i]++
	}
	c.entries.Purge()
}
