package caddymodule

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"
)

// sweepEvery is how often the gateways do what no request waits for.
const sweepEvery = time.Minute

// sinceStart is how long after its start a configuration is looked at whether it
// is in force, and again until it is: Caddy tells nobody.
const sinceStart = 20 * time.Millisecond

// sweeper does the work of all gateways that no request stands behind, until
// the configuration ends.
type sweeper struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// startSweeping begins a round at each tick. A tick of soon, of which there may
// be many, looks whether the configuration is in force, until it is.
func (a *App) startSweeping(soon, ticks <-chan time.Time, stopSoon, stop func()) {
	ctx, cancel := context.WithCancel(a.ctx)
	a.sweeper = &sweeper{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(a.sweeper.done)
		defer stop()
		defer stopSoon()
		for {
			select {
			case <-ctx.Done():
				return
			case <-soon:
				if a.active() {
					soon = nil
					stopSoon()
					if err := a.store.pooled.follow(); err != nil {
						a.logger.Error("the store goes on with the options that it had", zap.Error(err))
					}
					a.observe(ctx)
					a.count(ctx)
				}
			case <-ticks:
				a.sweep(ctx)
			}
		}
	}()
}

// stopSweeping ends a round that is under way, and waits for it.
func (a *App) stopSweeping() {
	if a.sweeper != nil {
		a.sweeper.cancel()
		<-a.sweeper.done
	}
}

// observe has all gateways keep what is new in a configuration that is in
// force. What fails here is tried again when somebody administers.
func (a *App) observe(ctx context.Context) {
	for _, name := range slices.Sorted(maps.Keys(a.gateways)) {
		if err := a.gateways[name].ObserveConfiguration(ctx); err != nil && ctx.Err() == nil {
			a.logger.Error("history of the configuration could not be kept", zap.String("gateway", name), zap.Error(err))
		}
	}
}

// sweep is one round, one gateway after another. Where no server runs nothing
// can be asked, and nothing is lost: the next round finds the same work.
func (a *App) sweep(ctx context.Context) {
	for _, name := range slices.Sorted(maps.Keys(a.gateways)) {
		if ctx.Err() != nil || !a.active() {
			return
		}
		a.sweepGateway(ctx, name, a.gateways[name])
	}
}

func (a *App) sweepGateway(ctx context.Context, name string, s *served) {
	up := func(use func(http.RoundTripper) error) error { return a.withUpstream(ctx, s, use) }
	for _, work := range []struct {
		failure string
		once    bool // by one of the nodes that share the store
		do      func() error
	}{
		{"sessions could not be kept", true, func() error { return s.KeepSessions(ctx, up) }},
		{"keys could not be removed from odoo", true, func() error { return s.RemoveKeys(ctx, up) }},
		{"authorizations could not be counted", false, func() error { return a.takeCensus(ctx, name, s) }},
	} {
		if db := a.store.database(); work.once && db != nil && !db.turn(ctx, "sweep "+name, 2*sweepEvery) {
			continue
		}
		err := work.do()
		if err != nil && ctx.Err() == nil && !errors.Is(err, errNotServed) && !errors.Is(err, errNoServer) {
			a.logger.Warn(work.failure, zap.String("gateway", name), zap.Error(err))
		}
	}
}

// count has all gateways count what they hold, as far as one round goes.
func (a *App) count(ctx context.Context) {
	for _, name := range slices.Sorted(maps.Keys(a.gateways)) {
		if err := a.takeCensus(ctx, name, a.gateways[name]); err != nil && ctx.Err() == nil {
			a.logger.Warn("authorizations could not be counted", zap.String("gateway", name), zap.Error(err))
		}
	}
}

// takeCensus tells the metrics, once all are counted.
func (a *App) takeCensus(ctx context.Context, name string, s *served) error {
	census, done, err := s.TakeCensus(ctx)
	if err == nil && done {
		a.metrics.counted(name, census)
	}
	return err
}
