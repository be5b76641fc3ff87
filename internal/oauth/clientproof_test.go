package oauth

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/caddy-odoo/gateway/internal/application"
)

// hashed is a secret configured by its hash.
func hashed(t testing.TB, plain string) application.Secret {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(plain), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	s, err := application.NewHashedSecret(string(hash))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Each of an application's secrets works, so that one can replace the other,
// whether it is configured plain or hashed.
func TestTwoSecrets(t *testing.T) {
	w := newWorld(t)
	w.change("wiki", func(a *application.Application) {
		a.Secrets = []application.Secret{application.NewSecret("the old one"), hashed(t, "the new%one")}
	})
	basic := func(secret string) reply {
		return w.header(AccessTokenPath, "Basic "+base64.StdEncoding.EncodeToString([]byte("wiki:"+secret)),
			refreshForm("unknown", "client_id", "", "client_secret", ""))
	}
	for _, secret := range []string{"the old one", "the new%one"} {
		w.token(refreshForm("unknown", "client_secret", secret)).refused(t, 400, "invalid_grant")
		basic(secret).refused(t, 400, "invalid_grant")
		basic(url.QueryEscape(secret)).refused(t, 400, "invalid_grant")
	}
	for _, secret := range []string{"secret of wiki", "the old one ", "the new one", ""} {
		w.token(refreshForm("unknown", "client_secret", secret)).refused(t, 401, "invalid_client")
	}
	w.change("wiki", func(a *application.Application) { a.Secrets = []application.Secret{hashed(t, "the new%one")} })
	w.token(refreshForm("unknown", "client_secret", "the old one")).refused(t, 401, "invalid_client")
	w.token(refreshForm("unknown", "client_secret", "the new%one")).refused(t, 400, "invalid_grant")
}

// Guesses at a hashed secret are stopped before they are hashed: of many at
// once no more get through than may fail in a row.
func TestM14_HashedSecretsAreThrottledBeforeTheHash(t *testing.T) {
	w := newWorld(t)
	w.change("wiki", func(a *application.Application) { a.Secrets = []application.Secret{hashed(t, "right")} })
	w.token(refreshForm("x", "client_secret", "right")).refused(t, 400, "invalid_grant")
	for _, client := range []string{"wiki", "nobody"} {
		statuses := make([]int, 50)
		var wg sync.WaitGroup
		for i := range statuses {
			wg.Go(func() {
				statuses[i] = w.token(refreshForm("x", "client_id", client, "client_secret", "guess")).StatusCode
			})
		}
		wg.Wait()
		compared := 0
		for _, status := range statuses {
			switch status {
			case http.StatusUnauthorized:
				compared++
			case http.StatusTooManyRequests:
			default:
				t.Errorf("status %d", status)
			}
		}
		// Ten in a row, and one for each other comparison under way.
		if most := 10 + cap(w.config.Memory.slow.running); compared < 10 || compared > most {
			t.Errorf("%s: %d guesses were compared, want 10 to %d", client, compared, most)
		}
	}
}

// Whoever has to be hashed waits for a turn, and too many are sent away;
// clients whose secret is known or needs no hash do not wait.
func TestSlowSecretsWaitForATurn(t *testing.T) {
	w := newWorld(t)
	w.change("wiki", func(a *application.Application) { a.Secrets = []application.Secret{hashed(t, "right")} })
	form := refreshForm("x", "client_secret", "right")
	w.token(form).refused(t, 400, "invalid_grant")

	memory := w.config.Memory
	running := cap(memory.slow.running)
	var done []func()
	for range running {
		d, f := memory.turn(t.Context())
		if f != nil {
			t.Fatal(f)
		}
		done = append(done, d)
	}
	w.token(form).refused(t, 400, "invalid_grant") // known
	w.token(refreshForm("x", "client_id", "rival", "client_secret", "secret of rival")).refused(t, 400, "invalid_grant")
	w.token(refreshForm("x", "client_id", "native", "client_secret", "")).refused(t, 400, "invalid_grant")

	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	results := make(chan *failure, maxWaiting)
	for range maxWaiting {
		memory.slow.waiting <- struct{}{}
	}
	got := w.token(refreshForm("x", "client_secret", "guess"))
	got.refused(t, 503, "temporarily_unavailable")
	if got.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	for range maxWaiting {
		<-memory.slow.waiting
	}
	wg.Go(func() {
		_, f := memory.turn(ctx)
		results <- f
	})
	cancel()
	wg.Wait()
	if f := <-results; f == nil {
		t.Error("a turn for a client that has gone")
	}
	for _, d := range done {
		d()
	}
	w.token(refreshForm("x", "client_secret", "guess")).refused(t, 401, "invalid_client")
	if len(memory.slow.running) != 0 || len(memory.slow.waiting) != 0 {
		t.Errorf("%d running, %d waiting", len(memory.slow.running), len(memory.slow.waiting))
	}
}
