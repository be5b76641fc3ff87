package connection

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
	"github.com/caddy-odoo/gateway/internal/seal"
)

const agent = "OdooGateway/1 (Team wiki)"

// world is a manager over a real store, with an Odoo to talk to.
type world struct {
	*testing.T
	clock   *clock.Fake
	store   *spyStore
	manager *Manager
	odoo    *odootest.Server // nil where the test has a server of its own
	rt      http.RoundTripper
}

// spyStore counts writes of connections and can fail.
type spyStore struct {
	grant.Store
	writes  atomic.Int32
	lookups atomic.Int32 // by session
	before  func()       // runs before the next write, once
	reading error
	writing error
}

func (s *spyStore) UpdateConnection(ctx context.Context, id, from string, to grant.Connection) error {
	if before := s.before; before != nil {
		s.before = nil
		before()
	}
	if s.writing != nil {
		return s.writing
	}
	err := s.Store.UpdateConnection(ctx, id, from, to)
	if err == nil {
		s.writes.Add(1)
	}
	return err
}

func (s *spyStore) Authorization(ctx context.Context, id string) (grant.Authorization, error) {
	if s.reading != nil {
		return grant.Authorization{}, s.reading
	}
	return s.Store.Authorization(ctx, id)
}

func (s *spyStore) AuthorizationsBySession(ctx context.Context, hash string) ([]grant.Authorization, error) {
	s.lookups.Add(1)
	if s.reading != nil {
		return nil, s.reading
	}
	return s.Store.AuthorizationsBySession(ctx, hash)
}

// newWorld starts a simulated Odoo of that version.
func newWorld(t *testing.T, version int) *world {
	t.Helper()
	fake := clock.NewFake(time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC))
	server := odootest.Start(odootest.Options{Version: version, Now: fake.Now, Database: "demo19"})
	t.Cleanup(server.Close)
	w := worldAt(t, server.URL, fake)
	w.odoo = server
	return w
}

// ownOdoo starts a server that answers every call with handle.
func ownOdoo(t *testing.T, handle http.HandlerFunc) *world {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return worldAt(t, server.URL, clock.NewFake(time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)))
}

func worldAt(t *testing.T, address string, fake *clock.Fake) *world {
	t.Helper()
	issuer, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := seal.NewRing(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	db, err := badgerstore.Open(badgerstore.Options{Dir: t.TempDir(), Seal: ring, Now: fake.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	transport := &http.Transport{DisableCompression: true, DisableKeepAlives: true}
	t.Cleanup(transport.CloseIdleConnections)
	store := &spyStore{Store: db.Store("erp")}
	return &world{T: t, clock: fake, store: store, rt: transport, manager: New(Config{
		Store:  store,
		Seal:   ring,
		Client: rpc.New(rpc.Config{Issuer: issuer, Database: "demo19"}),
		Table:  NewTable(fake.Now),
		Now:    fake.Now,
	})}
}

// connect stores an authorization of one person for an application.
func (w *world) connect(application string, uid int64, session string) grant.Authorization {
	w.Helper()
	a := grant.Authorization{
		Application: application, Subject: "subject-" + session[:8], Database: "demo19", UID: uid, CreatedAt: w.clock.Now(),
	}
	a.Connection = w.manager.Attach(session, a)
	a, err := w.store.Consent(context.Background(), a)
	if err != nil {
		w.Fatal(err)
	}
	return a
}

// demo connects the login demo and returns its session id too.
func (w *world) demo(application string) (grant.Authorization, string) {
	w.Helper()
	id := w.odoo.NewSession("demo")
	return w.connect(application, w.odoo.UID("demo"), id), id
}

// current reads an authorization again.
func (w *world) current(a grant.Authorization) grant.Authorization {
	w.Helper()
	a, err := w.store.Store.Authorization(context.Background(), a.ID)
	if err != nil {
		w.Fatal(err)
	}
	return a
}

func (w *world) do(a grant.Authorization) error {
	result, err := w.manager.Do(context.Background(), w.rt, a, agent, contextGet)
	if err == nil && !strings.HasPrefix(string(result.Value), `{"`) {
		w.Errorf("answer %s", result.Value)
	}
	return err
}

// mustDo runs a call that has to succeed.
func (w *world) mustDo(a grant.Authorization) {
	w.Helper()
	if err := w.do(a); err != nil {
		w.Fatalf("Do: %v", err)
	}
}

// holds checks that an authorization is alive and holds that session id.
func (w *world) holds(a grant.Authorization, id string) {
	w.Helper()
	c := w.current(a).Connection
	if !c.Live() || c.Hash != grant.HashToken(id) {
		w.Errorf("the connection of %s: live %v (%s), hash %s; want it to hold %s", a.Application, c.Live(), c.EndReason, c.Hash, id)
		return
	}
	if got, err := w.manager.open(w.current(a)); err != nil || got != id {
		w.Errorf("the sealed id of %s is another than its hash says: %v", a.Application, err)
	}
}

func wantKind(t *testing.T, err error, want odoo.Kind) {
	t.Helper()
	var e *odoo.Error
	if !errors.As(err, &e) || e.Kind != want {
		t.Errorf("error %v; want kind %d", err, want)
	}
}
