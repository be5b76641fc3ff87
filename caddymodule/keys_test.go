package caddymodule

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/token"
)

// algorithmOf reads the header of an access token.
func algorithmOf(t *testing.T, access string) string {
	t.Helper()
	head, _, _ := strings.Cut(access, ".")
	var header struct {
		Algorithm string `json:"alg"`
	}
	raw, err := base64.RawURLEncoding.DecodeString(head)
	if err == nil {
		err = json.Unmarshal(raw, &header)
	}
	if err != nil {
		t.Fatal(err)
	}
	return header.Algorithm
}

// Keys are rotated while tokens go on working, replaced where they must not,
// and made for another algorithm by a reload.
func TestAdministratorRotatesKeys(t *testing.T) {
	s, _ := newOdooSite(t)
	m := newMachine(t)
	p := m.start(s.caddyfile(), s.admin)
	base := "http://" + s.addr
	user, got := connected(t, base)
	run := func(want int, args ...string) string {
		t.Helper()
		out, errOut, status := m.odooGateway(append(append([]string{"keys"}, args...), "--address", s.admin)...)
		if status != want {
			t.Fatalf("%v: status %d: %s%s", args, status, out, errOut)
		}
		return out + errOut
	}
	states := func() (all []string) {
		t.Helper()
		for _, k := range jsonLines[signingKey](t, run(0, "list", "--json")) {
			all = append(all, k.Algorithm+" "+k.State)
		}
		return all
	}
	expect := func(want ...string) {
		t.Helper()
		if got := states(); strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("keys %q, want %q", got, want)
		}
	}
	expect("RS256 signs")
	first := jsonLines[signingKey](t, run(0, "list", "--json"))[0].ID
	if out := run(0, "list"); !strings.HasPrefix(out, "KEY ") || !strings.Contains(out, first+"  RS256      signs  20") {
		t.Errorf("the table is\n%s", out)
	}

	if out, errOut, status := m.odooGateway("audit", "list", "--kind", "administration_read", "--json", "--address", s.admin); status != 0 || strings.Count(out, `"what":"keys"`) != 3 {
		t.Errorf("the audit trail has %s%s", out, errOut)
	}

	if out := run(0, "rotate", "--gateway", "erp"); !strings.Contains(out, "\nmade ") || strings.Contains(out, "made "+first) {
		t.Errorf("rotated: %s", out)
	}
	expect("RS256 signs", "RS256 waits")
	if out := run(1, "rotate"); !strings.Contains(out, "a rotation is under way") {
		t.Errorf("again: %s", out)
	}
	run(1, "rotate", "--gateway", "other")
	run(1, "rotate", "--at-once")
	expect("RS256 signs", "RS256 waits")
	if err := read(user.client, base, got.Access); err != nil {
		t.Error(err)
	}

	if out := run(0, "rotate", "--at-once", "--yes", "--json"); !strings.HasPrefix(out, `{"made":"`) {
		t.Errorf("replaced: %s", out)
	}
	expect("RS256 signs")
	if err := read(user.client, base, got.Access); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("reading with a token of a key that was replaced: %v", err)
	}
	got, err := refresh(user.client, base, got.Refresh)
	if err != nil {
		t.Fatal(err)
	}
	if err := read(user.client, base, got.Access); err != nil || algorithmOf(t, got.Access) != token.RS256 {
		t.Errorf("%v, signed with %s", err, algorithmOf(t, got.Access))
	}

	if err := p.load(strings.Replace(s.caddyfile(), "database demo19", "database demo19\n\t\t\tsigning_algorithm EdDSA", 1)); err != nil {
		t.Fatal(err)
	}
	if err := read(user.client, base, got.Access); err != nil {
		t.Errorf("reading with a token of before: %v", err)
	}
	if got, err = refresh(user.client, base, got.Refresh); err != nil {
		t.Fatal(err)
	}
	if err := read(user.client, base, got.Access); err != nil || algorithmOf(t, got.Access) != token.EdDSA {
		t.Errorf("%v, signed with %s", err, algorithmOf(t, got.Access))
	}
	if all := states(); len(all) != 2 || all[1] != "EdDSA signs" {
		t.Errorf("keys %q", all)
	}
	if strings.Contains(p.out.String(), got.Access) || !strings.Contains(p.out.String(), `"actor":"admin"`) {
		t.Error("a token was logged, or the rotations were not")
	}
}

func TestKeyEndpointsRefuse(t *testing.T) {
	s := newSite(t)
	newMachine(t).start(s.caddyfile(), s.admin)
	for _, tt := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", keysEndpoint, "", 405, "use GET"},
		{"GET", rotateEndpoint, "", 405, "use POST"},
		{"GET", keysEndpoint + "?gatway=erp", "", 400, "unknown parameter"},
		{"GET", keysEndpoint + "?gateway=other", "", 404, "there is no gateway"},
		{"POST", rotateEndpoint, "", 400, "the body is not as expected"},
		{"POST", rotateEndpoint, `{"atonce": true}`, 400, "unknown field"},
		{"POST", rotateEndpoint, `{"gateway": "other"}`, 404, "there is no gateway"},
	} {
		status, body := s.ask(t, tt.method, tt.path, tt.body, nil)
		if status != tt.status || !strings.Contains(body, tt.want) {
			t.Errorf("%s %s %s: %d %s\nwant %d %s", tt.method, tt.path, tt.body, status, body, tt.status, tt.want)
		}
	}
	// A page in a browser is another origin, and Caddy's to refuse.
	if status, body := s.ask(t, "POST", rotateEndpoint, `{}`, http.Header{"Origin": {"https://evil.example"}}); status != http.StatusForbidden {
		t.Errorf("%d %s", status, body)
	}
}

func TestKeyStates(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	for want, k := range map[string]token.Key{
		"signs":    {Signs: true, SignsFrom: now},
		"waits":    {SignsFrom: now.Add(time.Second)},
		"verifies": {SignsFrom: now.Add(-time.Second), EndsAt: now.Add(time.Hour)},
	} {
		if got := keyView(k, now).State; got != want {
			t.Errorf("%+v is %s, want %s", k, got, want)
		}
	}
}
