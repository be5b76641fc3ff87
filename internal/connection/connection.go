// Package connection lets the gateway act as a person later: it keeps the
// Odoo session or API key of an authorization sealed, follows a session through
// soft rotations, and decides when a connection has ended. Only a proven end
// ends one: an Odoo that is down, locked or overloaded disconnects nobody.
package connection

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/singleflight"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// Reasons for the end of a connection, as in grant.Connection.EndReason.
const (
	// ReasonExpired: Odoo does not know the session any more. It was logged
	// out, its password was changed, its user archived, or it idled out.
	ReasonExpired = "session_expired"
	// ReasonSomebodyElse: the session belongs to another user now.
	ReasonSomebodyElse = "somebody_else"
	// ReasonKeyRefused: Odoo does not accept the API key any more. It was
	// removed, or its user archived.
	ReasonKeyRefused = "key_refused"
	// ReasonKeyExpired: the API key has come to its announced end.
	ReasonKeyExpired = "key_expired"
)

// Reasons are all of them.
var Reasons = []string{ReasonExpired, ReasonSomebodyElse, ReasonKeyRefused, ReasonKeyExpired}

// writeLimit bounds the store's work that outlives the request it began in.
const writeLimit = 10 * time.Second

// Config configures a Manager.
type Config struct {
	Store  grant.Store
	Seal   *seal.Ring
	Client *rpc.Client
	// Table outlives the manager: it is kept over a reload.
	Table *Table
	// Allow tells who may connect an application, by its configured name;
	// nil lets everybody.
	Allow func(application string) application.Allow
	// Takes tells what connections an application takes, by its configured
	// name; nil takes all.
	Takes func(application string) application.Connection
	// Service tells the account that an application's client_credentials act
	// as, by its configured name; nil, and a nil answer, are none.
	Service func(application string) *application.Service
	// Ended is told of each connection that has ended, as it was before, with
	// one of the Reasons; nil is nobody.
	Ended func(ctx context.Context, a grant.Authorization, reason string)
	// Keepalive is how long a session is kept from idling out after its person
	// last used it in a browser; 0 keeps none.
	Keepalive time.Duration
	// Now is the clock; nil means the wall clock.
	Now clock.Clock
	// Logger is told of connections that end and of writes that fail; nil
	// logs nothing. Session ids and keys are never logged.
	Logger *zap.Logger
}

// Manager acts as the people who have authorized an application. It is safe
// for concurrent use.
type Manager struct {
	store    grant.Store
	seal     *seal.Ring
	client   *rpc.Client
	table    *Table
	allow    func(string) application.Allow
	takes    func(string) application.Connection
	service  func(string) *application.Service
	told     func(context.Context, grant.Authorization, string)
	now      clock.Clock
	log      *zap.Logger
	rotation singleflight.Group
	checks   singleflight.Group
	database databaseWord

	keepalive  time.Duration
	cookieLife atomic.Int64 // a time.Duration, as Odoo last said; 0 before
}

// New returns a manager.
func New(c Config) *Manager {
	m := &Manager{
		store: c.Store, seal: c.Seal, client: c.Client, table: c.Table,
		allow: c.Allow, takes: c.Takes, service: c.Service, now: c.Now, log: c.Logger,
		keepalive: c.Keepalive, told: c.Ended,
	}
	if m.told == nil {
		m.told = func(context.Context, grant.Authorization, string) {}
	}
	if m.now == nil {
		m.now = clock.System
	}
	if m.log == nil {
		m.log = zap.NewNop()
	}
	return m
}

// Attach makes the connection of an authorization from the session that its
// person uses at this moment, who has just been found to be one that may
// connect the application. It stores nothing. Of the authorization only what
// its Key is made of and the UID are read.
func (m *Manager) Attach(sessionID string, a grant.Authorization) grant.Connection {
	now, hash := m.now(), grant.HashToken(sessionID)
	m.table.know(hash, a.UID, 0) // Odoo has just told who it is, and nobody has doubted it
	m.table.judge(hash, m.group(a), true)
	return grant.Connection{
		Kind:      grant.Session,
		Sealed:    m.seal.Seal([]byte(sessionID), a.Key()),
		Hash:      hash,
		Since:     now,
		TouchedAt: now,
		BrowserAt: now,
	}
}

// Do runs a call as the person of an authorization. The error is an
// *odoo.Error. SessionExpired means that the connection has ended, now or
// before, or, where it wraps [ErrNotAllowed] or [ErrWrongKind], that the person
// may not connect this application any more, or not so; of all others none has ended it: Unavailable is
// also returned where the store could not confirm an end, and AccessDenied is a
// method's own word, such as that of a wrong password in its arguments.
//
// Every five minutes of use, and after [Manager.Doubt], Do runs
// [Manager.Check] first: an administrator can turn a living session into that
// of Odoo's superuser (/web/become), and its id stays the same; and who may
// connect is Odoo's to say, whose groups change.
func (m *Manager) Do(ctx context.Context, rt http.RoundTripper, a grant.Authorization, userAgent string, call odoo.Call) (odoo.Result, error) {
	if err := m.samePerson(ctx, rt, a, userAgent); err != nil {
		return odoo.Result{}, err
	}
	result, _, err := m.run(ctx, rt, a, userAgent, call)
	return result, err
}

// samePerson runs Check where it is due. Calls that come meanwhile wait for
// the answer: none may run on the faith that it will be good. The one that
// asks does so for all, so its leaving must not fail them.
func (m *Manager) samePerson(ctx context.Context, rt http.RoundTripper, a grant.Authorization, userAgent string) error {
	if !a.Connection.Live() {
		return nil // run says so
	}
	hash, group := m.hash(a), m.group(a)
	known, _ := m.table.known(hash, a.UID, checkInterval)
	allowed, judged := m.table.judged(hash, group, checkInterval)
	if known && judged {
		return verdict(allowed)
	}
	_, err, _ := m.checks.Do(a.ID+hash+group, func() (any, error) {
		return nil, m.Check(context.WithoutCancel(ctx), rt, a, userAgent)
	})
	return err
}

// Doubt is told where the user of a session may have changed under its id,
// before and after that can have happened: whoever uses the session next
// checks first, and an answer to a question from before does not count.
func (m *Manager) Doubt(sessionID string) { m.table.doubt(grant.HashToken(sessionID)) }

// checkInterval is how long a session is taken for the same person's.
const checkInterval = 5 * time.Minute

// maxMoves is how often one call is made again because the session has moved.
const maxMoves = 3

// run is Do. It also returns the authorization with the connection as it was
// after the last attempt.
func (m *Manager) run(ctx context.Context, rt http.RoundTripper, a grant.Authorization, userAgent string, call odoo.Call) (odoo.Result, grant.Authorization, error) {
	for range maxMoves {
		result, reason, err := m.once(ctx, rt, &a, userAgent, call)
		if reason == "" {
			return result, a, err
		}
		if a.Connection.Kind == grant.Service {
			return odoo.Result{}, a, err // its end is the configuration's
		}
		// Odoo has refused the credential before it looked at the call, so
		// that the call may be made again with the one that is current by now.
		next, moved, endErr := m.confirmEnd(ctx, a, reason)
		if endErr != nil {
			err = endErr
		}
		if !moved {
			return odoo.Result{}, a, err
		}
		a = next
	}
	return odoo.Result{}, a, &odoo.Error{Kind: odoo.Unavailable, Message: "the connection moved on too often"}
}

// once makes one attempt. A reason says that the credential which a holds is
// of no more use; err is then SessionExpired.
func (m *Manager) once(ctx context.Context, rt http.RoundTripper, a *grant.Authorization, userAgent string, call odoo.Call) (result odoo.Result, reason string, err error) {
	if !a.Live() || !a.Connection.Live() {
		return odoo.Result{}, "", &odoo.Error{Kind: odoo.SessionExpired, Message: "the connection has ended"}
	}
	if !m.fits(*a) {
		return odoo.Result{}, "", wrongKind()
	}
	switch a.Connection.Kind {
	case grant.Session:
		return m.withSession(ctx, rt, a, userAgent, call)
	case grant.APIKey, grant.Service:
		return m.withKey(ctx, rt, *a, userAgent, call)
	default:
		return odoo.Result{}, "", &odoo.Error{Kind: odoo.Server, Message: "a connection of an unknown kind"}
	}
}

// withSession is once over a session. A rotation is followed, and a with it.
func (m *Manager) withSession(ctx context.Context, rt http.RoundTripper, a *grant.Authorization, userAgent string, call odoo.Call) (odoo.Result, string, error) {
	id, err := m.open(*a)
	if err != nil {
		return odoo.Result{}, "", err
	}
	result, rotated, err := m.client.Call(ctx, rt, rpc.Session{ID: id, UserAgent: userAgent}, call)
	if m.rotated(ctx, id, rotated) {
		a.Connection.Hash = grant.HashToken(rotated.Value)
	} else {
		m.lost(id, err)
	}
	if is(err, odoo.SessionExpired) {
		return odoo.Result{}, ReasonExpired, err
	}
	return result, "", err
}

// contextGet is the cheapest call that tells who one is, for portal users too.
var contextGet = odoo.Call{Model: "res.users", Method: "context_get"}

// Check asks Odoo whether the person of an authorization is still there, and
// still one who may connect the application. The error is an *odoo.Error as
// that of [Manager.Do]: SessionExpired is a proven end, CheckIdentity means
// that the person is there but has to confirm who they are. A credential that
// belongs to another user now ends the connection.
func (m *Manager) Check(ctx context.Context, rt http.RoundTripper, a grant.Authorization, userAgent string) error {
	for range maxMoves {
		hash := m.hash(a)
		_, doubts := m.table.known(hash, a.UID, checkInterval)
		result, used, err := m.run(ctx, rt, a, userAgent, contextGet)
		if err != nil {
			return err
		}
		uid, err := userOf(result)
		if err != nil {
			return err
		}
		reason, message := ReasonSomebodyElse, "the connection belongs to another user"
		if uid == a.UID {
			listed, err := m.keyListed(ctx, rt, used, userAgent)
			if err != nil {
				return err
			}
			if listed {
				if m.hash(used) == hash {
					m.table.know(hash, a.UID, doubts)
				}
				if err := m.mayConnect(ctx, rt, used, userAgent); err != nil {
					return err
				}
				m.renew(ctx, rt, used, userAgent)
				if m.Idle(used) {
					// Whatever becomes of it, the person has just been found there.
					_ = m.Touch(ctx, rt, used, userAgent)
				}
				return nil
			}
			reason, message = ReasonKeyRefused, "the key was removed"
		}
		ended := &odoo.Error{Kind: odoo.SessionExpired, Message: message}
		if used.Connection.Kind == grant.Service {
			return ended
		}
		next, moved, err := m.confirmEnd(ctx, used, reason)
		if err != nil {
			return err
		}
		if !moved {
			return ended
		}
		a = next
	}
	return &odoo.Error{Kind: odoo.Unavailable, Message: "the connection moved on too often"}
}

// userOf is the user that an answer to contextGet names.
func userOf(result odoo.Result) (int64, error) {
	answer, err := odoo.ParseJSON(result.Value, odoo.DefaultLimits)
	object, _ := answer.(map[string]any)
	uid, ok := object["uid"].(int64)
	if err != nil || !ok {
		return 0, &odoo.Error{Kind: odoo.Server, Message: "the user's context does not name the user", Err: err}
	}
	return uid, nil
}

// open returns the session id or key of an authorization.
func (m *Manager) open(a grant.Authorization) (string, error) {
	secret, err := m.seal.Open(a.Connection.Sealed, a.Key())
	if err != nil {
		m.log.Error("the sealed credential can not be opened", zap.String("authorization", a.ID), zap.Error(err))
		return "", &odoo.Error{Kind: odoo.Server, Message: "the connection can not be read", Err: err}
	}
	return string(secret), nil
}

// is tells whether err is an *odoo.Error of a kind.
func is(err error, kind odoo.Kind) bool {
	var e *odoo.Error
	return errors.As(err, &e) && e.Kind == kind
}

// storeError is what a failure of the store means for a call: it proves
// nothing about the person.
func storeError(err error) error {
	return &odoo.Error{Kind: odoo.Unavailable, Message: "the grant store did not answer", Err: err}
}
