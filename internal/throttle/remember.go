package throttle

import (
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/caddy-odoo/gateway/internal/clock"
)

// remember keeps something for so many keys, the most recently seen ones; 0 is
// DefaultKeys.
func remember[V any](keys int) *simplelru.LRU[string, V] {
	if keys <= 0 {
		keys = DefaultKeys
	}
	lru, err := simplelru.NewLRU[string, V](keys, nil)
	if err != nil {
		panic(err) // only for a size below one
	}
	return lru
}

func orSystem(now clock.Clock) clock.Clock {
	if now == nil {
		return clock.System
	}
	return now
}
