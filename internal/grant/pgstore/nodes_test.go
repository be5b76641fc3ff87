package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/pgstore"
	"github.com/caddy-odoo/gateway/internal/grant/pgtest"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func person(application, subject string) grant.Authorization {
	return grant.Authorization{
		ID: grant.NewID(), Application: application, Subject: subject, Database: "prod", UID: 7, Login: "demo",
		Scope: []string{"odoo.read"}, Connection: session("session of " + subject + " at " + application), CreatedAt: start, ConsentedAt: start,
	}
}

func session(id string) grant.Connection {
	return grant.Connection{Kind: grant.Session, Sealed: []byte("sealed " + id), Hash: grant.HashToken(id), Since: start}
}

// grants makes an authorization with a code and a token set, and returns what leads
// to them.
type grants struct {
	a       grant.Authorization
	code    string // not redeemed
	set     grant.TokenSet
	refresh string
}

func connected(t *testing.T, s grant.Store, subject string) (g grants) {
	t.Helper()
	a, err := s.Consent(t.Context(), person("wiki", subject))
	if err != nil {
		t.Fatal(err)
	}
	g.a, g.code = a, issue(t, s, a)
	r := redemption(issue(t, s, a))
	g.refresh = r.Refresh.Hash
	if g.set, _, err = s.RedeemCode(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return g
}

func issue(t testing.TB, s grant.Store, a grant.Authorization) string {
	t.Helper()
	hash := grant.HashToken(grant.NewToken())
	err := s.IssueCode(t.Context(), grant.Code{
		Hash: hash, Authorization: a.ID, Application: a.Application, RedirectURI: "https://wiki.example/cb", IssuedAt: start, ExpiresAt: start.Add(10 * time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func redemption(hash string) grant.Redemption {
	return grant.Redemption{
		Hash: hash, Application: "wiki", Now: start.Add(time.Minute),
		TokenSet: grant.TokenSet{ID: grant.NewID(), FamilyKey: []byte("family"), CreatedAt: start.Add(time.Minute)},
		Refresh:  grant.RefreshToken{Hash: grant.HashToken(grant.NewToken()), IssuedAt: start.Add(time.Minute)},
	}
}

func rotation(parent string) grant.Rotation {
	return grant.Rotation{
		Hash: parent, Application: "wiki", Now: start.Add(2 * time.Minute), Grace: time.Minute,
		Child: grant.RefreshToken{Hash: grant.HashToken(grant.NewToken()), IssuedAt: start.Add(2 * time.Minute)},
	}
}

// eventually waits for something that another goroutine or node does.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatal(what + ": not within a minute")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// TestWhatOneNodeEndsAllRefuse: whatever another node has in memory of it, with
// notifications and without.
func TestWhatOneNodeEndsAllRefuse(t *testing.T) {
	for _, way := range []string{"notified", "muted", "a server that knows no LISTEN"} {
		t.Run(way, func(t *testing.T) {
			o := fresh(t)
			switch way {
			case "notified":
				o.PollEvery = time.Hour // nothing is seen but by a notification
			case "a server that knows no LISTEN":
				relay := pgtest.NewRelay(t, pgtest.Shared(t))
				relay.Spoil("LISTEN ")
				o.DSN = relay.DSN()
			}
			one, other := open(t, o), open(t, o)
			if way == "muted" {
				pgstore.Mute(one)
			}
			a, b := one.Store("erp"), other.Store("erp")
			revoked, ended, moved := connected(t, a, "revoked"), connected(t, a, "ended"), connected(t, a, "moved")
			next := session("next")
			for range 2 { // the second time from memory
				for _, g := range []grants{revoked, ended, moved} {
					if set, err := b.TokenSet(t.Context(), g.set.ID); err != nil || !set.Live() {
						t.Fatalf("%+v, error %v", set, err)
					}
				}
				if all, err := b.AuthorizationsBySession(t.Context(), next.Hash); err != nil || len(all) != 0 {
					t.Fatalf("%d hold the next session, error %v", len(all), err)
				}
			}
			keys := b.(interface{ SigningKeysChanges() uint64 })
			before := keys.SigningKeysChanges()
			for _, err := range []error{
				a.RevokeAuthorization(t.Context(), revoked.a.ID, start),
				a.EndTokenSet(t.Context(), ended.set.ID, "revoked", start),
				a.UpdateConnection(t.Context(), moved.a.ID, moved.a.Connection.Hash, next),
				a.UpdateSigningKeys(t.Context(), func([]grant.SigningKey) ([]grant.SigningKey, error) {
					return []grant.SigningKey{{ID: "key", Algorithm: "RS256", CreatedAt: start}}, nil
				}),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			for _, g := range []grants{revoked, ended} {
				eventually(t, "what has ended is refused", func() bool {
					set, err := b.TokenSet(t.Context(), g.set.ID)
					return err == nil && !set.Live()
				})
			}
			eventually(t, "a session is followed", func() bool {
				all, err := b.AuthorizationsBySession(t.Context(), next.Hash)
				return err == nil && len(all) == 1 && all[0].ID == moved.a.ID
			})
			eventually(t, "signing keys are known to have changed", func() bool { return keys.SigningKeysChanges() > before })
			if set, err := b.TokenSet(t.Context(), moved.set.ID); err != nil || !set.Live() {
				t.Errorf("what has not ended: %+v, error %v", set, err)
			}
		})
	}
}

// TestChangesThatAreNotKeptForgetAll: a node that was away for longer than changes
// are kept believes nothing of what it has in memory.
func TestChangesThatAreNotKeptForgetAll(t *testing.T) {
	for name, lose := range map[string]string{
		"all":                       `DELETE FROM changes`,
		"the first":                 `DELETE FROM changes WHERE number = (SELECT max(number) FROM changes) - 1`,
		"a store that was put back": `DELETE FROM changes; UPDATE changes_head SET number = 1`,
	} {
		t.Run(name, func(t *testing.T) {
			o := fresh(t)
			one := open(t, o)
			g := connected(t, one.Store("erp"), "sub-1")
			o.PollEvery = 20 * time.Millisecond
			other := open(t, o)
			b := other.Store("erp")
			if set, err := b.TokenSet(t.Context(), g.set.ID); err != nil || !set.Live() {
				t.Fatalf("%+v, error %v", set, err)
			}
			run(t, o, `BEGIN;
				UPDATE authorizations SET revoked_at = now(), live_key = NULL;
				UPDATE changes_head SET number = number + 2;
				INSERT INTO changes SELECT number - n, 'erp', 'token_set', 'another', now() FROM changes_head, generate_series(0, 1) AS s (n);
				`+lose+`; COMMIT`)
			eventually(t, "the revocation is seen", func() bool {
				set, err := b.TokenSet(t.Context(), g.set.ID)
				return err == nil && !set.Live()
			})
		})
	}
}

// TestOneCodeOverThreeNodes: of 64 redemptions at once one succeeds.
func TestOneCodeOverThreeNodes(t *testing.T) {
	o := fresh(t)
	const clients, codes = 64, 5
	var nodes []grant.Store
	for range 3 {
		nodes = append(nodes, open(t, o).Store("erp"))
	}
	a, err := nodes[0].Consent(t.Context(), person("wiki", "sub-1"))
	if err != nil {
		t.Fatal(err)
	}
	for range codes {
		hash := issue(t, nodes[0], a)
		var won, lost sync.Map
		var all sync.WaitGroup
		for i := range clients {
			all.Go(func() {
				set, _, err := nodes[i%len(nodes)].RedeemCode(t.Context(), redemption(hash))
				switch {
				case err == nil:
					won.Store(i, set.ID)
				case errors.Is(err, grant.ErrConsumed):
					lost.Store(i, true)
				default:
					t.Errorf("client %d: %v", i, err)
				}
			})
		}
		all.Wait()
		if count(&won) != 1 || count(&lost) != clients-1 {
			t.Errorf("%d of %d won, %d lost", count(&won), clients, count(&lost))
		}
	}
}

func count(m *sync.Map) (n int) {
	m.Range(func(any, any) bool { n++; return true })
	return n
}

// TestTurnsAreOneNodes: until its time is over, and each by itself.
func TestTurnsAreOneNodes(t *testing.T) {
	o := fresh(t)
	one, other := open(t, o), open(t, o)
	for i, c := range []struct {
		db   *pgstore.DB
		name string
		want bool
	}{{one, "sweep", true}, {other, "sweep", false}, {one, "sweep", true}, {other, "another", true}, {one, "another", false}} {
		if mine, err := c.db.TakeTurn(t.Context(), c.name, time.Hour); err != nil || mine != c.want {
			t.Errorf("%d: %v, error %v, want %v", i, mine, err, c.want)
		}
	}
	run(t, o, `UPDATE turns SET until = now() - interval '1 second'`)
	if mine, err := other.TakeTurn(t.Context(), "sweep", time.Hour); err != nil || !mine {
		t.Errorf("after its time: %v, error %v", mine, err)
	}
}

// TestWhatTheServerUndoesIsTriedAgain, and nothing else.
func TestWhatTheServerUndoesIsTriedAgain(t *testing.T) {
	db := open(t, fresh(t))
	undone := []error{&pgconn.PgError{Code: "40001"}, &pgconn.PgError{Code: "40P01"}, &pgconn.PgError{Code: "57P01"}}
	if runs, err := pgstore.Retried(t.Context(), db, undone...); runs != 4 || err != nil {
		t.Errorf("%d runs, error %v", runs, err)
	}
	for _, final := range []error{&pgconn.PgError{Code: "42501"}, grant.ErrStale} {
		if runs, err := pgstore.Retried(t.Context(), db, final); runs != 1 || err == nil {
			t.Errorf("%v: %d runs, error %v", final, runs, err)
		}
	}
	var always []error
	for range 100 {
		always = append(always, undone[0])
	}
	if runs, err := pgstore.Retried(t.Context(), db, always...); runs >= 100 || !errors.Is(err, grant.ErrUnavailable) {
		t.Errorf("%d runs, error %v", runs, err)
	}
}

// TestTextsThatCanNotBeStored are in no record: whoever asks by one is told so, and
// not that the store has failed.
func TestTextsThatCanNotBeStored(t *testing.T) {
	s := open(t, fresh(t)).Store("erp")
	for _, bad := range []string{"a\x00b", "\xff"} {
		_, byID := s.Authorization(t.Context(), bad)
		_, set := s.TokenSet(t.Context(), bad)
		_, _, refresh := s.RefreshToken(t.Context(), bad)
		_, rotated := s.Rotate(t.Context(), rotation(bad))
		_, _, redeemed := s.RedeemCode(t.Context(), redemption(bad))
		_, codes := s.Codes(t.Context(), grant.CodeQuery{After: bad})
		_, trail := s.AuditTrail(t.Context(), grant.AuditQuery{After: "0000000000000000." + bad})
		_, object := s.ObjectHistory(t.Context(), grant.ObjectApplication, bad)
		for i, err := range []error{
			byID, set, refresh, rotated, redeemed, codes, trail, object, s.RevokeAuthorization(t.Context(), bad, start), s.EndTokenSet(t.Context(), bad, "revoked", start),
		} {
			if !errors.Is(err, grant.ErrNotFound) {
				t.Errorf("%q, %d: error %v, want %v", bad, i, err, grant.ErrNotFound)
			}
		}
		for i, list := range []func() (int, error){
			func() (int, error) { l, err := s.AuthorizationsBySession(t.Context(), bad); return len(l), err },
			func() (int, error) { l, err := s.AuthorizationsBySubject(t.Context(), bad); return len(l), err },
			func() (int, error) { l, err := s.TokenSets(t.Context(), bad); return len(l), err },
			func() (int, error) {
				l, err := s.Authorizations(t.Context(), grant.AuthorizationQuery{After: bad})
				return len(l), err
			},
			func() (int, error) {
				l, err := s.KeyRemovals(t.Context(), grant.KeyRemovalQuery{Subject: bad})
				return len(l), err
			},
		} {
			if n, err := list(); n != 0 || err != nil {
				t.Errorf("%q, list %d: %d, error %v", bad, i, n, err)
			}
		}
		a := person("wiki", "named "+fmt.Sprintf("%q", bad))
		a.Name = bad
		if got, err := s.Consent(t.Context(), a); err != nil || got.Name == "" {
			t.Errorf("a name %q: %q, error %v", bad, got.Name, err)
		}
		s.Used(bad, start)
	}
	if _, err := s.Authorizations(t.Context(), grant.AuthorizationQuery{}); err != nil {
		t.Error(err)
	}
}

// TestAnswersAreReadAgainAfterAMinute: whatever a node was not told of.
func TestAnswersAreReadAgainAfterAMinute(t *testing.T) {
	o := fresh(t)
	fake := clock.NewFake(start)
	o.Now = fake.Now
	o.Staleness = time.Hour
	db := open(t, o)
	s := db.Store("erp")
	g := connected(t, s, "sub-1")
	live := func() bool {
		t.Helper()
		set, err := s.TokenSet(t.Context(), g.set.ID)
		if err != nil {
			t.Fatal(err)
		}
		return set.Live()
	}
	if !live() {
		t.Fatal("a new one has ended")
	}
	run(t, o, `UPDATE token_sets SET ended_at = now()`) // and tells nobody
	if !live() {
		t.Error("each answer asks the store")
	}
	fake.Advance(61 * time.Second)
	if live() {
		t.Error("it is never asked again")
	}
}
