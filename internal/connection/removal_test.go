package connection

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// removal is the only one that the store knows.
func (w *world) removal() grant.KeyRemoval {
	w.Helper()
	all, err := w.store.KeyRemovals(context.Background(), grant.KeyRemovalQuery{})
	if err != nil || len(all) != 1 {
		w.Fatalf("removals %+v, %v", all, err)
	}
	return all[0]
}

// remove tries a removal that nothing hinders.
func (w *world) remove(k grant.KeyRemoval) Removal {
	w.Helper()
	outcome, err := w.manager.RemoveKey(context.Background(), w.rt, k, agent)
	if err != nil {
		w.Errorf("RemoveKey: %v", err)
	}
	return outcome
}

// revokedKey is the removal that a revoked authorization with a key leaves.
func (w *world) revokedKey() grant.KeyRemoval {
	w.Helper()
	made, err := w.makeKey("demo", w.odoo.NewSession("demo"), "demo")
	if err != nil {
		w.Fatal(err)
	}
	a := w.connectKey(w.odoo.UID("demo"), made.Secret, made.Ends, made.ID)
	w.mustDo(a)
	if err := w.store.RevokeAuthorization(context.Background(), a.ID, w.clock.Now()); err != nil {
		w.Fatal(err)
	}
	return w.removal()
}

// What Odoo removes by the key alone differs between versions.
func TestRemoveKey(t *testing.T) {
	for _, tt := range []struct {
		options odootest.Options
		want    Removal
	}{
		{odootest.Options{Version: 16}, RemovalDone},
		{odootest.Options{Version: 17}, RemovalLeft},
		{odootest.Options{Version: 18}, RemovalLeft},
		{odootest.Options{Version: 19, NoAuthTimeout: true}, RemovalLeft},
		{odootest.Options{Version: 20, ProgrammaticKeys: true}, RemovalDone},
		{odootest.Options{Version: 20}, RemovalLeft},
	} {
		t.Run(fmt.Sprint(tt.options.Version, tt.options.ProgrammaticKeys), func(t *testing.T) {
			w := withOdoo(t, tt.options)
			k := w.revokedKey()
			other := w.odoo.NewAPIKey("demo", "the person's own", time.Time{})
			if got := w.remove(k); got != tt.want {
				t.Errorf("outcome %d, want %d", got, tt.want)
			}
			names := w.odoo.APIKeyNames("demo")
			if gone := len(names) == 1 && names[0] == "the person's own"; gone != (tt.want == RemovalDone) {
				t.Errorf("keys %q, other %q", names, other)
			}
			// Whatever the outcome, the gateway itself uses it no more.
			a, err := w.store.Authorization(t.Context(), k.Authorization)
			if err != nil {
				t.Fatal(err)
			}
			wantKind(t, w.do(a), odoo.SessionExpired)
		})
	}
}

// On 16 the record has to be known; and a second try finds nothing to do.
func TestRemoveKeyOf16(t *testing.T) {
	w := newWorld(t, 16)
	k := w.revokedKey()
	unknown := k
	unknown.KeyID = 0
	if got := w.remove(unknown); got != RemovalLeft || len(w.odoo.APIKeyNames("demo")) != 1 {
		t.Errorf("a key without a record: outcome %d", got)
	}
	for range 2 {
		if got := w.remove(k); got != RemovalDone {
			t.Errorf("outcome %d", got)
		}
	}
}

// Late revisions of 19 have the method of 20.
func TestRemoveKeyAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		body   string
		want   Removal
	}{
		"removed":       {200, `true`, RemovalDone},
		"a window":      {200, `{"type":"ir.actions.act_window"}`, RemovalLeft},
		"not removed":   {200, `false`, RemovalLeft},
		"nothing":       {200, `null`, RemovalWaits},
		"a text":        {200, `"x"`, RemovalWaits},
		"another":       {200, `{"status":"starting"}`, RemovalWaits},
		"not enabled":   {422, `{"name":"odoo.exceptions.UserError","message":"Programmatic API keys are not enabled"}`, RemovalLeft},
		"unknown":       {404, `{"name":"werkzeug.exceptions.NotFound","message":"The method 'res.users.apikeys.revoke' does not exist"}`, RemovalLeft},
		"no right":      {403, `{"name":"odoo.exceptions.AccessError","message":"x"}`, RemovalLeft},
		"key refused":   {403, denied, RemovalLeft},
		"gone":          {404, `{"name":"odoo.exceptions.MissingError","message":"x"}`, RemovalDone},
		"overloaded":    {503, `{}`, RemovalWaits},
		"broken":        {500, `{"name":"builtins.ValueError","message":"x"}`, RemovalWaits},
		"a proxy's 401": {401, `no`, RemovalWaits},
	} {
		w := keyOdoo(t, func(method string) (int, string) {
			if method != "revoke" {
				return 500, `{}`
			}
			return tt.status, tt.body
		})
		a := w.connectKey(5, "k", time.Time{}, 7)
		if err := w.store.RevokeAuthorization(t.Context(), a.ID, w.clock.Now()); err != nil {
			t.Fatal(err)
		}
		got, err := w.manager.RemoveKey(t.Context(), w.rt, w.removal(), agent)
		if got != tt.want || (err != nil) != (tt.want == RemovalWaits) {
			t.Errorf("%s: outcome %d, want %d: %v", name, got, tt.want, err)
		}
	}
}

// A key goes to the database that it is of, and nowhere else.
func TestRemoveKeyOfAnotherDatabase(t *testing.T) {
	asked := false
	w := ownOdoo(t, func(http.ResponseWriter, *http.Request) { asked = true })
	a := w.connectKey(5, "k", time.Time{}, 7)
	if err := w.store.RevokeAuthorization(t.Context(), a.ID, w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	k := w.removal()
	k.Database = "staging"
	if got, err := w.manager.RemoveKey(t.Context(), w.rt, k, agent); got != RemovalWaits || err == nil || asked {
		t.Errorf("outcome %d, %v, asked %v", got, err, asked)
	}
	k = w.removal()
	k.Sealed[5] ^= 1
	if got := w.remove(k); got != RemovalLeft || asked {
		t.Errorf("a key that can not be opened: outcome %d, asked %v", got, asked)
	}
}

// A person sees which of their keys stand, and nobody else's.
func TestStanding(t *testing.T) {
	for version := 16; version <= 20; version++ {
		w := newWorld(t, version)
		w.odoo.NewAPIKey("demo", "one", time.Time{})
		w.odoo.NewAPIKey("demo", "two", time.Time{})
		w.odoo.NewAPIKey("admin", "three", time.Time{})
		session := w.odoo.NewSession("demo")
		got, err := w.manager.Standing(t.Context(), w.rt, session, browserAgent, []int64{1, 3, 4})
		if err != nil || !maps.Equal(got, map[int64]bool{1: true}) {
			t.Errorf("%d: standing %v, %v", version, got, err)
		}
		w.odoo.SetDown(true)
		if _, err := w.manager.Standing(t.Context(), w.rt, session, browserAgent, []int64{1}); !is(err, odoo.Unavailable) {
			t.Errorf("%d: down: %v", version, err)
		}
	}
}
