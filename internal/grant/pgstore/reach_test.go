package pgstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/pgstore"
	"github.com/caddy-odoo/gateway/internal/grant/pgtest"
)

// warm has a node keep in memory what a request of the API asks for.
func warm(t *testing.T, s grant.Store, g grants) {
	t.Helper()
	if set, err := s.TokenSet(t.Context(), g.set.ID); err != nil || !set.Live() {
		t.Fatalf("%+v, error %v", set, err)
	}
}

// away waits until a node knows that the store is out of reach.
func away(t *testing.T, s grant.Store) {
	t.Helper()
	eventually(t, "the store is away", func() bool {
		_, err := s.FindAuthorization(t.Context(), "wiki", "nobody", "")
		return errors.Is(err, grant.ErrUnavailable)
	})
}

// refused tells whether everything that needs the store says that it is away.
func refused(t *testing.T, s grant.Store, g grants) {
	t.Helper()
	_, consent := s.Consent(t.Context(), person("shop", "sub-1"))
	_, _, redeemed := s.RedeemCode(t.Context(), redemption(g.code))
	_, rotated := s.Rotate(t.Context(), rotation(g.refresh))
	_, listed := s.Authorizations(t.Context(), grant.AuthorizationQuery{})
	_, cold := s.TokenSet(t.Context(), grant.NewID())
	for name, err := range map[string]error{
		"consent": consent, "redeem": redeemed, "rotate": rotated, "list": listed, "what is not in memory": cold,
		"revoke": s.RevokeAuthorization(t.Context(), g.a.ID, start),
	} {
		if !errors.Is(err, grant.ErrUnavailable) {
			t.Errorf("%s: error %v, want %v", name, err, grant.ErrUnavailable)
		}
	}
}

// TestStoreAway: while the server is away what is known goes on for the
// staleness, nothing else does, and nothing is consumed; all recovers by itself, and
// what was to be written is.
func TestStoreAway(t *testing.T) {
	t.Parallel()
	c := pgtest.Own(t)
	fake := clock.NewFake(start)
	o := pgstore.Options{DSN: c.DSN(), Schema: "odoo_gateway", Seal: ring(t), Now: fake.Now, Staleness: 10 * time.Second, PollEvery: 20 * time.Millisecond}
	db := open(t, o)
	s := db.Store("erp")
	g := connected(t, s, "sub-1")
	warm(t, s, g)
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	away(t, s)
	refused(t, s, g)
	s.Used(g.a.ID, start)
	s.Audit(audit.Event{Time: start, Kind: audit.Consent}, start.AddDate(500, 0, 0))
	fake.Advance(10 * time.Second)
	warm(t, s, g)
	fake.Advance(time.Second)
	if _, err := s.TokenSet(t.Context(), g.set.ID); !errors.Is(err, grant.ErrUnavailable) {
		t.Errorf("after the staleness: error %v, want %v", err, grant.ErrUnavailable)
	}
	db.SetStaleness(time.Hour)
	fake.Advance(10 * time.Minute)
	warm(t, s, g) // although it would be read again if that could be
	db.SetStaleness(time.Second)

	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the store is back", func() bool {
		_, err := s.FindAuthorization(t.Context(), "wiki", "nobody", "")
		return errors.Is(err, grant.ErrNotFound)
	})
	warm(t, s, g)
	if _, err := s.Rotate(t.Context(), rotation(g.refresh)); err != nil {
		t.Errorf("the refresh token was consumed: %v", err)
	}
	if _, _, err := s.RedeemCode(t.Context(), redemption(g.code)); err != nil {
		t.Errorf("the code was consumed: %v", err)
	}
	if page, err := s.AuditTrail(t.Context(), grant.AuditQuery{}); err != nil || len(page.Entries) != 1 {
		t.Errorf("the audit trail has %+v, error %v", page, err)
	}
	if all, err := s.Authorizations(t.Context(), grant.AuthorizationQuery{}); err != nil || len(all) != 1 || all[0].Uses != 1 {
		t.Errorf("authorizations %+v, error %v", all, err)
	}
}

// TestWhatIsToBeReadAgainGoesOn: what a node would read again, because it is old or
// its use was written, goes on where it can not, also while the node does not know
// that yet.
func TestWhatIsToBeReadAgainGoesOn(t *testing.T) {
	t.Parallel()
	for name, noticed := range map[string]bool{"before that is noticed": false, "after": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := fresh(t)
			relay := pgtest.NewRelay(t, pgtest.Shared(t))
			fake := clock.NewFake(start)
			o.DSN, o.Staleness, o.PollEvery, o.Now = relay.DSN(), time.Hour, 20*time.Millisecond, fake.Now
			s := open(t, o).Store("erp")
			used, old := connected(t, s, "sub-1"), connected(t, s, "sub-2")
			warm(t, s, used)
			warm(t, s, old)
			s.Used(used.a.ID, start)
			if all, err := s.Authorizations(t.Context(), grant.AuthorizationQuery{}); err != nil || all[0].Uses+all[1].Uses != 1 { // which writes it
				t.Fatalf("%+v, error %v", all, err)
			}
			// On a machine that has stood still the node may have connected anew, and forgotten.
			warm(t, s, used)
			warm(t, s, old)
			relay.Cut()
			if noticed {
				away(t, s)
			}
			fake.Advance(2 * time.Minute)
			warm(t, s, old)
			warm(t, s, used)
			relay.Drop()
			relay.Mend()
		})
	}
}

// TestServerThatRestarts: what comes after it meets connections that are gone, and
// is served over others.
func TestServerThatRestarts(t *testing.T) {
	t.Parallel()
	c := pgtest.Own(t)
	s := open(t, pgstore.Options{DSN: c.DSN(), Schema: "odoo_gateway", Seal: ring(t), PollEvery: time.Hour}).Store("erp")
	g := connected(t, s, "sub-1")
	conn := connect(t, pgstore.Options{DSN: c.DSN(), Schema: "odoo_gateway"})
	defer conn.Close(t.Context())
	_, err := conn.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name = 'odoo-gateway'`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Rotate(t.Context(), rotation(g.refresh)); err != nil {
		t.Errorf("rotate: %v", err)
	}
}

// TestConnectionsOfBeforeAreGone where the one to hear of changes is made anew: they
// may be to a server that another one has replaced.
func TestConnectionsOfBeforeAreGone(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	name := o.Schema + "_node"
	direct := o
	o.DSN += " application_name=" + name
	connected(t, open(t, o).Store("erp"), "sub-1")
	conn := connect(t, direct)
	defer conn.Close(t.Context())
	var before []int32
	if err := conn.QueryRow(t.Context(), `SELECT array_agg(pid) FROM pg_stat_activity WHERE application_name = $1`, name).Scan(&before); err != nil || len(before) < 2 {
		t.Fatalf("connections %v, error %v", before, err)
	}
	var ended int
	if err := conn.QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1 AND query LIKE '%changes_head h%'`, name).Scan(&ended); err != nil || ended != 1 {
		t.Fatalf("ended %d, error %v", ended, err)
	}
	eventually(t, "all are made anew", func() (gone bool) {
		if err := conn.QueryRow(t.Context(), `SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ANY($1))`, before).Scan(&gone); err != nil {
			t.Fatal(err)
		}
		return gone
	})
}

// TestNodeCutOff: a node whose network swallows all says 503 to what needs the
// store, and after that answers nothing from before.
func TestNodeCutOff(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	one := open(t, o).Store("erp")
	relay := pgtest.NewRelay(t, pgtest.Shared(t))
	o.DSN, o.Staleness, o.PollEvery = relay.DSN(), time.Hour, 20*time.Millisecond
	other := open(t, o).Store("erp")
	g := connected(t, one, "sub-1")
	warm(t, other, g)
	relay.Cut()
	away(t, other)
	refused(t, other, g)
	if err := one.RevokeAuthorization(t.Context(), g.a.ID, start); err != nil {
		t.Fatal(err)
	}
	warm(t, other, g)
	relay.Drop()
	relay.Mend()
	eventually(t, "the store is back", func() bool {
		_, err := other.FindAuthorization(t.Context(), "wiki", "nobody", "")
		return errors.Is(err, grant.ErrNotFound)
	})
	if set, err := other.TokenSet(t.Context(), g.set.ID); err != nil || set.Live() {
		t.Errorf("the revocation is not seen: %+v, error %v", set, err)
	}
}

// TestFailoverThatGivesNumbersAgain: a standby that lacks the last commits takes
// over, a revocation gets the number of one of them, and more follow. A node that
// was not there meanwhile finds numbers past the last that it knows and none
// missing between, and has not heard of the revocation.
func TestFailoverThatGivesNumbersAgain(t *testing.T) {
	t.Parallel()
	for name, later := range map[string]string{"the head is past what was": "11", "the head is where it was": "9", "the head is before it": "0"} {
		t.Run(name, func(t *testing.T) {
			o := fresh(t)
			g := connected(t, open(t, o).Store("erp"), "sub-1")
			run(t, o, `BEGIN;
				UPDATE changes_head SET number = number + 10;
				INSERT INTO changes SELECT number - n, 'erp', 'token_set', 'lost by the failover', now() FROM changes_head, generate_series(0, 9) AS s (n);
				COMMIT`)
			relay := pgtest.NewRelay(t, pgtest.Shared(t))
			direct := o
			o.DSN, o.Staleness, o.PollEvery = relay.DSN(), time.Hour, 20*time.Millisecond
			o.Now = clock.NewFake(start).Now // nothing is read again for its age
			node := open(t, o).Store("erp")
			warm(t, node, g)
			relay.Cut()
			away(t, node)
			run(t, direct, `BEGIN;
				DELETE FROM changes WHERE key = 'lost by the failover';
				UPDATE authorizations SET revoked_at = now(), live_key = NULL;
				UPDATE changes_head SET number = number - 9;
				INSERT INTO changes SELECT number, 'erp', 'authorization', '`+g.a.ID+`', now() FROM changes_head;
				UPDATE changes_head SET number = number + `+later+`;
				INSERT INTO changes SELECT number - n, 'erp', 'token_set', 'another', now() FROM changes_head, generate_series(0, `+later+` - 1) AS s (n);
				COMMIT`)
			warm(t, node, g) // as long as it knows nothing else
			relay.Drop()
			relay.Mend()
			eventually(t, "the store is back", func() bool {
				_, err := node.FindAuthorization(t.Context(), "wiki", "nobody", "")
				return errors.Is(err, grant.ErrNotFound)
			})
			if set, err := node.TokenSet(t.Context(), g.set.ID); err != nil || set.Live() {
				t.Errorf("the revocation is not seen: %+v, error %v", set, err)
			}
		})
	}
}

// TestAnswerOfACommitLost: what was committed, and nobody was told of, happens once
// and succeeds.
func TestAnswerOfACommitLost(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	relay := pgtest.NewRelay(t, pgtest.Shared(t))
	o.DSN = relay.DSN()
	s := open(t, o).Store("erp")
	g := connected(t, s, "sub-1")
	b, ended := connected(t, s, "sub-2"), connected(t, s, "sub-4") // they come in any order
	redeem, next := redemption(g.code), session("next")
	for name, do := range map[string]func() error{
		"consent":     func() error { _, err := s.Consent(t.Context(), person("wiki", "sub-3")); return err },
		"code":        func() error { issue(t, s, g.a); return nil },
		"redeem":      func() error { _, _, err := s.RedeemCode(t.Context(), redeem); return err },
		"rotate":      func() error { _, err := s.Rotate(t.Context(), rotation(g.refresh)); return err },
		"connect":     func() error { return s.UpdateConnection(t.Context(), g.a.ID, g.a.Connection.Hash, next) },
		"key removal": func() error { return s.AddKeyRemoval(t.Context(), grant.RemovalOf(b.a, start)) },
		"token set": func() error {
			return s.IssueTokenSet(t.Context(), grant.TokenSet{ID: grant.NewID(), Authorization: b.a.ID, ExpiresAt: start.Add(time.Hour)})
		},
		"revoke": func() error { return s.RevokeAuthorization(t.Context(), ended.a.ID, start) },
		"trail": func() error {
			s.Audit(audit.Event{Time: start, Kind: audit.Consent}, start.AddDate(500, 0, 0))
			page, err := s.AuditTrail(t.Context(), grant.AuditQuery{})
			if len(page.Entries) != 1 {
				t.Errorf("the audit trail has %d events", len(page.Entries))
			}
			return err
		},
	} {
		relay.LoseAnswer("commit\x00")
		if err := do(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !relay.Lost() {
			t.Errorf("%s: no answer was lost", name)
		}
	}
	if set, err := s.TokenSet(t.Context(), redeem.TokenSet.ID); err != nil || !set.Live() {
		t.Errorf("what the code was redeemed for: %+v, error %v", set, err)
	}
	if v, err := s.VerifyAudit(t.Context(), start); err != nil || v.Verified != 1 || v.Broken != 0 {
		t.Errorf("verdict %+v, error %v", v, err)
	}
}
