package connection

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// cooldown does what Odoo 18 does in res.users._assert_can_auth: by default ten
// failures from one address since the last success, and whoever comes from there
// within a minute of the last one is refused, whatever the key. A key that the
// worker remembers (tools.ormcache of check) is neither asked about nor counted.
type cooldown struct {
	http.RoundTripper
	clock    *clock.Fake
	failures int
	last     time.Time
	words    string
}

func (c *cooldown) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != "/jsonrpc" {
		return c.RoundTripper.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var rpc struct {
		Params struct {
			Service, Method string
			Args            []any
		}
	}
	_ = json.Unmarshal(body, &rpc)
	p := rpc.Params
	login := p.Service == "common" && p.Method == "authenticate"
	key := p.Service == "object" && len(p.Args) > 2 && p.Args[2] != ""
	if !login && !key {
		return c.RoundTripper.RoundTrip(r)
	}
	if c.failures >= 10 && c.clock.Now().Sub(c.last) < time.Minute {
		if login {
			return answer(r, `{"jsonrpc": "2.0", "id": 1, "result": false}`), nil
		}
		return answer(r, `{"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": {"name": "odoo.exceptions.AccessDenied", "message": "`+c.words+`", "arguments": [], "debug": ""}}}`), nil
	}
	res, err := c.RoundTripper.RoundTrip(r)
	if err != nil {
		return res, err
	}
	got, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(got))
	switch text := string(got); {
	case login && strings.Contains(text, `"result": false`), login && strings.Contains(text, `"result":false`), strings.Contains(text, "AccessDenied"):
		c.failures, c.last = c.failures+1, c.clock.Now()
	default:
		c.failures = 0
	}
	return res, nil
}

// Whoever holds a token for another database and sends it every ten seconds must
// not have Odoo lock out the address from which the gateway uses everybody's
// keys.
func TestDatabaseIsAskedWithoutALogin(t *testing.T) {
	for version := 16; version <= 20; version++ {
		w := newWorld(t, version)
		limit := &cooldown{RoundTripper: w.rt, clock: w.clock}
		for range 11 {
			if err := w.manager.Database(t.Context(), limit, agent); err != nil {
				t.Fatal(version, err)
			}
			w.clock.Advance(databaseAge)
		}
		if limit.failures > 0 {
			t.Errorf("%d: Odoo has counted %d failed logins", version, limit.failures)
		}
	}
}

// Odoo locks out an address, whoever's failed logins came from there, in the
// language it thinks its user speaks. That proves nothing about a key.
func TestKeyDuringALockout(t *testing.T) {
	for _, words := range []string{
		"Too many login failures, please wait a bit before trying again.",
		"Trop d'échecs de connexion, veuillez patienter avant de réessayer.",
	} {
		w := newWorld(t, 18)
		a, _ := w.demoKey()
		w.rt = &cooldown{RoundTripper: w.rt, clock: w.clock, words: words, failures: 10, last: w.clock.Now()}
		if err := w.do(a); !is(err, odoo.Unavailable) {
			t.Errorf("%s: %v", words, err)
		}
		if c := w.current(a).Connection; !c.Live() || c.Sealed == nil {
			t.Fatalf("%s: the connection by a good key has ended: %s", words, c.EndReason)
		}
		w.clock.Advance(time.Minute)
		w.mustDo(a)
	}
}

// answer is Odoo's to a request that never gets there.
func answer(r *http.Request, text string) *http.Response {
	return &http.Response{
		StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)),
	}
}
