package oauth

import (
	"context"
	"errors"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/page"
)

const (
	// stayTries is how many passwords may be tried in one session.
	stayTries = 5
	// stayWait is the time that earns one more.
	stayWait = 15 * time.Minute
	// maxPassword is the longest password that is passed on, in bytes.
	maxPassword = 4096
)

// answerStay takes the answer of the page.
func (s *Server) answerStay(t stayTurn, p params) {
	if s.presented(t.r) != t.form.Session {
		redirect(t.w, http.StatusSeeOther, t.path())
		return
	}
	if !s.Memory.use(t.form.Nonce) {
		s.problem(t.w, t.r, page.FormRefused, t.q.app.Title, t.path())
		return
	}
	switch decision := p.get("decision"); {
	case decision == "stay":
		s.stay(t, p.get("password"))
	case decision == "later" && t.offer == mayStay:
		s.goOn(t, t.a, audit.Event{})
	case decision == "later":
		s.redirectFailure(t.w, t.r, t.q, &failure{code: "access_denied",
			description: "the person did not set up the API key that the application needs"})
	default:
		s.problem(t.w, t.r, page.FormRefused, t.q.app.Title, t.path())
	}
}

// stay has Odoo make a key, attaches it and sends the code. The consent stands
// whatever happens here.
func (s *Server) stay(t stayTurn, password string) {
	ctx, agent := t.r.Context(), t.r.UserAgent()
	identity, err := s.Connections.IdentityPage(ctx, t.rt, t.v.session, agent)
	if err != nil {
		s.showStay(t, page.StayUnavailable, false)
		return
	}
	switch {
	case identity != "":
		password = "" // is Odoo's own page's affair
	case password == "" || len(password) > maxPassword:
		s.showStay(t, page.StayPasswordWrong, false)
		return
	case !s.Memory.tryPassword(s.issuer + "\x00" + grant.HashToken(t.v.session) + "\x00" + t.v.subject):
		s.showStay(t, page.StayTooOften, false)
		return
	}
	key, err := s.Connections.MakeKey(ctx, t.rt, t.v.session, agent, t.v.UID, connection.KeyName(t.q.app.Title), password)
	switch {
	case err == nil:
	case errors.Is(err, connection.ErrPassword):
		s.showStay(t, page.StayPasswordWrong, false)
		return
	case errors.Is(err, connection.ErrConfirm):
		s.showStay(t, page.StayNotConfirmed, false)
		return
	case errors.Is(err, connection.ErrNoKeys):
		s.Logger.Info("odoo gives a person no key", zap.String("application", t.q.app.Name), zap.Error(err))
		s.showStay(t, page.StayRefused, false)
		return
	default:
		var failed *odoo.Error
		if errors.As(err, &failed) && (failed.Kind == odoo.SessionExpired || failed.Kind == odoo.CheckIdentity) {
			s.refuseStay(t, err)
			return
		}
		s.Logger.Warn("odoo made no key", zap.String("application", t.q.app.Name), zap.Error(err))
		s.showStay(t, page.StayUnavailable, false)
		return
	}
	a, failed := s.attachKey(ctx, t.a, key)
	if failed != nil {
		s.takeBack(t, key)
		s.giveUp(t, failed)
		return
	}
	s.dropUnused(t.r, t.rt, t.v, "replaced")
	detail := map[string]string{}
	if !key.Ends.IsZero() {
		detail["ends"] = key.Ends.UTC().Format(time.RFC3339)
	}
	s.goOn(t, a, audit.Event{
		Kind: audit.StayConnected, Application: a.Application, Subject: a.Subject, Authorization: a.ID, Detail: detail,
	})
}

// attachKey replaces the connection of an authorization by a key.
func (s *Server) attachKey(ctx context.Context, a grant.Authorization, key connection.NewKey) (grant.Authorization, *failure) {
	for range 3 {
		c := s.Connections.AttachKey(key.Secret, a, key.Ends, key.ID)
		err := s.Store.UpdateConnection(background(ctx), a.ID, a.Connection.Hash, c)
		if err == nil {
			a.Connection = c
			return a, nil
		}
		if errors.Is(err, grant.ErrEnded) {
			return a, &failure{status: http.StatusBadRequest, code: "access_denied", description: "the authorization was revoked"}
		}
		if !errors.Is(err, grant.ErrStale) {
			return a, s.storeFailure("attaching a key", err)
		}
		if a, err = s.Store.Authorization(ctx, a.ID); err != nil {
			return a, s.storeFailure("attaching a key", err)
		}
	}
	return a, unavailable("the connection keeps changing")
}
