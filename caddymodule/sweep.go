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

// sweeper does the work of all gateways that no request stands behind, until
// the configuration ends.
type sweeper struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// startSweeping begins a round at each tick. A tick of soon, of which there may
// be many, looks whether the configuration is in force, until it is.
func (a *App) startSweeping(soon, ticks <-chan time.Time, stop func()) {
	ctx, cancel := context.WithCancel(a.ctx)
	a.sweeper = &sweeper{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(a.sweeper.done)
		defer stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-soon:
				if a.active() {
					soon = nil
					a.observe(ctx)
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
		do      func() error
	}{
		{"sessions could not be kept", func() error { return s.KeepSessions(ctx, up) }},
		{"keys could not be removed from odoo", func() error { return s.RemoveKeys(ctx, up) }},
		{"keys that end soon could not be counted", func() error { return a.countEndingKeys(ctx, name, s) }},
	} {
		err := work.do()
		if err != nil && ctx.Err() == nil && !errors.Is(err, errNotServed) && !errors.Is(err, errNoServer) {
			a.logger.Warn(work.failure, zap.String("gateway", name), zap.Error(err))
		}
	}
}

// countEndingKeys tells the metrics, once all are counted.
func (a *App) countEndingKeys(ctx context.Context, name string, s *served) error {
	counts, done, err := s.CountEndingKeys(ctx)
	if err == nil && done {
		a.metrics.endingKeys(name, counts)
	}
	return err
}
