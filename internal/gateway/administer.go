package gateway

import (
	"context"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/audit"
)

// Administration is the desk of an administrator, whom the caller has let in.
func (g *Gateway) Administration(ctx context.Context, a administration.Actor) (*administration.Desk, error) {
	s, err := g.open(ctx)
	if err != nil {
		return nil, err
	}
	return s.desk(ctx, a), nil
}

// desk sees to it that the history holds what is configured now: whoever
// administers a configuration proves that it is in force.
func (s *service) desk(ctx context.Context, a administration.Actor) *administration.Desk {
	if err := s.observe(audit.Beside(context.WithoutCancel(ctx))); err != nil {
		s.logger.Error("history of the configuration could not be kept", zap.String("gateway", s.name), zap.Error(err))
	}
	return administration.New(administration.Config{
		Gateway: s.name, Applications: s.applications, Schemes: s.described.Schemes, Configurations: s.described.Configurations,
		Guide: s.guide, Store: s.store, Audit: s.audit, Now: s.now,
	}, a)
}

// ObserveConfiguration keeps what is new in a configuration that is in force
// now, once: one that is only tried out must not call it.
func (g *Gateway) ObserveConfiguration(ctx context.Context) error {
	s, err := g.open(ctx)
	if err != nil {
		return err
	}
	return s.observe(ctx)
}

func (s *service) observe(ctx context.Context) error {
	s.observing.Lock()
	defer s.observing.Unlock()
	if s.observed {
		return nil
	}
	err := administration.Observe(ctx, administration.Observation{
		Gateway: s.name, Objects: s.described.Objects, By: s.described.ChangedBy, ByProcess: s.described.ByProcess,
		Store: s.store, Seal: s.seal, Audit: s.audit, Now: s.now(),
	})
	s.observed = err == nil
	return err
}
