package caddymodule

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
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

	var granted []tokens
	var refreshed, authorized atomic.Int64
	o := reloadUnderLoad(t, s, func(l *load) {
		for i := range 3 {
			// Each chain of refresh tokens runs through all reloads. Where an
			// answer was lost, the same token is presented again, as the
			// grace allows.
			got := grantTokens(t, base)
			granted = append(granted, got)
			current := grantTokens(t, base)
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
		for {
			status, err := guess()
			if err != nil {
				t.Fatal(err)
			}
			if status == http.StatusTooManyRequests {
				break
			}
			if status != http.StatusUnauthorized {
				t.Fatalf("a guess: status %d", status)
			}
		}
	}, func() {
		status, err := guess()
		if err != nil && !lostConnection(err) {
			t.Error(err)
		}
		if err == nil && status != http.StatusTooManyRequests {
			t.Errorf("after a reload the throttled client gets %d", status)
		}
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

// grantTokens authorizes as a person, in a new session.
func grantTokens(t *testing.T, base string) tokens {
	t.Helper()
	user := newPerson(t, base)
	code, err := user.authorize("xyz")
	if err != nil {
		t.Fatal(err)
	}
	got, err := redeem(user.client, base, code)
	if err != nil {
		t.Fatal(err)
	}
	return got
}
