package oauth

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// Of 64 redemptions of one code at once exactly one succeeds, a thousand times
// over, with a real store that syncs every write. The codes go straight into
// the store, and the requests into the handler: what is raced is all there.
func TestA1_OneOf64RedemptionsAThousandTimes(t *testing.T) {
	const racers = 64
	rounds := 1000
	if testing.Short() {
		rounds = 50
	}
	w := newWorld(t)
	a := w.authorization(w.connect())
	server := w.current()
	var won, refused int
	for range rounds {
		code, now := grant.NewToken(), w.clock.Now()
		err := w.store.IssueCode(t.Context(), grant.Code{
			Hash: grant.HashToken(code), Authorization: a.ID, Application: a.Application, RedirectURI: wikiURI,
			Scope: []string{ScopeRead}, IssuedAt: now, ExpiresAt: now.Add(time.Minute),
		})
		if err != nil {
			t.Fatal(err)
		}
		form := redeemForm(code).Encode()
		var racing sync.WaitGroup
		start := make(chan struct{})
		statuses := make([]int, racers)
		for i := range statuses {
			racing.Go(func() {
				r := httptest.NewRequest(http.MethodPost, AccessTokenPath, strings.NewReader(form))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				answer := httptest.NewRecorder()
				<-start
				server.AccessToken(answer, r, nil)
				statuses[i] = answer.Code
			})
		}
		close(start)
		racing.Wait()
		here := 0
		for _, status := range statuses {
			switch status {
			case http.StatusOK:
				here++
			case http.StatusBadRequest:
				refused++
			default:
				t.Fatalf("status %d", status)
			}
		}
		if here != 1 {
			t.Fatalf("%d of %d redemptions of one code succeeded", here, racers)
		}
		won++
	}
	if won != rounds || refused != rounds*(racers-1) {
		t.Errorf("%d succeeded, %d were refused", won, refused)
	}
}

// authorization is the one behind tokens.
func (w *world) authorization(tokens answer) grant.Authorization {
	w.t.Helper()
	claims, err := w.config.Keys.Verify(tokens.AccessToken)
	if err != nil {
		w.t.Fatal(err)
	}
	a, err := w.store.Authorization(w.t.Context(), claims.Authorization)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}
