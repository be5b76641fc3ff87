package gateway

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

const (
	// sweepLooks is how many authorizations one sweep looks at.
	sweepLooks = 2 * grant.MaxPage
	// sweepTouches is how many sessions one sweep touches, one after another.
	sweepTouches = 100
)

// Upward makes calls of Odoo that no request stands behind: use is given the
// way there, valid until it returns. The error is that of use, or says why
// there is no way.
type Upward func(use func(http.RoundTripper) error) error

// KeepSessions asks over sessions whose last answer was lost how they go on, and
// touches idle ones, some at each call: where the last call has stopped, this
// one goes on. One call at a time. It asks Odoo nothing where no session needs
// it, and stops where Odoo does not answer.
func (g *Gateway) KeepSessions(ctx context.Context, up Upward) error {
	s, err := g.open(ctx)
	if err != nil {
		return err
	}
	unsettled, err := s.unsettledSessions(ctx)
	if err != nil {
		return err
	}
	var idle []grant.Authorization
	if s.keepalive {
		if idle, err = s.idleSessions(ctx); err != nil {
			return err
		}
	}
	if len(unsettled)+len(idle) == 0 {
		return nil
	}
	return up(func(rt http.RoundTripper) error {
		rt = s.under(rt, "")
		for _, a := range unsettled {
			if err := s.connections.Settle(ctx, rt, a, connection.UserAgent(s.applications.ByName(a.Application).Title)); noAnswer(err) {
				return err
			}
		}
		for _, a := range idle {
			app := s.applications.ByName(a.Application)
			if app == nil || !s.connections.Idle(a) {
				continue // Odoo has said meanwhile how long sessions live
			}
			err := s.connections.Touch(ctx, rt, a, connection.UserAgent(app.Title))
			if noAnswer(err) {
				return err
			}
			if err != nil {
				s.logger.Debug("session not touched", zap.String("authorization", a.ID), zap.Error(err))
			}
		}
		return nil
	})
}

// unsettledSessions are as many as one sweep asks about.
func (s *service) unsettledSessions(ctx context.Context) ([]grant.Authorization, error) {
	all, err := s.connections.Unsettled(ctx)
	all = slices.DeleteFunc(all, func(a grant.Authorization) bool { return !s.active(a) })
	return all[:min(len(all), sweepTouches)], err
}

// active tells whether the application of an authorization is in use.
func (s *service) active(a grant.Authorization) bool {
	app := s.applications.ByName(a.Application)
	return app != nil && app.Active
}

// idleSessions looks at the next authorizations for sessions to touch, each of
// them once. Those of applications that are archived or gone are left to
// themselves: nothing uses them.
func (s *service) idleSessions(ctx context.Context) ([]grant.Authorization, error) {
	var idle []grant.Authorization
	seen := make(map[string]bool)
	for looked := 0; looked < sweepLooks; {
		page, err := s.store.Authorizations(ctx, grant.AuthorizationQuery{After: s.swept, Limit: grant.MaxPage})
		if err != nil {
			return nil, err
		}
		for _, a := range page {
			if len(idle) == sweepTouches {
				return idle, nil
			}
			s.swept = a.ID
			if s.active(a) && s.connections.Idle(a) && !seen[a.Connection.Hash] {
				seen[a.Connection.Hash] = true
				idle = append(idle, a)
			}
		}
		looked += len(page)
		if len(page) < grant.MaxPage {
			s.swept = "" // the next sweep begins anew
			break
		}
	}
	return idle, nil
}

// noAnswer tells whether it is of no use to go on asking Odoo for now.
func noAnswer(err error) bool {
	var e *odoo.Error
	return errors.As(err, &e) && (e.Kind == odoo.Unavailable || e.Kind == odoo.Canceled)
}
