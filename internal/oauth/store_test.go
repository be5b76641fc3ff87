package oauth

import (
	"context"
	"sync"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// faultyStore fails where it is told to.
type faultyStore struct {
	grant.Store
	mu    sync.Mutex
	fail  map[string]error
	child string // what Rotate says it has stored
}

func (s *faultyStore) set(method string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail[method] = err
}

func (s *faultyStore) err(method string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fail[method]
}

func (s *faultyStore) Consent(ctx context.Context, a grant.Authorization) (grant.Authorization, error) {
	if err := s.err("Consent"); err != nil {
		return grant.Authorization{}, err
	}
	return s.Store.Consent(ctx, a)
}

func (s *faultyStore) FindAuthorization(ctx context.Context, application, subject, uri string) (grant.Authorization, error) {
	if err := s.err("FindAuthorization"); err != nil {
		return grant.Authorization{}, err
	}
	return s.Store.FindAuthorization(ctx, application, subject, uri)
}

func (s *faultyStore) UpdateConnection(ctx context.Context, id, from string, to grant.Connection) error {
	if err := s.err("UpdateConnection"); err != nil {
		return err
	}
	return s.Store.UpdateConnection(ctx, id, from, to)
}

func (s *faultyStore) KeyRemovals(ctx context.Context, q grant.KeyRemovalQuery) ([]grant.KeyRemoval, error) {
	if err := s.err("KeyRemovals"); err != nil {
		return nil, err
	}
	return s.Store.KeyRemovals(ctx, q)
}

func (s *faultyStore) IssueCode(ctx context.Context, c grant.Code) error {
	if err := s.err("IssueCode"); err != nil {
		return err
	}
	return s.Store.IssueCode(ctx, c)
}

func (s *faultyStore) RedeemCode(ctx context.Context, r grant.Redemption) (grant.TokenSet, grant.Authorization, error) {
	if err := s.err("RedeemCode"); err != nil {
		return grant.TokenSet{}, grant.Authorization{}, err
	}
	return s.Store.RedeemCode(ctx, r)
}

func (s *faultyStore) IssueTokenSet(ctx context.Context, t grant.TokenSet) error {
	if err := s.err("IssueTokenSet"); err != nil {
		return err
	}
	return s.Store.IssueTokenSet(ctx, t)
}

func (s *faultyStore) RefreshToken(ctx context.Context, hash string) (grant.RefreshToken, grant.TokenSet, error) {
	if err := s.err("RefreshToken"); err != nil {
		return grant.RefreshToken{}, grant.TokenSet{}, err
	}
	return s.Store.RefreshToken(ctx, hash)
}

func (s *faultyStore) Rotate(ctx context.Context, r grant.Rotation) (grant.RefreshToken, error) {
	if err := s.err("Rotate"); err != nil {
		return grant.RefreshToken{}, err
	}
	stored, err := s.Store.Rotate(ctx, r)
	if s.child != "" {
		stored.Hash = s.child
	}
	return stored, err
}

func (s *faultyStore) TokenSet(ctx context.Context, id string) (grant.TokenSet, error) {
	if err := s.err("TokenSet"); err != nil {
		return grant.TokenSet{}, err
	}
	return s.Store.TokenSet(ctx, id)
}

func (s *faultyStore) Authorization(ctx context.Context, id string) (grant.Authorization, error) {
	if err := s.err("Authorization"); err != nil {
		return grant.Authorization{}, err
	}
	return s.Store.Authorization(ctx, id)
}

func (s *faultyStore) EndTokenSet(ctx context.Context, id, reason string, now time.Time) error {
	if err := s.err("EndTokenSet"); err != nil {
		return err
	}
	return s.Store.EndTokenSet(ctx, id, reason, now)
}

func (s *faultyStore) AuthorizationsBySubject(ctx context.Context, subject string) ([]grant.Authorization, error) {
	if err := s.err("AuthorizationsBySubject"); err != nil {
		return nil, err
	}
	return s.Store.AuthorizationsBySubject(ctx, subject)
}

func (s *faultyStore) RevokeAuthorization(ctx context.Context, id string, now time.Time) error {
	if err := s.err("RevokeAuthorization"); err != nil {
		return err
	}
	return s.Store.RevokeAuthorization(ctx, id, now)
}

func (s *faultyStore) TokenSets(ctx context.Context, id string) ([]grant.TokenSet, error) {
	if err := s.err("TokenSets"); err != nil {
		return nil, err
	}
	return s.Store.TokenSets(ctx, id)
}
