package oauth

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

var errTest = errors.New("made to fail")

func TestRefreshRotates(t *testing.T) {
	w := newWorld(t)
	first := w.connect()
	second := w.token(refreshForm(first.RefreshToken)).tokens(t)
	third := w.token(refreshForm(second.RefreshToken)).tokens(t)
	if first.RefreshToken == second.RefreshToken || second.RefreshToken == third.RefreshToken {
		t.Error("the refresh token did not change")
	}
	a, _ := w.config.Keys.Verify(first.AccessToken)
	b, err := w.config.Keys.Verify(third.AccessToken)
	if err != nil || a.TokenSet != b.TokenSet || a.Subject != b.Subject || a.ID == b.ID {
		t.Errorf("claims %+v, then %+v (%v)", a, b, err)
	}
}

// A6: inside the grace a parent always yields the same child.
func TestA6_RefreshRaceYieldsOneChild(t *testing.T) {
	w := newWorld(t)
	first := w.connect()
	children := make([]string, 32)
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range children {
		wg.Go(func() {
			<-start
			children[i] = w.token(refreshForm(first.RefreshToken)).tokens(t).RefreshToken
		})
	}
	close(start)
	wg.Wait()
	for _, c := range children {
		if c != children[0] || c == "" {
			t.Fatalf("children differ: %q and %q", c, children[0])
		}
	}
	// Even when the child has been used, and up to the end of the grace.
	w.token(refreshForm(children[0])).tokens(t)
	w.clock.Advance(RefreshGrace)
	if again := w.token(refreshForm(first.RefreshToken)).tokens(t); again.RefreshToken != children[0] {
		t.Error("another child inside the grace")
	}
}

// A5: reuse after the grace ends the token set, and only that one.
func TestA5_RefreshReuse(t *testing.T) {
	w := newWorld(t)
	sibling := w.connect()
	first := w.connect()
	second := w.token(refreshForm(first.RefreshToken)).tokens(t)
	w.clock.Advance(RefreshGrace + time.Second)
	w.token(refreshForm(first.RefreshToken)).refused(t, 400, "invalid_grant")
	w.token(refreshForm(second.RefreshToken)).refused(t, 400, "invalid_grant")
	claims, _ := w.config.Keys.Verify(second.AccessToken)
	if set, err := w.store.TokenSet(t.Context(), claims.TokenSet); err != nil || set.EndReason != "refresh_reuse" {
		t.Errorf("token set %+v %v", set, err)
	}
	if w.kinds(audit.RefreshReuse) != 1 {
		t.Errorf("audit trail %v", w.audit.Kinds())
	}
	w.token(refreshForm(sibling.RefreshToken)).tokens(t)
}

// Reuse is found out even while Odoo is down.
func TestA5_RefreshReuseDuringAnOutage(t *testing.T) {
	w := newWorld(t)
	first := w.connect()
	w.token(refreshForm(first.RefreshToken)).tokens(t)
	w.clock.Advance(RefreshGrace + time.Second)
	w.conns.fail(&odoo.Error{Kind: odoo.Unavailable})
	w.token(refreshForm(first.RefreshToken)).refused(t, 400, "invalid_grant")
	if w.kinds(audit.RefreshReuse) != 1 {
		t.Errorf("audit trail %v", w.audit.Kinds())
	}
}

// A7 and "only a proven end ends".
func TestA7_RefreshAsksOdoo(t *testing.T) {
	tests := []struct {
		name   string
		err    error
		status int
		code   string
	}{
		{"logged out", &odoo.Error{Kind: odoo.SessionExpired}, 400, "invalid_grant"},
		{"may not connect", &odoo.Error{Kind: odoo.SessionExpired, Err: connection.ErrNotAllowed}, 400, "invalid_grant"},
		{"refused by a method", &odoo.Error{Kind: odoo.AccessDenied}, 503, "temporarily_unavailable"},
		{"identity check", &odoo.Error{Kind: odoo.CheckIdentity}, 200, ""},
		{"unreachable", &odoo.Error{Kind: odoo.Unavailable}, 503, "temporarily_unavailable"},
		{"answer too large", &odoo.Error{Kind: odoo.TooLarge}, 503, "temporarily_unavailable"},
		{"error in Odoo", &odoo.Error{Kind: odoo.Server}, 503, "temporarily_unavailable"},
		{"unknown", errTest, 503, "temporarily_unavailable"},
	}
	w := newWorld(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w.conns.fail(nil)
			tokens := w.connect()
			w.conns.fail(test.err)
			got := w.token(refreshForm(tokens.RefreshToken))
			if test.status == 200 {
				got.tokens(t)
				return
			}
			got.refused(t, test.status, test.code)
			if test.status == 503 && got.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			// Nothing was consumed: much later, past any grace, it works.
			w.clock.Advance(10 * RefreshGrace)
			w.conns.fail(nil)
			w.token(refreshForm(tokens.RefreshToken)).tokens(t)
		})
	}
}

// A connection that has ended says so without asking, and the refresh token
// works again once the person has come back.
func TestRefreshOfADormantConnection(t *testing.T) {
	w := newWorld(t)
	tokens := w.connect()
	claims, _ := w.config.Keys.Verify(tokens.AccessToken)
	a, err := w.store.Authorization(t.Context(), claims.Authorization)
	if err != nil {
		t.Fatal(err)
	}
	ended := a.Connection
	ended.Sealed, ended.Hash, ended.EndedAt, ended.EndReason = nil, "", w.clock.Now(), "logged_out"
	if err := w.store.UpdateConnection(t.Context(), a.ID, a.Connection.Hash, ended); err != nil {
		t.Fatal(err)
	}
	w.token(refreshForm(tokens.RefreshToken)).refused(t, 400, "invalid_grant")
	if w.conns.checked != 0 {
		t.Error("Odoo was asked over an ended connection")
	}
	b := w.browser("demo-session")
	if got := b.get(authorizeURL(query())); got.location(t).Query().Get("code") == "" {
		t.Fatalf("not silent: %d", got.StatusCode)
	}
	w.token(refreshForm(tokens.RefreshToken)).tokens(t)
}

func TestRefreshTokenExpires(t *testing.T) {
	w := newWorld(t)
	tokens := w.connect()
	w.clock.Advance(30 * 24 * time.Hour)
	w.token(refreshForm(tokens.RefreshToken)).refused(t, 400, "invalid_grant")
	if w.conns.checked != 0 {
		t.Error("Odoo was asked about an expired token")
	}
}

// A refresh token that the store does not know is never handed out.
func TestRefreshHandsOutWhatIsStored(t *testing.T) {
	w := newWorld(t)
	tokens := w.connect()
	w.store.child = grant.HashToken("another")
	w.token(refreshForm(tokens.RefreshToken)).refused(t, 500, "server_error")
}

// M17: a refresh never widens the scope.
func TestM17_RefreshScope(t *testing.T) {
	w := newWorld(t)
	tokens := w.connect()
	for scope, want := range map[string]string{
		"odoo.read": "", "odoo.write": "invalid_scope", "odoo.read odoo.write": "invalid_scope", "nonsense": "invalid_scope",
	} {
		got := w.token(refreshForm(tokens.RefreshToken, "scope", scope))
		if want == "" {
			tokens = got.tokens(t)
		} else {
			got.refused(t, 400, want)
		}
	}
	w.token(refreshForm(tokens.RefreshToken)).tokens(t)
}
