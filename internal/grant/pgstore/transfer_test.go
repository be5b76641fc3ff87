package pgstore_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
	"github.com/caddy-odoo/gateway/internal/grant/pgstore"
)

// exported are the records of a store as text, in order. Ids that a store makes
// itself, of keys to remove, are left out where they are compared.
func exported(t *testing.T, export func(func(grant.Record) error) error, own bool) []string {
	t.Helper()
	var all []string
	err := export(func(r grant.Record) error {
		if r.KeyRemoval != nil && !own {
			r.KeyRemoval.ID = ""
		}
		text, err := json.Marshal(r)
		all = append(all, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// life does the same random things to stores, over months.
type life struct {
	t      *testing.T
	random *rand.Rand
	stores []grant.Store
	now    time.Time

	codes, sets, refresh, authorizations []string
}

func (l *life) text() string { return fmt.Sprintf("%020d", l.random.Uint64()) }

func pick(l *life, of []string) string {
	if len(of) == 0 {
		return "none"
	}
	return of[l.random.IntN(len(of))]
}

// each does something to all, which must answer alike.
func (l *life) each(what string, do func(grant.Store) error) (err error) {
	l.t.Helper()
	for i, s := range l.stores {
		got := do(s)
		if i > 0 && !errors.Is(got, err) && fmt.Sprint(got) != fmt.Sprint(err) {
			l.t.Fatalf("%s: store %d says %v, store 0 %v", what, i, got, err)
		}
		err = got
	}
	return err
}

func (l *life) step() {
	l.t.Helper()
	ctx := l.t.Context()
	l.now = l.now.Add(time.Duration(l.random.IntN(int(6 * time.Hour))))
	switch l.random.IntN(12) {
	case 0, 1:
		a := person("wiki", fmt.Sprint("sub-", l.random.IntN(6)))
		a.ID, a.CreatedAt, a.ConsentedAt, a.Connection.Since = l.text(), l.now, l.now, l.now
		if l.random.IntN(2) == 0 {
			a.Connection = grant.Connection{Kind: grant.APIKey, Sealed: []byte("key"), Hash: l.text(), Since: l.now, ExpiresAt: l.now.AddDate(0, 0, 20), KeyID: 7}
		}
		_ = l.each("consent", func(s grant.Store) error {
			got, err := s.Consent(ctx, a)
			if got.ID != a.ID && !slices.Contains(l.authorizations, got.ID) {
				l.t.Fatalf("another authorization: %s", got.ID)
			}
			return err
		})
		l.authorizations = append(l.authorizations, a.ID)
	case 2, 3, 4:
		c := grant.Code{Hash: l.text(), Authorization: pick(l, l.authorizations), Application: "wiki", IssuedAt: l.now, ExpiresAt: l.now.Add(12 * time.Hour)}
		if l.random.IntN(2) == 0 {
			c.RetainUntil = l.now.AddDate(0, 0, l.random.IntN(60))
		}
		if l.each("code", func(s grant.Store) error { return s.IssueCode(ctx, c) }) == nil {
			l.codes = append(l.codes, c.Hash)
		}
	case 5, 6, 7:
		r := redemption(pick(l, l.codes))
		r.Now, r.TokenSet.ID, r.Refresh.Hash = l.now, l.text(), l.text()
		r.TokenSet.CreatedAt = l.now
		if l.random.IntN(2) == 0 {
			r.Refresh.ExpiresAt = l.now.AddDate(0, 0, l.random.IntN(40))
		}
		if l.random.IntN(8) == 0 {
			r.Check = func(grant.Code) error { return errors.New("no") }
		}
		err := l.each("redeem", func(s grant.Store) error { _, _, err := s.RedeemCode(ctx, r); return err })
		if err == nil {
			l.sets, l.refresh = append(l.sets, r.TokenSet.ID), append(l.refresh, r.Refresh.Hash)
		}
	case 8, 9:
		r := rotation(pick(l, l.refresh))
		r.Now, r.Child.Hash, r.Child.IssuedAt, r.Grace = l.now, l.text(), l.now, 24*time.Hour
		if l.random.IntN(3) == 0 {
			r.Child.ExpiresAt = l.now.AddDate(0, 0, l.random.IntN(40))
		}
		if l.each("rotate", func(s grant.Store) error { _, err := s.Rotate(ctx, r); return err }) == nil {
			l.refresh = append(l.refresh, r.Child.Hash)
		}
	case 10:
		id, a := l.text(), pick(l, l.authorizations)
		err := l.each("token set", func(s grant.Store) error {
			return s.IssueTokenSet(ctx, grant.TokenSet{ID: id, Authorization: a, CreatedAt: l.now, ExpiresAt: l.now.Add(24 * time.Hour)})
		})
		if err == nil {
			l.sets = append(l.sets, id)
		}
	case 11:
		if l.random.IntN(2) == 0 {
			id := pick(l, l.sets)
			_ = l.each("end", func(s grant.Store) error { return s.EndTokenSet(ctx, id, "revoked", l.now) })
			return
		}
		id := pick(l, l.authorizations)
		_ = l.each("revoke", func(s grant.Store) error { return s.RevokeAuthorization(ctx, id, l.now) })
	}
}

// TestPurgeAsTheOtherStore: both stores answer the same to the same, keep the same,
// and after each purge have forgotten the same.
func TestPurgeAsTheOtherStore(t *testing.T) {
	seal := ring(t)
	other, err := badgerstore.Open(badgerstore.Options{Dir: filepath.Join(t.TempDir(), "store"), Seal: seal})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	o := fresh(t)
	o.Seal = seal
	db := open(t, o)
	const seed = 20261121
	l := &life{t: t, random: rand.New(rand.NewPCG(seed, seed)), stores: []grant.Store{other.Store("erp"), db.Store("erp")}, now: start}
	gone := 0
	for range 12 {
		for range 60 {
			l.step()
		}
		n, err := db.Purge(t.Context(), l.now)
		if err != nil {
			t.Fatal(err)
		}
		gone += n
		if _, err := other.Purge(t.Context(), l.now); err != nil {
			t.Fatal(err)
		}
		_, err = other.Purge(t.Context(), l.now) // what has followed
		if err != nil {
			t.Fatal(err)
		}
		m, err := db.Purge(t.Context(), l.now)
		if err != nil || m != 0 {
			t.Errorf("purging again deletes %d records, error %v", m, err)
		}
		want := exported(t, func(each func(grant.Record) error) error { return other.Export(t.Context(), each) }, false)
		got := exported(t, func(each func(grant.Record) error) error { return db.Export(t.Context(), each) }, false)
		if !slices.Equal(got, want) {
			t.Fatalf("%v: seed %d\n%s\nwant\n%s", l.now, seed, different(got, want), different(want, got))
		}
		for _, q := range []grant.CodeQuery{{}, {Application: "wiki"}} {
			a, _ := l.stores[0].Codes(t.Context(), q)
			b, _ := l.stores[1].Codes(t.Context(), q)
			if !reflect.DeepEqual(a, b) {
				t.Errorf("listed\n%+v\nwant\n%+v", b, a)
			}
		}
	}
	if gone < 50 {
		t.Errorf("only %d records were purged", gone)
	}
}

// different are the lines of one that are not in the other.
func different(one, other []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(one), func(s string) bool { return slices.Contains(other, s) }), "\n")
}

// TestThereAndBack: what moves from one kind of store to the other and back is what
// it was, and its audit trail is verified in both.
func TestThereAndBack(t *testing.T) {
	seal := ring(t)
	from, err := badgerstore.Open(badgerstore.Options{Dir: filepath.Join(t.TempDir(), "store"), Seal: seal})
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	l := &life{t: t, random: rand.New(rand.NewPCG(1, 1)), stores: []grant.Store{from.Store("erp"), from.Store("er/p")}, now: start}
	for range 200 {
		l.step()
	}
	far := start.AddDate(500, 0, 0)
	for _, s := range l.stores {
		s.Used(l.authorizations[0], start)
		s.Audit(audit.Event{Time: start, Kind: audit.Consent, Subject: "sub-1", Detail: map[string]string{"a": "b"}}, far)
		s.Audit(audit.Event{Time: start, Kind: audit.Consent}, far)
		if err := errors.Join(
			s.PutObjectHistory(t.Context(), grant.ObjectHistory{Kind: grant.ObjectScheme, Name: "sales", FirstSeen: start, Snapshot: []byte("x"), Changes: []grant.ObjectChange{{At: start, Kind: grant.ObjectAdded}}}),
			s.UpdateSigningKeys(t.Context(), func([]grant.SigningKey) ([]grant.SigningKey, error) {
				return []grant.SigningKey{{ID: "key", Algorithm: "EdDSA", Sealed: []byte("x"), CreatedAt: start, SignsFrom: start, EndsAt: far}}, nil
			}),
		); err != nil {
			t.Fatal(err)
		}
	}
	want := exported(t, func(each func(grant.Record) error) error { return from.Export(t.Context(), each) }, true)

	o := fresh(t)
	o.Seal = seal
	feed := func(put func(grant.Record) error) error { return from.Export(t.Context(), put) }
	broken := errors.New("broken off")
	n := 0
	if err := pgstore.Import(t.Context(), o, grant.Filling{Feed: func(put func(grant.Record) error) error {
		return from.Export(t.Context(), func(r grant.Record) error {
			if n++; n > len(want)/2 {
				return broken
			}
			return put(r)
		})
	}}); !errors.Is(err, broken) {
		t.Fatalf("error %v, want %v", err, broken)
	}
	if err := pgstore.Import(t.Context(), o, grant.Filling{Feed: feed}); err != nil {
		t.Fatalf("after one that was broken off: %v", err)
	}
	if err := pgstore.Import(t.Context(), o, grant.Filling{Feed: feed}); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("over what is there: error %v", err)
	}
	there := open(t, o)
	if got := exported(t, func(each func(grant.Record) error) error { return there.Export(t.Context(), each) }, true); !slices.Equal(got, want) {
		t.Fatalf("there\n%s\nwant\n%s", different(got, want), different(want, got))
	}
	for _, name := range []string{"erp", "er/p"} {
		there.Store(name).Audit(audit.Event{Time: start, Kind: audit.Consent, Subject: "there"}, far)
		if v, err := there.Store(name).VerifyAudit(t.Context(), start); err != nil || v.Verified != 3 || v.Broken+v.Unlinked != 0 {
			t.Errorf("%s there: verdict %+v, error %v", name, v, err)
		}
	}
	want = exported(t, func(each func(grant.Record) error) error { return there.Export(t.Context(), each) }, true)
	dir := filepath.Join(t.TempDir(), "back")
	if err := badgerstore.Import(badgerstore.Options{Dir: dir, Seal: seal}, nil, grant.Filling{Feed: func(put func(grant.Record) error) error { return there.Export(t.Context(), put) }}); err != nil {
		t.Fatal(err)
	}
	back, err := badgerstore.Open(badgerstore.Options{Dir: dir, Seal: seal})
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	if got := exported(t, func(each func(grant.Record) error) error { return back.Export(t.Context(), each) }, true); !slices.Equal(got, want) {
		t.Errorf("back\n%s\nwant\n%s", different(got, want), different(want, got))
	}
	if v, err := back.Store("erp").VerifyAudit(t.Context(), start); err != nil || v.Verified != 3 || v.Broken+v.Unlinked != 0 {
		t.Errorf("back: verdict %+v, error %v", v, err)
	}
}

// TestLastEventOfAnImport: it comes behind all others, also where they are of a later
// time, and is tied to them.
func TestLastEventOfAnImport(t *testing.T) {
	o := fresh(t)
	one := open(t, o)
	far := start.AddDate(500, 0, 0)
	connected(t, one.Store("erp"), "sub-1")
	one.Store("erp").Audit(audit.Event{Time: start.Add(time.Hour), Kind: audit.Consent}, far)
	next := o
	next.Schema += "_next"
	err := pgstore.Import(t.Context(), next, grant.Filling{
		Feed: func(put func(grant.Record) error) error { return one.Export(t.Context(), put) },
		Last: func(gateway string) grant.KeptEvent {
			return grant.KeptEvent{AuditEntry: grant.AuditEntry{Event: audit.Event{Time: start, Kind: audit.CodeIssued, Gateway: gateway}}, Until: far}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, next).Store("erp")
	page, err := s.AuditTrail(t.Context(), grant.AuditQuery{})
	if err != nil || len(page.Entries) != 2 || page.Entries[0].Kind != audit.CodeIssued || page.Entries[0].Gateway != "erp" {
		t.Errorf("%+v, error %v", page, err)
	}
	if v, err := s.VerifyAudit(t.Context(), start); err != nil || v.Verified != 2 || v.Broken+v.Unlinked != 0 {
		t.Errorf("verdict %+v, error %v", v, err)
	}
}

// TestTamperedTrail: whoever writes into the database, and has no key, is found out.
func TestTamperedTrail(t *testing.T) {
	for name, c := range map[string]struct{ do, want string }{
		"changed":              {`UPDATE audit_events SET value = overlay(value placing 'x' from 200) WHERE place = (SELECT place FROM audit_events ORDER BY place OFFSET 1 LIMIT 1)`, grant.AuditChanged},
		"kept for longer":      {`UPDATE audit_events SET until = until + 1 WHERE place = (SELECT place FROM audit_events ORDER BY place OFFSET 1 LIMIT 1)`, grant.AuditChanged},
		"taken out":            {`DELETE FROM audit_events WHERE place = (SELECT place FROM audit_events ORDER BY place OFFSET 1 LIMIT 1)`, grant.AuditMissing},
		"the newest taken out": {`DELETE FROM audit_events WHERE place = (SELECT min(place) FROM audit_events)`, grant.AuditMissing},
		"another gateway's":    {`UPDATE audit_ends SET sealed = 'x'`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := fresh(t)
			one, other := open(t, o).Store("erp"), open(t, o).Store("erp")
			for i := range 6 { // by turns, in one chain
				s := []grant.Store{one, other}[i%2]
				s.Audit(audit.Event{Time: start, Kind: audit.Consent}, start.AddDate(500, 0, 0))
				if v, err := s.VerifyAudit(t.Context(), start); err != nil || v.Verified != i+1 || v.Broken != 0 {
					t.Fatalf("verdict %+v, error %v", v, err)
				}
			}
			run(t, o, c.do)
			v, err := one.VerifyAudit(t.Context(), start)
			if c.want == "" {
				if err == nil {
					t.Errorf("verdict %+v", v)
				}
				return
			}
			if err != nil || v.Broken != 1 || v.Findings[0].What != c.want {
				t.Errorf("verdict %+v, error %v, want %s", v, err, c.want)
			}
		})
	}
}
