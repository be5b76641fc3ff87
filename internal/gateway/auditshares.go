package gateway

import (
	"net/netip"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/throttle"
)

// Refusals can be made as often as somebody likes. So many of them are kept in
// the store at once, and one more in each time; the logger gets them all.
const (
	// keptRefusals and keptRefusalEvery are for each application, of what has
	// come with its tokens or its id, and for all strangers together.
	keptRefusals     = 1000
	keptRefusalEvery = 10 * time.Second
	// keptOfNetwork and keptOfNetworkEvery are for each network that strangers
	// come from: none of them leaves the others no room.
	keptOfNetwork      = 100
	keptOfNetworkEvery = 2 * time.Minute
	// keptNetworks is how many networks are remembered.
	keptNetworks = 1024
)

// shares are what each application and each network may leave in the store.
type shares struct {
	applications map[string]*rate.Limiter // of configured names
	strangers    *rate.Limiter
	networks     *simplelru.LRU[string, *rate.Limiter]
}

func newShares() *shares {
	networks, err := simplelru.NewLRU[string, *rate.Limiter](keptNetworks, nil)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &shares{applications: make(map[string]*rate.Limiter), strangers: newShare(), networks: networks}
}

func newShare() *rate.Limiter { return rate.NewLimiter(rate.Every(keptRefusalEvery), keptRefusals) }

// cheap are the kinds of events that somebody can make at will.
var cheap = map[audit.Kind]bool{
	audit.ClientAuthFailed: true, audit.ClientLockedOut: true, audit.RequestRefused: true, audit.RequestFailed: true,
	audit.StoreFailed: true, audit.RateLimited: true, audit.SchemeDenied: true,
}

// keep tells whether an event is to be kept.
func (s *shares) keep(e audit.Event) bool {
	switch {
	case !cheap[e.Kind]:
		return true
	case e.Application == "" || e.Subject == "" && ofStrangers(e.Kind):
		return s.ofNetwork(e).AllowN(e.Time, 1) && s.strangers.AllowN(e.Time, 1)
	}
	l := s.applications[e.Application]
	if l == nil {
		l = newShare()
		s.applications[e.Application] = l
	}
	return l.AllowN(e.Time, 1)
}

// ofStrangers tells whether an event of a kind may be made by somebody who knows
// no more of an application than its id.
func ofStrangers(k audit.Kind) bool {
	return k == audit.ClientAuthFailed || k == audit.ClientLockedOut || k == audit.RequestRefused || k == audit.RequestFailed || k == audit.StoreFailed
}

func (s *shares) ofNetwork(e audit.Event) *rate.Limiter {
	addr, _ := netip.ParseAddr(e.Address)
	key := throttle.ClientKey("", addr)
	l, ok := s.networks.Get(key)
	if !ok {
		l = rate.NewLimiter(rate.Every(keptOfNetworkEvery), keptOfNetwork)
		s.networks.Add(key, l)
	}
	return l
}
