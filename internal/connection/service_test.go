package connection

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// redirected sends every request to another server.
func redirected(address string, rt http.RoundTripper) roundTripper {
	return func(r *http.Request) (*http.Response, error) {
		to, err := url.Parse(address)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.URL.Host, r.Host = to.Host, to.Host
		return rt.RoundTrip(r)
	}
}

func (w *world) account(login, key string) *application.Application {
	s := &application.Service{Login: login, APIKey: application.Hide(key)}
	w.manager.service = func(string) *application.Service { return s }
	w.permit(application.Allow{Group: "no.group"}) // is for people
	return &application.Application{Name: "robot", Service: s}
}

func (w *world) connectService(u User) grant.Authorization {
	w.Helper()
	a, err := w.store.Consent(context.Background(), grant.Authorization{
		Application: "robot", Subject: "client:robot", Database: u.Database, UID: u.UID, Login: u.Login, Name: u.Name,
		CreatedAt: w.clock.Now(), Connection: grant.Connection{Kind: grant.Service, Since: w.clock.Now()},
	})
	if err != nil {
		w.Fatal(err)
	}
	return a
}

func TestService(t *testing.T) {
	for version := 16; version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			w := newWorld(t, version)
			key := w.odoo.NewAPIKey("demo", "robot", time.Time{})
			app := w.account("demo", key)
			u, err := w.manager.ServiceUser(t.Context(), w.rt, app, agent)
			if err != nil || u.UID != w.odoo.UID("demo") || u.Login != "demo" || u.Name != "Marc Demo" || u.Database != "demo19" {
				t.Fatalf("%+v, %v", u, err)
			}
			a := w.connectService(u)
			w.mustDo(a)
			w.clock.Advance(checkInterval)
			w.mustDo(a)

			// While the key is refused the connection answers as ended, and
			// works again with another one: the store holds nothing to end.
			works := func(want bool) {
				t.Helper()
				err := w.do(a)
				if want && err != nil {
					t.Error(err)
				}
				if !want {
					wantKind(t, err, odoo.SessionExpired)
					wantKind(t, w.manager.Check(t.Context(), w.rt, a, agent), odoo.SessionExpired)
				}
				if c := w.current(a).Connection; !c.Live() || w.store.writes.Load() != 0 {
					t.Errorf("connection %+v", c)
				}
			}
			w.account("demo", "refused")
			works(false)
			w.manager.service = func(string) *application.Service { return nil }
			works(false)
			w.account("admin", w.odoo.NewAPIKey("admin", "robot", time.Time{})) // tokens of the former account do not become its
			works(false)
			w.account("demo", key)
			works(true)
			w.odoo.Archive("demo")
			works(false)
		})
	}
}

func TestServiceUserRefused(t *testing.T) {
	for version := 16; version <= 20; version++ {
		w := newWorld(t, version)
		demo := w.odoo.NewAPIKey("demo", "robot", time.Time{})
		for name, app := range map[string]*application.Application{
			"wrong key":           w.account("demo", "wrong"),
			"unknown login":       w.account("nobody", demo),
			"somebody else's key": w.account("admin", demo),
			"no account":          {Name: "robot"},
		} {
			_, err := w.manager.ServiceUser(t.Context(), w.rt, app, agent)
			if !is(err, odoo.AccessDenied) {
				t.Errorf("%d, %s: %v", version, name, err)
			}
		}
		w.odoo.SetDown(true)
		_, err := w.manager.ServiceUser(t.Context(), w.rt, w.account("demo", demo), agent)
		wantKind(t, err, odoo.Unavailable)
		if errors.Is(err, ErrNotAllowed) {
			t.Error(err)
		}
	}
}
