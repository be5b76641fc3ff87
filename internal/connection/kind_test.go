package connection

import (
	"errors"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

func TestFits(t *testing.T) {
	for setting, kinds := range map[application.Connection][]grant.ConnectionKind{
		"":                            {grant.Session, grant.APIKey, grant.Service},
		application.ConnectionAsk:     {grant.Session, grant.APIKey, grant.Service},
		application.ConnectionSession: {grant.Session, grant.Service},
		application.ConnectionAPIKey:  {grant.APIKey, grant.Service},
	} {
		fit := map[grant.ConnectionKind]bool{}
		for _, kind := range kinds {
			fit[kind] = true
		}
		for _, kind := range []grant.ConnectionKind{grant.Session, grant.APIKey, grant.Service, "", "other"} {
			any := setting == "" || setting == application.ConnectionAsk
			if got := Fits(setting, kind); got != (fit[kind] || any) {
				t.Errorf("%q and %q: %v", setting, kind, got)
			}
		}
	}
}

// An application's setting decides at every use: a connection of the other
// kind is used for nothing, and has not ended.
func TestWrongKind(t *testing.T) {
	for _, kind := range []grant.ConnectionKind{grant.Session, grant.APIKey} {
		w := newWorld(t, 19)
		w.manager.keepalive = 30 * day
		setting := application.ConnectionAsk
		w.manager.takes = func(name string) application.Connection {
			if name != "wiki" {
				t.Errorf("asked about %q", name)
			}
			return setting
		}
		wrong, right := application.ConnectionAPIKey, application.ConnectionSession
		var a grant.Authorization
		if kind == grant.Session {
			a, _ = w.demo("wiki")
		} else {
			a, _ = w.demoKey()
			wrong, right = right, wrong
		}
		w.mustDo(a)
		before := w.current(a)
		w.clock.Advance(time.Hour)
		idle := w.manager.Idle(a)
		w.odoo.ForgetRequests()
		setting = wrong
		for name, err := range map[string]error{"Do": w.do(a), "Check": w.manager.Check(t.Context(), w.rt, a, agent)} {
			if wantKind(t, err, odoo.SessionExpired); !errors.Is(err, ErrWrongKind) {
				t.Errorf("%s, %s: %v", kind, name, err)
			}
		}
		if w.manager.Idle(a) {
			t.Errorf("%s: would be touched", kind)
		}
		if n := len(w.odoo.Requests()); n != 0 {
			t.Errorf("%s: Odoo was asked %d times", kind, n)
		}
		if c := w.current(a).Connection; !c.Live() || c.Hash != before.Connection.Hash {
			t.Errorf("%s: connection %+v", kind, c)
		}
		setting = right
		if idle != (kind == grant.Session) || w.manager.Idle(a) != idle {
			t.Errorf("%s: idle %v, then %v", kind, idle, w.manager.Idle(a))
		}
		w.mustDo(w.current(a))
	}
}
