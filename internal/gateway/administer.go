package gateway

import (
	"context"
	"fmt"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// AuthorizationFilter says which authorizations an administrator means; empty
// fields do not restrict, and all that are set must fit.
type AuthorizationFilter struct {
	// Application is the configured name.
	Application string
	// Subject is the person's sub.
	Subject string
	// Login is the person's login in Odoo as last seen, letter by letter.
	Login string
}

func (f AuthorizationFilter) fits(a grant.Authorization) bool {
	return (f.Application == "" || a.Application == f.Application) &&
		(f.Subject == "" || a.Subject == f.Subject) && (f.Login == "" || a.Login == f.Login)
}

// Authorizations lists up to limit authorizations behind the one with the id
// after, ordered by id; revoked says whether revoked ones are listed too. A
// shorter answer is the last one.
func (g *Gateway) Authorizations(ctx context.Context, f AuthorizationFilter, revoked bool, after string, limit int) ([]grant.Authorization, error) {
	s, err := g.open(ctx)
	if err != nil {
		return nil, err
	}
	limit = grant.Page(limit)
	var found []grant.Authorization
	err = s.eachAuthorization(ctx, f, revoked, after, func(a grant.Authorization) bool {
		found = append(found, a)
		return len(found) < limit
	})
	return found, err
}

// eachAuthorization calls each for the authorizations that fit, until it
// returns false. The store knows no logins, hence pages are sifted here.
func (s *service) eachAuthorization(ctx context.Context, f AuthorizationFilter, revoked bool, after string, each func(grant.Authorization) bool) error {
	q := grant.AuthorizationQuery{Application: f.Application, Subject: f.Subject, Revoked: revoked, After: after, Limit: grant.MaxPage}
	for {
		page, err := s.store.Authorizations(ctx, q)
		if err != nil {
			return fmt.Errorf("listing authorizations: %w", err)
		}
		for _, a := range page {
			if f.fits(a) && !each(a) {
				return nil
			}
		}
		if len(page) < grant.MaxPage {
			return nil
		}
		q.After = page[len(page)-1].ID
	}
}

// RevokeAuthorization revokes one authorization in the name of an
// administrator, and returns it as it was. One that does not exist is
// grant.ErrNotFound; one that is revoked already stays as it is.
func (g *Gateway) RevokeAuthorization(ctx context.Context, id string) (grant.Authorization, error) {
	s, err := g.open(ctx)
	if err != nil {
		return grant.Authorization{}, err
	}
	a, err := s.store.Authorization(ctx, id)
	if err != nil || !a.Live() {
		return a, err
	}
	return a, s.revokeAsAdmin(ctx, a)
}

// RevokeAuthorizations revokes all that fit, in the name of an administrator,
// and returns those that it has revoked as they were: where it fails, those
// before the failure. Once begun it goes on to the end, whether or not anybody
// waits for it.
func (g *Gateway) RevokeAuthorizations(ctx context.Context, f AuthorizationFilter) ([]grant.Authorization, error) {
	ctx = context.WithoutCancel(ctx)
	s, err := g.open(ctx)
	if err != nil {
		return nil, err
	}
	var all []grant.Authorization
	err = s.eachAuthorization(ctx, f, false, "", func(a grant.Authorization) bool {
		all = append(all, a)
		return true
	})
	if err != nil {
		return nil, err
	}
	for i, a := range all {
		if err := s.revokeAsAdmin(ctx, a); err != nil {
			return all[:i], err
		}
	}
	return all, nil
}

func (s *service) revokeAsAdmin(ctx context.Context, a grant.Authorization) error {
	if err := s.store.RevokeAuthorization(ctx, a.ID, s.now()); err != nil {
		return fmt.Errorf("revoking authorization %s: %w", a.ID, err)
	}
	s.audit.Record(ctx, audit.Event{
		Kind: audit.AuthorizationRevoked, Gateway: s.name, Application: a.Application, Subject: a.Subject, Authorization: a.ID,
		Detail: map[string]string{"actor": "admin"},
	})
	return nil
}

// Codes lists the records of codes that are kept for audit, the newest first,
// as grant.Store does.
func (g *Gateway) Codes(ctx context.Context, q grant.CodeQuery) ([]grant.Code, error) {
	s, err := g.open(ctx)
	if err != nil {
		return nil, err
	}
	return s.store.Codes(ctx, q)
}
