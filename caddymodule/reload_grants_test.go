package caddymodule

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/throttle"
)

// TestReloadsKeepAuthorizations reloads while people authorize, and while
// applications refresh and read. Nothing that was granted may be lost, and a
// client that is throttled stays so.
func TestReloadsKeepAuthorizations(t *testing.T) {
	s, _ := newOdooSite(t)
	s.echo = echoServer(t)
	base := "http://" + s.addr
	client := &http.Client{Transport: numbered{&http.Transport{DisableKeepAlives: true}}}

	// Another network guesses secrets. It has a throttle of its own.
	guesser := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, 2)}}).DialContext,
	}}
	guess := func() (int, error) {
		_, status, err := fetch(guesser, base, "access_token", "guess", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}})
		return status, err
	}

	var throttled time.Time // since when the guesser is
	var granted []tokens
	var refreshed, authorized atomic.Int64
	o := reloadUnderLoad(t, s, func(l *load) {
		for i := range 3 {
			// Each chain of refresh tokens runs through all reloads. Where an
			// answer was lost, the same token is presented again, as the
			// grace allows.
			_, got := connected(t, base)
			granted = append(granted, got)
			_, current := connected(t, base)
			l.run(fmt.Sprintf("refresh chain %d", i), func() error {
				next, err := refresh(client, base, current.Refresh)
				if err != nil {
					return err
				}
				refreshed.Add(1)
				current = next
				return read(client, base, next.Access)
			})
		}
		l.run("authorize", func() error {
			user := newPerson(t, base)
			code, err := user.authorize("xyz")
			if err != nil {
				return err
			}
			got, err := redeem(client, base, code)
			if err != nil {
				return err
			}
			authorized.Add(1)
			return read(client, base, got.Access)
		})
		if free := guesses(t, guess); free == 0 {
			t.Fatal("the guesser was throttled before the first guess")
		}
		throttled = time.Now()
	}, func() {
		// Time earns a guess now and then; a throttle that was reset would
		// give the whole burst.
		earned := int(time.Since(throttled)/throttle.DefaultEvery) + 1
		if free := guesses(t, guess); free > earned {
			t.Errorf("after a reload the throttled client has %d guesses, time has earned it %d", free, earned)
		}
		throttled = time.Now()
		// What was granted before the first reload works after each.
		for i, g := range granted {
			if err := read(client, base, g.Access); err != nil && !lostConnection(err) {
				t.Errorf("authorization %d after a reload: %v", i, err)
			}
		}
	})
	o.check(t, "the gateway before Odoo")
	t.Logf("%d refreshes, %d new authorizations", refreshed.Load(), authorized.Load())
	if refreshed.Load() < reloads || authorized.Load() == 0 {
		t.Error("too little happened to prove anything")
	}
}

// guesses guesses until the throttle stops it, and returns how often it was
// let. A connection that is lost at a handover is no guess.
func guesses(t *testing.T, guess func() (int, error)) (free int) {
	t.Helper()
	for {
		status, err := guess()
		switch {
		case lostConnection(err):
		case err != nil:
			t.Error(err)
			return free
		case status == http.StatusUnauthorized:
			free++
		case status == http.StatusTooManyRequests:
			return free
		default:
			t.Errorf("a guess: status %d", status)
			return free
		}
	}
}
