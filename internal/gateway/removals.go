package gateway

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
)

const (
	// removalEnd is how long Odoo is asked to remove a key; then the sealed
	// copy is wiped and the key left to the person.
	removalEnd = 24 * time.Hour
	// removalWait is the wait after the first try; each next one is twice as
	// long, up to removalMost.
	removalWait = time.Minute
	removalMost = time.Hour
	// leftFor is how long people are told of a key that is left to them, where
	// it has no end of its own.
	leftFor = 365 * 24 * time.Hour
	// removalTries is how many keys Odoo is asked about in one sweep.
	removalTries = 100
)

// RemoveKeys has Odoo remove API keys that no connection holds any more, some
// at each call: where the last call has stopped, this one goes on. One call at
// a time. It asks Odoo nothing where no removal is due, and stops where Odoo
// does not answer.
func (g *Gateway) RemoveKeys(ctx context.Context, up Upward) error {
	s, err := g.open(ctx)
	if err != nil {
		return err
	}
	due, err := s.dueRemovals(ctx)
	if err != nil || len(due) == 0 {
		return err
	}
	return up(func(rt http.RoundTripper) error {
		rt = s.under(rt, "")
		for _, k := range due {
			if err := s.removeKey(ctx, rt, k); err != nil {
				return err
			}
		}
		return nil
	})
}

// dueRemovals looks at the next removals for those to try now. What has come to
// its end on the way needs no Odoo.
func (s *service) dueRemovals(ctx context.Context) ([]grant.KeyRemoval, error) {
	var due []grant.KeyRemoval
	for looked := 0; looked < sweepLooks; {
		page, err := s.store.KeyRemovals(ctx, grant.KeyRemovalQuery{After: s.removed, Limit: grant.MaxPage})
		if err != nil {
			return nil, err
		}
		now := s.now()
		for _, k := range page {
			if len(due) == removalTries {
				return due, nil
			}
			s.removed = k.ID
			switch {
			case !k.KeyEndsAt.IsZero() && !now.Before(k.KeyEndsAt), k.Left() && now.Sub(k.LeftAt) >= leftFor:
				err = s.store.DropKeyRemoval(ctx, k.ID)
			case k.Left():
			case now.Sub(k.CreatedAt) >= removalEnd:
				err = s.leaveKey(ctx, k, "no_answer")
			case !now.Before(k.NextTryAt):
				due = append(due, k)
			}
			if err != nil {
				return nil, err
			}
		}
		looked += len(page)
		if len(page) < grant.MaxPage {
			s.removed = "" // the next sweep begins anew
			break
		}
	}
	return due, nil
}

// removeKey tries one removal. The error says that it is of no use to go on
// with others for now.
func (s *service) removeKey(ctx context.Context, rt http.RoundTripper, k grant.KeyRemoval) error {
	unused, err := s.keyUnused(ctx, k)
	if err != nil {
		return err
	}
	if !unused {
		k.KeyID = 0
	}
	title := k.Application
	if app := s.applications.ByName(k.Application); app != nil {
		title = app.Title
	}
	outcome, asking := s.connections.RemoveKey(ctx, rt, k, connection.UserAgent(title))
	switch outcome {
	case connection.RemovalDone:
		if err := s.store.DropKeyRemoval(ctx, k.ID); err != nil {
			return err
		}
		s.recordKey(ctx, audit.APIKeyRemoved, k, "revoked")
	case connection.RemovalLeft:
		return s.leaveKey(ctx, k, "refused")
	default:
		s.logger.Debug("a key is not removed yet", zap.String("authorization", k.Authorization), zap.Error(asking))
		wait := min(removalWait<<min(k.Tries, 16), removalMost)
		k.Tries++
		k.NextTryAt = s.now().Add(wait)
		if err := s.store.UpdateKeyRemoval(ctx, k); err != nil && !errors.Is(err, grant.ErrNotFound) {
			return err
		}
		if noAnswer(asking) {
			return asking
		}
	}
	return nil
}

// keyUnused tells whether no live connection of the person claims the record of
// the key: of two keys of one name that were made at the same time, the wrong
// record may have been found.
func (s *service) keyUnused(ctx context.Context, k grant.KeyRemoval) (bool, error) {
	all, err := s.store.AuthorizationsBySubject(ctx, k.Subject)
	if err != nil {
		return false, err
	}
	for _, a := range all {
		if c := a.Connection; c.Kind == grant.APIKey && c.Live() && c.KeyID == k.KeyID {
			return false, nil
		}
	}
	return true, nil
}

// leaveKey wipes the copy of a key that Odoo does not remove for the gateway:
// from now on people are told.
func (s *service) leaveKey(ctx context.Context, k grant.KeyRemoval, why string) error {
	k.Sealed, k.LeftAt = nil, s.now()
	switch err := s.store.UpdateKeyRemoval(ctx, k); {
	case errors.Is(err, grant.ErrNotFound):
		return nil // removed meanwhile
	case err != nil:
		return err
	}
	s.recordKey(ctx, audit.APIKeyLeft, k, why)
	return nil
}

func (s *service) recordKey(ctx context.Context, kind audit.Kind, k grant.KeyRemoval, reason string) {
	detail := map[string]string{"reason": reason, "tries": strconv.Itoa(k.Tries)}
	if k.KeyID != 0 {
		detail["key_id"] = strconv.FormatInt(k.KeyID, 10)
	}
	s.audit.Record(ctx, audit.Event{
		Kind: kind, Gateway: s.name, Application: k.Application, Subject: k.Subject, Authorization: k.Authorization, Detail: detail,
	})
}
