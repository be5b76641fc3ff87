package gateway

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest/orm"
	"github.com/caddy-odoo/gateway/internal/token"
)

// mePaths are the two addresses of the same.
var mePaths = []string{"/restapi/1.0/me", "/restapi/1.0/common/oauth2/userinfo"}

func TestUserinfo(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		for _, login := range []string{"admin", "demo", "portal"} {
			uid := w.odoo.UID(login)
			own, err := w.odoo.DB(w.odoo.Database()).Call(orm.Env{UID: uid, Superuser: true}, "res.users", "write",
				[]any{[]any{uid}, map[string]any{"email": login + "@example.com", "tz": "Europe/Vienna"}}, nil)
			if err != nil || own != true {
				t.Fatal(own, err)
			}
			user, _ := w.odoo.DB(w.odoo.Database()).UserByID(uid)
			bearer, _ := w.connect("wiki", login)
			want := map[string]any{
				"id": float64(uid), "sub": oauth.Subject(w.url, w.odoo.Database(), uid), "login": login, "name": user.Name,
				"email": login + "@example.com", "lang": "en_US", "tz": "Europe/Vienna", "db": w.odoo.Database(),
				"app": "Team wiki", "scopes": []any{"odoo.read"}, "expires_at": float64(w.clock.Now().Add(time.Hour).Unix()),
			}
			for _, path := range mePaths {
				for _, method := range []string{http.MethodGet, http.MethodPost} {
					status, header, body := w.get(path, bearer, func(r *http.Request) {
						r.Method = method
						r.Header.Set("Cookie", "session_id="+w.odoo.NewSession("admin"))
					})
					if status != http.StatusOK || !reflect.DeepEqual(body, want) {
						t.Errorf("%s %s: %d %v, want %v", method, path, status, body, want)
					}
					if header.Get("Cache-Control") != "no-store" || header.Get("Content-Type") != "application/json" || header.Get("Set-Cookie") != "" {
						t.Errorf("header is %v", header)
					}
				}
			}
		}
	})
}

// What the person's record does not hold is not there, and a token that may
// not read still tells whose it is.
func TestUserinfoOfLittle(t *testing.T) {
	w := newWorld(t, 19)
	uid := w.odoo.UID("demo")
	_, err := w.odoo.DB(w.odoo.Database()).Call(orm.Env{UID: uid, Superuser: true}, "res.users", "write",
		[]any{[]any{uid}, map[string]any{"email": false, "tz": false, "lang": false}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	bearer, a := w.connect("wiki", "demo")
	c := w.claims[bearer]
	bearer = w.sign(token.Claims{
		Subject: c.Subject, ClientID: c.ClientID, TokenSet: c.TokenSet, Authorization: c.Authorization,
		IssuedAt: c.IssuedAt, ExpiresAt: c.ExpiresAt,
	})
	status, _, body := w.get(mePaths[0], bearer)
	want := map[string]any{
		"id": float64(uid), "sub": a.Subject, "login": "demo", "name": "Marc Demo", "db": w.odoo.Database(),
		"app": "Team wiki", "scopes": []any{}, "expires_at": float64(c.ExpiresAt.Unix()),
	}
	if status != http.StatusOK || !reflect.DeepEqual(body, want) {
		t.Errorf("%d %v, want %v", status, body, want)
	}
}

// M20, M21: one bearer token in the Authorization header, or a challenge; Odoo
// is not asked.
func TestM21_UserinfoRefused(t *testing.T) {
	w := newWorld(t, 19)
	bearer, a := w.connect("wiki", "demo")
	challenge := func(parameters string) string {
		return `Bearer realm="odoo"` + parameters + `, resource_metadata="` + w.url + `/.well-known/oauth-protected-resource/restapi/1.0"`
	}
	none := func(r *http.Request) { r.Header.Del("Authorization") }
	tests := map[string]struct {
		edit   func(*http.Request)
		want   string
		status int
	}{
		"no token": {none, challenge(""), 401},
		"in the query": {func(r *http.Request) {
			none(r)
			r.URL.RawQuery = "access_token=" + bearer
		}, challenge(""), 401},
		"session cookie": {func(r *http.Request) {
			none(r)
			r.Header.Set("Cookie", "session_id="+w.odoo.NewSession("demo"))
		}, challenge(""), 401},
		"nonsense": {func(r *http.Request) { r.Header.Set("Authorization", "Bearer nonsense") },
			challenge(`, error="invalid_token", error_description="The access token is not valid or has expired"`), 401},
		"two": {func(r *http.Request) { r.Header.Add("Authorization", "Bearer "+bearer) },
			challenge(`, error="invalid_request", error_description="The request must have one access token: Authorization: Bearer and the token"`), 400},
		"another scheme": {func(r *http.Request) { r.Header.Set("Authorization", "Digest x") }, challenge(""), 401},
		"no token in it": {func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") },
			challenge(`, error="invalid_request", error_description="The request must have one access token: Authorization: Bearer and the token"`), 400},
	}
	refused := func(name, want string, code int, edits ...func(*http.Request)) {
		for _, path := range mePaths {
			w.odoo.ForgetRequests()
			status, header, body := w.get(path, bearer, edits...)
			if status != code || header.Get("WWW-Authenticate") != want || header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s at %s: %d %v %v", name, path, status, header, body)
			}
			if body, _ := body.(map[string]any); body["code"] != float64(code) {
				t.Errorf("%s at %s: body %v", name, path, body)
			}
			if asked := w.odoo.Requests(); len(asked) > 0 {
				t.Errorf("%s: Odoo was asked: %v", name, asked)
			}
		}
	}
	for name, test := range tests {
		refused(name, test.want, test.status, test.edit)
	}
	if status, header, _ := w.get(mePaths[0], bearer, func(r *http.Request) { r.Method = http.MethodDelete }); status != http.StatusMethodNotAllowed || header.Get("Allow") != "GET, POST" {
		t.Errorf("DELETE: %d %v", status, header)
	}
	if err := w.store.RevokeAuthorization(t.Context(), a.ID, w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	refused("revoked", challenge(`, error="invalid_token", error_description="The access token has been revoked"`), 401)
}

// Only a proven end ends, here as everywhere.
func TestUserinfoWithOdooInTrouble(t *testing.T) {
	tests := []struct {
		name   string
		before func(o *odootest.Server)
		after  func(o *odootest.Server)
		status int
		again  int
	}{
		{"down", func(o *odootest.Server) { o.SetDown(true) }, func(o *odootest.Server) { o.SetDown(false) }, http.StatusServiceUnavailable, http.StatusOK},
		{"identity lock", func(o *odootest.Server) { o.LockIdentity("demo") }, func(o *odootest.Server) { o.Unlock("demo") }, http.StatusUnauthorized, http.StatusOK},
		{"session dead", func(o *odootest.Server) { o.ExpireSessions() }, func(*odootest.Server) {}, http.StatusUnauthorized, http.StatusUnauthorized},
		{"archived", func(o *odootest.Server) { o.Archive("demo") }, func(o *odootest.Server) { o.Unarchive("demo") }, http.StatusUnauthorized, http.StatusUnauthorized},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 19)
			bearer, _ := w.connect("wiki", "demo")
			tt.before(w.odoo)
			status, header, body := w.get(mePaths[0], bearer)
			if status != tt.status {
				t.Errorf("status %d, want %d; body %v", status, tt.status, body)
			}
			if status == http.StatusServiceUnavailable && header.Get("Retry-After") == "" {
				t.Error("503 without Retry-After")
			}
			if status == http.StatusUnauthorized && !strings.Contains(header.Get("WWW-Authenticate"), `error="invalid_token"`) {
				t.Errorf("challenge %q", header.Get("WWW-Authenticate"))
			}
			tt.after(w.odoo)
			if status, _, body := w.get(mePaths[0], bearer); status != tt.again {
				t.Errorf("afterwards: status %d, want %d; body %v", status, tt.again, body)
			}
		})
	}
}

// usedStore remembers what was used.
type usedStore struct {
	grant.Store
	used map[string]time.Time
}

func (s *usedStore) Used(id string, now time.Time) { s.used[id] = now }

// Asking whose token it is counts as use; asking in vain does not, and an
// answer without the person is no answer.
func TestUserinfoCountsAsUse(t *testing.T) {
	w := newWorld(t, 19)
	bearer, a := w.connect("wiki", "demo")
	spy := &usedStore{w.store, map[string]time.Time{}}
	w.gw.service.Load().store = spy
	nobody := func(orm.Env, []any, map[string]any) (any, error) { return []any{}, nil }
	if status, _, body := w.get(mePaths[0], bearer); status != http.StatusOK || !spy.used[a.ID].Equal(w.clock.Now()) {
		t.Errorf("%d %v, used %v", status, body, spy.used)
	}
	clear(spy.used)
	w.odoo.DB(w.odoo.Database()).Handle("res.users", "read", nobody)
	if status, _, body := w.get(mePaths[0], bearer); status != http.StatusInternalServerError || len(spy.used) > 0 {
		t.Errorf("%d %v, used %v", status, body, spy.used)
	}
}
