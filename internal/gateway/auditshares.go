package gateway

import (
	"net/netip"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/throttle"
)

// Refusals can be made as often as somebody likes, and must fill no disk. So many
// of them are kept in the store at once, and one more in each time.
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
	// moreLogged is how many times as many the logger gets, and as often.
	moreLogged = 100
)

// shares are what each application and each network may leave in the store, or
// so many times as much.
type shares struct {
	times        int
	applications map[string]*rate.Limiter // of configured names
	strangers    *rate.Limiter
	networks     *simplelru.LRU[string, *rate.Limiter]
}

func newShares(times int) *shares {
	networks, err := simplelru.NewLRU[string, *rate.Limiter](keptNetworks, nil)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &shares{
		times: times, applications: make(map[string]*rate.Limiter), networks: networks,
		strangers: share(keptRefusals, keptRefusalEvery, times),
	}
}

// share allows so many at once, and one more in each time, times as much.
func share(burst int, every time.Duration, times int) *rate.Limiter {
	return rate.NewLimiter(rate.Every(every/time.Duration(times)), burst*times)
}

// cheap are the kinds of events that somebody can make at will.
var cheap = map[audit.Kind]bool{
	audit.ClientAuthFailed: true, audit.ClientLockedOut: true, audit.RequestRefused: true, audit.RequestFailed: true,
	audit.StoreFailed: true, audit.RateLimited: true, audit.SchemeDenied: true,
}

// isCheap adds the replay of a code that ended nothing: who has seen one that was
// used can send it again as often as they like.
func isCheap(e audit.Event) bool {
	return cheap[e.Kind] || e.Kind == audit.CodeReplay && e.TokenSet == ""
}

// keep tells whether an event is to be kept.
func (s *shares) keep(e audit.Event) bool {
	switch {
	case !isCheap(e):
		return true
	case e.Application == "" || e.Subject == "" && ofStrangers(e.Kind):
		return s.ofNetwork(e).AllowN(e.Time, 1) && s.strangers.AllowN(e.Time, 1)
	}
	l := s.applications[e.Application]
	if l == nil {
		l = share(keptRefusals, keptRefusalEvery, s.times)
		s.applications[e.Application] = l
	}
	return l.AllowN(e.Time, 1)
}

// ofStrangers tells whether an event of a kind may be made by somebody who knows
// no more of an application than its id.
func ofStrangers(k audit.Kind) bool {
	return k == audit.ClientAuthFailed || k == audit.ClientLockedOut || k == audit.RequestRefused || k == audit.RequestFailed || k == audit.StoreFailed || k == audit.CodeReplay
}

func (s *shares) ofNetwork(e audit.Event) *rate.Limiter {
	addr, _ := netip.ParseAddr(e.Address)
	key := throttle.ClientKey("", addr)
	l, ok := s.networks.Get(key)
	if !ok {
		l = share(keptOfNetwork, keptOfNetworkEvery, s.times)
		s.networks.Add(key, l)
	}
	return l
}
