package badgerstore

import (
	"hash/maphash"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// cache keeps decoded records of the hot path. It is coherent by two rules: a
// writer, having committed and before it returns, drops what it has changed;
// and a reader may fill in what it read only if nothing of the same stripe was
// dropped since before it began to read. So a read that begins after a write
// has returned never sees what was there before. Whoever tells what a write has
// done before that has returned drops it as well: see store.seeTokenSet.
type cache[V any] struct {
	mu      sync.Mutex
	entries *simplelru.LRU[string, V]
	seed    maphash.Seed
	drops   [256]uint64
}

func newCache[V any](size int) *cache[V] {
	entries, err := simplelru.NewLRU[string, V](size, nil)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &cache[V]{entries: entries, seed: maphash.MakeSeed()}
}

func (c *cache[V]) stripe(key string) *uint64 {
	return &c.drops[maphash.String(c.seed, key)%uint64(len(c.drops))]
}

// get returns what is cached, or the mark that fill wants back.
func (c *cache[V]) get(key string) (v V, mark uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok = c.entries.Get(key)
	return v, *c.stripe(key), ok
}

func (c *cache[V]) fill(key string, mark uint64, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *c.stripe(key) == mark {
		c.entries.Add(key, v)
	}
}

func (c *cache[V]) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*c.stripe(key)++
	c.entries.Remove(key)
}
