package gateway

import (
	"cmp"
	"net/http"
	"time"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/throttle"
)

// Nobody can be kept from sending bad tokens, and each takes its time of the
// processor. An application that goes on with one that has expired, or somebody
// who tries, is answered later and later, and brings no more over the connections
// that it has. Whoever has a good token waits for nobody.
const (
	// refusedAtOnce are answered at once, for each network: as many as pages full
	// of macros make for a dozen people whose tokens have expired.
	refusedAtOnce = 500
	// refusedEvery earns one more: a hundred a second take 2 % of a core.
	refusedEvery = 10 * time.Millisecond
	// timesTogether is how many times as much there is for all networks together.
	timesTogether = 2
	// longestHeldUp is shorter than any client waits for an answer.
	longestHeldUp = 2 * time.Second
	// mostHeldUp are held up at the same time. Each keeps some kilobytes beside
	// what its connection takes anyway.
	mostHeldUp = 4096
)

// holdup has those wait whose token was refused.
type holdup interface {
	Wait(network string)
}

func newHoldup(now clock.Clock) holdup {
	return throttle.NewPace(throttle.PaceConfig{
		Each:     throttle.Earned{Burst: refusedAtOnce, Every: refusedEvery},
		Together: throttle.Earned{Burst: refusedAtOnce * timesTogether, Every: refusedEvery / timesTogether},
		Longest:  longestHeldUp, Waiting: mostHeldUp, Now: now,
	})
}

// holdUp returns when a request without a good token may be told so. A client that
// has left, or seems to, is held up like others: half of a connection is enough to
// be answered, and a stream that is given up makes room for the next.
func (g *Gateway) holdUp(r *http.Request) {
	start := g.config.Now()
	addr := g.config.ClientAddr(r)
	// An IPv6 site has 65,536 networks of its own.
	g.config.State.limits.refused.Wait(cmp.Or(throttle.SiteKey("", addr), throttle.ClientKey("", addr)))
	held := g.config.Now().Sub(start)
	note(r.Context(), func(t *trace) { t.held += held })
}
