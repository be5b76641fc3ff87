package oauth

import (
	"context"
	"errors"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// reattach gives an authorization the session that its person uses now: it is
// alive, which is more than is known of an older one. A key outlives sessions
// and stays, unless the application takes none any more; an application that
// insists on one gets no session instead.
func (s *Server) reattach(ctx context.Context, a grant.Authorization, v visitor) *failure {
	for range 3 {
		if s.keeps(a.Application, a.Connection) {
			return nil
		}
		if s.insists(a.Application) {
			return keyRequired()
		}
		c := s.Connections.Attach(v.session, a)
		if a.Connection.Live() && a.Connection.Hash == c.Hash {
			return nil
		}
		err := s.Store.UpdateConnection(background(ctx), a.ID, a.Connection.Hash, c)
		if err == nil {
			return nil
		}
		if !errors.Is(err, grant.ErrStale) {
			return s.storeFailure("attaching a session", err)
		}
		// A rotation was followed meanwhile: look again.
		if a, err = s.Store.Authorization(ctx, a.ID); err != nil {
			return s.storeFailure("attaching a session", err)
		}
	}
	return unavailable("the connection keeps changing")
}

// keeps tells whether an application goes on with a connection: a key that
// works, where it takes keys.
func (s *Server) keeps(name string, c grant.Connection) bool {
	app := s.Applications.ByName(name)
	return connection.KeyWorks(c, s.Now()) && app != nil && connection.Fits(app.Connection, c.Kind)
}

// insists tells whether an application takes no connection but an API key.
func (s *Server) insists(name string) bool {
	app := s.Applications.ByName(name)
	return app != nil && app.Connection == application.ConnectionAPIKey
}

// issueCode sends the browser back with a code. The event is what the person
// has done for it just now, the zero one for nothing: it is recorded in any case.
func (s *Server) issueCode(w http.ResponseWriter, r *http.Request, q request, a grant.Authorization, scope []string, e audit.Event) {
	code, f := s.newCode(r, q, a, scope, e)
	if f != nil {
		if e.Kind != "" {
			s.record(r, e)
		}
		s.redirectFailure(w, r, q, f)
		return
	}
	s.sendBack(w, r, q, "code="+escape(code))
}

// newCode makes a code for what a request asks. It stands in the event of what
// has led to it, or in one of its own.
func (s *Server) newCode(r *http.Request, q request, a grant.Authorization, scope []string, e audit.Event) (string, *failure) {
	code := grant.NewToken()
	now := s.Now()
	var retain time.Time
	if q.app.CodeRetain > 0 {
		retain = now.Add(q.app.CodeRetain)
	}
	err := s.Store.IssueCode(background(r.Context()), grant.Code{
		Hash: grant.HashToken(code), Authorization: a.ID, Application: a.Application,
		RedirectURI: q.redirectURI(), Scope: scope,
		Challenge: q.params.get("code_challenge"), ChallengeMethod: q.params.get("code_challenge_method"),
		IssuedAt: now, ExpiresAt: now.Add(orDefault(q.app.CodeExpiry, DefaultCodeExpiry)), RetainUntil: retain,
	})
	if err != nil {
		return "", s.storeFailure("issuing a code", err)
	}
	if e.Kind == "" {
		e = audit.Event{Kind: audit.CodeIssued, Application: a.Application, Subject: a.Subject, Authorization: a.ID, Detail: map[string]string{}}
	}
	e.Detail["code"] = audit.Fingerprint(code)
	s.record(r, e)
	return code, nil
}

// redeem exchanges a code (RFC 6749 section 4.1.3).
func (s *Server) redeem(r *http.Request, app *application.Application, p params) (answer, *failure) {
	code, uri := p.get("code"), p.get("redirect_uri")
	switch {
	case code == "":
		return answer{}, invalidRequest("code is missing")
	case uri == "":
		return answer{}, invalidRequest("redirect_uri is missing")
	}
	now := s.Now()
	id := grant.NewID()
	refresh, ends := grant.NewToken(), refreshEnd(app, now, now)
	var why string // written by Check, which may run more than once
	set, a, err := s.Store.RedeemCode(background(r.Context()), grant.Redemption{
		Hash: grant.HashToken(code), Application: app.Name, Now: now,
		Check: func(c grant.Code) error {
			why = refuseCode(app, c, uri, p.get("code_verifier"))
			if why != "" {
				return errors.New(why)
			}
			return nil
		},
		TokenSet: grant.TokenSet{ID: id, FamilyKey: s.newFamily(id), CreatedAt: now},
		Refresh: grant.RefreshToken{
			Hash: grant.HashToken(refresh), TokenSet: id, IssuedAt: now,
			ExpiresAt: ends,
		},
	})
	event := audit.Event{Application: app.Name, Detail: map[string]string{"code": audit.Fingerprint(code)}}
	switch {
	case err == nil:
	case errors.Is(err, grant.ErrBurnt):
		return answer{}, invalidGrant(why)
	case errors.Is(err, grant.ErrConsumed):
		event.Kind = audit.CodeReplay
		if set.EndedAt.Equal(now) {
			event.TokenSet, event.Authorization = set.ID, set.Authorization // which this has ended, and no replay before
		}
		if why != "" {
			event.Detail["reason"] = why // it would have got nothing in any case, and ends nothing
		}
		s.record(r, event)
		return answer{}, invalidGrant("the code was used before")
	case errors.Is(err, grant.ErrWrongApplication):
		event.Kind = audit.ClientAuthFailed
		event.Detail["reason"] = "code_of_another_application"
		s.record(r, event)
		return answer{}, invalidGrant("the code is unknown")
	case errors.Is(err, grant.ErrNotFound):
		return answer{}, invalidGrant("the code is unknown")
	case errors.Is(err, grant.ErrExpired):
		return answer{}, invalidGrant("the code has expired")
	case errors.Is(err, grant.ErrEnded):
		return answer{}, invalidGrant("the authorization was revoked")
	default:
		return answer{}, s.storeFailure("redeeming a code", err)
	}
	event.Kind, event.Subject, event.Authorization, event.TokenSet = audit.CodeRedeemed, a.Subject, a.ID, set.ID
	s.record(r, event)
	s.Store.Used(a.ID, now)
	access, f := s.sign(app, a, set, set.Scope, now)
	if f != nil {
		return answer{}, f
	}
	access.refreshable(refresh, ends, now)
	return access, nil
}

// refuseCode says why a code may not be redeemed, "" if it may.
func refuseCode(app *application.Application, c grant.Code, uri, verifier string) string {
	if c.RedirectURI != uri {
		return "redirect_uri differs from the one used at authorize"
	}
	if _, ok := app.ActiveRedirectURI(uri); !ok {
		return "redirect_uri is not registered any more"
	}
	if !checkVerifier(c, verifier) {
		return "code_verifier does not match"
	}
	return ""
}

// newFamily makes the sealed family key of a token set.
func (s *Server) newFamily(tokenSet string) []byte {
	return s.Seal.Seal([]byte(grant.NewToken()), tokenSet)
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}

// record writes to the audit trail.
func (s *Server) record(r *http.Request, e audit.Event) {
	e.Time, e.Gateway, e.RequestID, e.UserAgent = s.Now(), s.Gateway, s.RequestID(r), audit.Fingerprint(r.UserAgent())
	if addr := s.ClientAddr(r); addr.IsValid() {
		e.Address = addr.String()
	}
	s.Audit.Record(r.Context(), e)
}

// logSigning notes a failure that no client can mend.
func (s *Server) logSigning(err error) *failure {
	s.Logger.Error("can not sign an access token", zap.Error(err))
	return serverError()
}
