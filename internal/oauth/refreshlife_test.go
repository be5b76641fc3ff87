package oauth

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
)

const day = 24 * time.Hour

// M18: a refresh token ends after a time without use, and all of them a time
// after the code was redeemed, however often they are used.
func TestM18_RefreshEnds(t *testing.T) {
	w := newWorld(t)
	limits := func(a *application.Application) { a.RefreshTokenExpiry, a.RefreshTokenMaxAge = 30*day, 70*day }
	w.change("wiki", limits)
	idle := w.connect()
	w.clock.Advance(30 * day)
	w.token(refreshForm(idle.RefreshToken)).refused(t, 400, "invalid_grant")

	tokens := w.connect()
	if tokens.RefreshExpiresIn != int64(30*day/time.Second) {
		t.Errorf("the first one ends in %d", tokens.RefreshExpiresIn)
	}
	for range 2 {
		w.clock.Advance(30*day - time.Second)
		parent := tokens.RefreshToken
		tokens = w.token(refreshForm(parent)).tokens(t)
		again := w.token(refreshForm(parent)).tokens(t) // in the grace
		if again.RefreshToken != tokens.RefreshToken || again.RefreshExpiresIn != tokens.RefreshExpiresIn {
			t.Errorf("the child ends in %d, then in %d", tokens.RefreshExpiresIn, again.RefreshExpiresIn)
		}
	}
	// Sixty days have passed but for two seconds: the cap comes first.
	if want := int64(10*day/time.Second) + 2; tokens.RefreshExpiresIn != want {
		t.Errorf("the last one ends in %d, want %d", tokens.RefreshExpiresIn, want)
	}
	w.clock.Advance(10*day + 1500*time.Millisecond)
	last := w.token(refreshForm(tokens.RefreshToken)).tokens(t)
	if last.RefreshExpiresIn != 1 { // half a second, but 0 would be never
		t.Errorf("the very last one ends in %d", last.RefreshExpiresIn)
	}
	w.clock.Advance(500 * time.Millisecond)
	w.token(refreshForm(last.RefreshToken)).refused(t, 400, "invalid_grant")
}

// The cap of today counts for tokens of yesterday.
func TestM18_MaxAgeMayBeSetLater(t *testing.T) {
	w := newWorld(t)
	w.change("wiki", func(a *application.Application) { a.RefreshTokenExpiry = 0 })
	tokens := w.connect()
	if tokens.RefreshExpiresIn != 0 {
		t.Errorf("an endless token ends in %d", tokens.RefreshExpiresIn)
	}
	w.clock.Advance(10 * day)
	capped := func(age time.Duration) {
		w.change("wiki", func(a *application.Application) { a.RefreshTokenExpiry, a.RefreshTokenMaxAge = 0, age })
	}
	issued := w.clock.Now().Add(-10 * day)
	introspected := func() (found introspection) {
		if err := json.Unmarshal([]byte(w.introspect(tokens.RefreshToken).text), &found); err != nil {
			t.Fatal(err)
		}
		return found
	}
	asked := w.conns.checked
	capped(10 * day)
	if introspected().Active {
		t.Error("active at its maximal age")
	}
	w.token(refreshForm(tokens.RefreshToken)).refused(t, 400, "invalid_grant")
	if w.conns.checked != asked {
		t.Error("Odoo was asked about a token that is too old")
	}
	capped(11 * day)
	if found := introspected(); !found.Active || found.ExpiresAt != issued.Add(11*day).Unix() {
		t.Errorf("before its maximal age: %+v", found)
	}
	if got := w.token(refreshForm(tokens.RefreshToken)).tokens(t); got.RefreshExpiresIn != int64(day/time.Second) {
		t.Errorf("ends in %d", got.RefreshExpiresIn)
	}
	capped(10*day + time.Hour)
	if again := w.token(refreshForm(tokens.RefreshToken)).tokens(t); again.RefreshExpiresIn != 3600 { // in the grace
		t.Errorf("the same child ends in %d", again.RefreshExpiresIn)
	}
}

// What was issued for ever ends as well once there is an end for refresh tokens:
// whoever sets one after a leak wants it to.
func TestM18_ExpiryMayBeSetLater(t *testing.T) {
	for _, static := range []bool{false, true} {
		w := newWorld(t)
		lasting := func(d time.Duration) {
			w.change("wiki", func(a *application.Application) { a.RefreshTokenExpiry, a.StaticRefresh = d, static })
		}
		lasting(0)
		tokens := w.connect()
		issued := w.clock.Now()
		w.clock.Advance(10 * day)
		asked := w.conns.checked
		lasting(10 * day)
		w.token(refreshForm(tokens.RefreshToken)).refused(t, 400, "invalid_grant")
		if said := w.introspect(tokens.RefreshToken).text; !strings.Contains(said, `"active":false`) || w.conns.checked != asked {
			t.Errorf("static %v: at its end: %s, Odoo asked %d times", static, said, w.conns.checked-asked)
		}
		lasting(11 * day)
		if said := w.introspect(tokens.RefreshToken).text; !strings.Contains(said, fmt.Sprintf(`"exp":%d`, issued.Add(11*day).Unix())) {
			t.Errorf("static %v: before its end: %s", static, said)
		}
		got := w.token(refreshForm(tokens.RefreshToken)).tokens(t)
		if want := int64(day / time.Second); static && got.RefreshExpiresIn != want || !static && got.RefreshExpiresIn != 11*want {
			t.Errorf("static %v: the token that comes ends in %d", static, got.RefreshExpiresIn)
		}
	}
}

// With rotation off there is one refresh token, which ends when it was said to.
func TestStaticRefresh(t *testing.T) {
	w := newWorld(t)
	static := func(a *application.Application) { a.StaticRefresh = true }
	w.change("wiki", static)
	first := w.connect()
	seen := map[string]bool{first.AccessToken: true}
	for i := range 3 {
		w.clock.Advance(9 * day)
		again := w.token(refreshForm(first.RefreshToken)).tokens(t)
		if again.RefreshToken != first.RefreshToken || seen[again.AccessToken] {
			t.Fatal("another refresh token, or an access token of before")
		}
		if want := first.RefreshExpiresIn - int64(i+1)*int64(9*day/time.Second); again.RefreshExpiresIn != want {
			t.Errorf("ends in %d, want %d", again.RefreshExpiresIn, want)
		}
		seen[again.AccessToken] = true
	}
	if w.kinds(audit.TokenRefreshed) != 3 {
		t.Errorf("audit trail %v", w.audit.Kinds())
	}
	w.conns.fail(errTest) // Odoo is asked as ever
	w.token(refreshForm(first.RefreshToken)).refused(t, 503, "temporarily_unavailable")
	w.conns.fail(nil)
	w.clock.Advance(3 * day)
	w.token(refreshForm(first.RefreshToken)).refused(t, 400, "invalid_grant")

	revoked := w.connect()
	w.revoke(revoked.RefreshToken)
	w.token(refreshForm(revoked.RefreshToken)).refused(t, 400, "invalid_grant")
	capped := w.connect()
	w.change("wiki", func(a *application.Application) { a.StaticRefresh, a.RefreshTokenMaxAge = true, day })
	if got := w.token(refreshForm(capped.RefreshToken)).tokens(t); got.RefreshExpiresIn != int64(day/time.Second) {
		t.Errorf("ends in %d, after its maximal age", got.RefreshExpiresIn)
	}
}

// A token that was rotated keeps to the rules of rotation when that is
// switched off, and one from before rotates when it is switched on.
func TestStaticRefreshAfterRotation(t *testing.T) {
	w := newWorld(t)
	first := w.connect()
	second := w.token(refreshForm(first.RefreshToken)).tokens(t)
	w.change("wiki", func(a *application.Application) { a.StaticRefresh = true })
	if got := w.token(refreshForm(first.RefreshToken)).tokens(t); got.RefreshToken != second.RefreshToken {
		t.Error("a rotated token does not yield its child")
	}
	if got := w.token(refreshForm(second.RefreshToken)).tokens(t); got.RefreshToken != second.RefreshToken {
		t.Error("the child rotates")
	}
	w.reload(applications())
	third := w.token(refreshForm(second.RefreshToken)).tokens(t)
	if third.RefreshToken == second.RefreshToken {
		t.Error("does not rotate again")
	}
	w.change("wiki", func(a *application.Application) { a.StaticRefresh = true })
	w.clock.Advance(RefreshGrace + time.Second)
	w.token(refreshForm(first.RefreshToken)).refused(t, 400, "invalid_grant")
	w.token(refreshForm(third.RefreshToken)).refused(t, 400, "invalid_grant")
	if w.kinds(audit.RefreshReuse) != 1 {
		t.Errorf("audit trail %v", w.audit.Kinds())
	}
}

func TestValidityFormat(t *testing.T) {
	// The documented date is in UTC, wherever the server stands.
	at := time.Date(2017, 7, 20, 20, 30, 5, 0, time.FixedZone("", 9*3600))
	if got := validity(&application.Application{}, time.Hour, at); got != "7/20/2017 11:30:05" {
		t.Errorf("the date: %v", got)
	}
	w := newWorld(t)
	w.change("wiki", func(a *application.Application) { a.ValiditySeconds, a.AccessTokenExpiry = true, 90*time.Second })
	got := w.token(redeemForm(w.browser("demo-session").code(query())))
	if !strings.Contains(got.text, `"access_token_validity":90}`) {
		t.Errorf("answer %s", got.text)
	}
	if again := w.token(refreshForm(got.tokens(t).RefreshToken)); !strings.Contains(again.text, `"access_token_validity":90}`) {
		t.Errorf("answer %s", again.text)
	}
}

func TestEarlier(t *testing.T) {
	never, soon, late := time.Time{}, time.Unix(1, 0), time.Unix(2, 0)
	for _, test := range [][3]time.Time{{never, never, never}, {never, soon, soon}, {soon, never, soon}, {soon, late, soon}, {late, soon, soon}} {
		if got := earlier(test[0], test[1]); !got.Equal(test[2]) {
			t.Errorf("of %v and %v: %v", test[0], test[1], got)
		}
	}
}

// A token keeps the end that it was issued with, also where the cap is lifted.
func TestM18_NoTokenOutlivesItsCap(t *testing.T) {
	w := newWorld(t)
	w.change("wiki", func(a *application.Application) { a.RefreshTokenMaxAge = 10 * day })
	first := w.connect()
	parent := w.connect()
	w.clock.Advance(5 * day)
	second := w.token(refreshForm(parent.RefreshToken)).tokens(t)
	w.reload(applications())
	w.clock.Advance(5 * day)
	w.token(refreshForm(first.RefreshToken)).refused(t, 400, "invalid_grant")
	w.token(refreshForm(second.RefreshToken)).refused(t, 400, "invalid_grant")
}
