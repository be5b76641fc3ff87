package oauth

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/page"
)

// maxDropped is how many former keys are removed while somebody waits; the
// others wait for the sweep.
const maxDropped = 10

// unusedKeys are the API keys of a person that no connection of theirs holds
// any more and whose record in Odoo is known: its id leads to the removals.
func (s *Server) unusedKeys(ctx context.Context, subject string) (map[int64]grant.KeyRemoval, error) {
	removals, err := s.Store.KeyRemovals(ctx, grant.KeyRemovalQuery{Subject: subject})
	if err != nil || len(removals) == 0 {
		return nil, err
	}
	all, err := s.Store.AuthorizationsBySubject(ctx, subject)
	if err != nil {
		return nil, err
	}
	unused := make(map[int64]grant.KeyRemoval, len(removals))
	for _, k := range removals {
		if k.KeyID != 0 {
			unused[k.KeyID] = k
		}
	}
	for _, a := range all {
		if a.Connection.Kind == grant.APIKey && a.Connection.Live() {
			delete(unused, a.Connection.KeyID)
		}
	}
	return unused, nil
}

// dropUnused removes former keys of the person from Odoo over their session,
// which Odoo lets do that for ten minutes after they have confirmed who they
// are. What fails is the sweep's affair, and so is what comes after it.
func (s *Server) dropUnused(r *http.Request, rt http.RoundTripper, v visitor, reason string) {
	ctx := r.Context()
	unused, err := s.unusedKeys(ctx, v.subject)
	if err != nil {
		s.Logger.Warn("former keys could not be listed", zap.Error(err))
		return
	}
	ids := slices.Sorted(maps.Keys(unused))
	slices.Reverse(ids) // the one that has become unused just now may be the newest
	for _, id := range ids[:min(len(ids), maxDropped)] {
		if !s.Connections.DropKey(ctx, rt, v.session, r.UserAgent(), id) {
			return
		}
		k := unused[id]
		if err := s.Store.DropKeyRemoval(background(ctx), k.ID); err != nil {
			s.Logger.Warn("the removal of a key could not be noted", zap.Error(err))
			return
		}
		s.record(r.WithContext(audit.Beside(ctx)), audit.Event{
			Kind: audit.APIKeyRemoved, Application: k.Application, Subject: k.Subject, Authorization: k.Authorization,
			Detail: map[string]string{"reason": reason, "key_id": strconv.FormatInt(id, 10)},
		})
	}
}

// takeBack removes a key that was made and could not be attached. Where Odoo
// does not answer now, the sweep goes on.
func (s *Server) takeBack(t stayTurn, key connection.NewKey) {
	ctx := t.r.Context()
	if s.Connections.DropKey(ctx, t.rt, t.v.session, t.r.UserAgent(), key.ID) {
		return
	}
	a := t.a
	a.Connection = s.Connections.AttachKey(key.Secret, a, key.Ends, key.ID)
	if err := s.Store.AddKeyRemoval(background(ctx), grant.RemovalOf(a, s.Now())); err != nil {
		s.Logger.Warn("a key stays in odoo that nothing uses", zap.String("application", a.Application),
			zap.String("authorization", a.ID), zap.Int64("key", key.ID), zap.Error(err))
	}
}

// leftKeys are the names of the person's keys that belong to nothing any more
// and still stand in Odoo, as far as Odoo tells.
func (s *Server) leftKeys(r *http.Request, rt http.RoundTripper, v visitor) ([]page.LeftKey, error) {
	removals, err := s.Store.KeyRemovals(r.Context(), grant.KeyRemovalQuery{Subject: v.subject})
	if err != nil || len(removals) == 0 {
		return nil, err
	}
	var ids []int64
	for _, k := range removals {
		if k.KeyID != 0 {
			ids = append(ids, k.KeyID)
		}
	}
	var standing map[int64]bool
	if len(ids) > 0 {
		if standing, err = s.Connections.Standing(r.Context(), rt, v.session, r.UserAgent(), ids); err != nil {
			s.Logger.Info("can not ask odoo which keys stand there", zap.Error(err))
			standing = nil
		}
	}
	var left []page.LeftKey
	for _, k := range removals {
		if standing != nil && k.KeyID != 0 && !standing[k.KeyID] {
			// The person has deleted it, or somebody else has.
			if err := s.Store.DropKeyRemoval(background(r.Context()), k.ID); err != nil {
				return nil, err
			}
			continue
		}
		title := k.Application
		if app := s.Applications.ByName(k.Application); app != nil {
			title = app.Title
		}
		left = append(left, page.LeftKey{Name: connection.KeyName(title), Since: k.CreatedAt})
	}
	slices.SortStableFunc(left, func(a, b page.LeftKey) int { return strings.Compare(a.Name, b.Name) })
	return left, nil
}
