package application

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/caddy-odoo/gateway/internal/clock"
)

// slowAge is how long a slow comparison that has succeeded is remembered:
// clients that refresh in bursts pay once, and what is kept in memory proves
// nothing for long.
const slowAge = time.Minute

// slowHash compares with a hash that is made to be slow, and remembers the one
// text that matched. Failures are not remembered: whoever guesses has no end
// of texts, and is throttled before the comparison.
type slowHash struct {
	compare func(plain string) bool
	now     clock.Clock
	key     [32]byte

	mu    sync.Mutex
	mac   [sha256.Size]byte // of the text that matched, under key
	until time.Time
}

func newSlowHash(compare func(string) bool) *slowHash {
	h := &slowHash{compare: compare, now: clock.System}
	_, _ = rand.Read(h.key[:]) // never fails (crypto/rand)
	return h
}

// sum is what of a presented secret may stay in memory: without the key, which
// is this process's own, nobody can try secrets on it.
func (h *slowHash) sum(plain string) (out [sha256.Size]byte) {
	mac := hmac.New(sha256.New, h.key[:])
	mac.Write([]byte(plain))
	mac.Sum(out[:0])
	return out
}

func (h *slowHash) known(plain string) bool {
	sum := h.sum(plain)
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now().Before(h.until) && hmac.Equal(sum[:], h.mac[:])
}

func (h *slowHash) matches(plain string) bool {
	if h.known(plain) {
		return true
	}
	if !h.compare(plain) {
		return false
	}
	sum := h.sum(plain)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mac, h.until = sum, h.now().Add(slowAge)
	return true
}
