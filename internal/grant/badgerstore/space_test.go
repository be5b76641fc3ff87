package badgerstore_test

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
)

func TestFullDiskTakesNoNewGrants(t *testing.T) {
	var free atomic.Uint64
	var asked atomic.Value
	free.Store(badgerstore.DefaultFreeSpaceFloor)
	o := badgerstore.Options{Dir: t.TempDir(), Seal: ring(t), FreeSpace: func(dir string) (uint64, error) {
		asked.Store(dir)
		return free.Load(), nil
	}}
	db := open(t, o)
	s := db.Store("erp")
	ctx := t.Context()
	a := consent(t, s, "wiki", "sub-1")
	set, refresh, redeemed := redeem(t, s, a, start)
	reused, parent, _ := redeem(t, s, a, start)
	rotation := grant.Rotation{
		Hash: parent, Application: "wiki", Now: start, Grace: time.Minute,
		Child: grant.RefreshToken{Hash: grant.HashToken("child"), IssuedAt: start},
	}
	if _, err := s.Rotate(ctx, rotation); err != nil {
		t.Fatal(err)
	}
	code := grant.Code{Hash: grant.HashToken("code"), Authorization: a.ID, Application: "wiki", ExpiresAt: start.Add(time.Minute)}
	if err := s.IssueCode(ctx, code); err != nil {
		t.Fatal(err)
	}
	burnt := code
	burnt.Hash = grant.HashToken("burnt")
	if err := s.IssueCode(ctx, burnt); err != nil {
		t.Fatal(err)
	}
	redemption := grant.Redemption{
		Hash: code.Hash, Application: "wiki", Now: start, TokenSet: grant.TokenSet{ID: grant.NewID()},
		Refresh: grant.RefreshToken{Hash: grant.HashToken("refresh")},
	}
	fresh := grant.Rotation{Hash: refresh, Application: "wiki", Now: start, Child: grant.RefreshToken{Hash: grant.HashToken("other")}}

	free.Store(badgerstore.DefaultFreeSpaceFloor - 1)
	later := code
	later.Hash = grant.HashToken("later")
	_, errConsent := s.Consent(ctx, person("wiki", "sub-2"))
	_, _, errRedeem := s.RedeemCode(ctx, redemption)
	_, errRotate := s.Rotate(ctx, fresh)
	for name, err := range map[string]error{
		"Consent": errConsent, "IssueCode": s.IssueCode(ctx, later), "RedeemCode": errRedeem, "Rotate": errRotate,
	} {
		if !errors.Is(err, grant.ErrUnavailable) {
			t.Errorf("%s below the floor: %v", name, err)
		}
	}
	if asked.Load() != o.Dir {
		t.Errorf("free space was asked for %v", asked.Load())
	}

	// Reading, ending and every answer that creates nothing go on.
	if _, err := s.Rotate(ctx, rotation); err != nil {
		t.Errorf("the child in the grace: %v", err)
	}
	redemption.Hash, redemption.Check = burnt.Hash, func(grant.Code) error { return errors.New("wrong") }
	if _, _, err := s.RedeemCode(ctx, redemption); !errors.Is(err, grant.ErrBurnt) {
		t.Errorf("a wrong verifier: %v", err)
	}
	redemption.Hash, redemption.Check = redeemed, nil
	if _, _, err := s.RedeemCode(ctx, redemption); !errors.Is(err, grant.ErrConsumed) {
		t.Errorf("a replayed code: %v", err)
	}
	if got, err := s.TokenSet(ctx, set.ID); err != nil || got.Live() {
		t.Errorf("the replayed code's token set: %+v, error %v", got, err)
	}
	rotation.Now = start.Add(time.Hour)
	if _, err := s.Rotate(ctx, rotation); !errors.Is(err, grant.ErrReused) {
		t.Errorf("a reused refresh token: %v", err)
	}
	if got, err := s.TokenSet(ctx, reused.ID); err != nil || got.Live() {
		t.Errorf("the reused token's set: %+v, error %v", got, err)
	}

	// With space again, what was refused was not spent.
	free.Store(badgerstore.DefaultFreeSpaceFloor)
	redemption.Hash, redemption.TokenSet.ID = code.Hash, grant.NewID()
	if _, _, err := s.RedeemCode(ctx, redemption); err != nil {
		t.Errorf("the code that was refused for space: %v", err)
	}
	free.Store(badgerstore.DefaultFreeSpaceFloor/2 - 1)
	for what, err := range map[string]error{
		"ending a connection": s.UpdateConnection(ctx, a.ID, a.Connection.Hash, grant.Connection{}),
		"revoking":            s.RevokeAuthorization(ctx, a.ID, start),
		"ending a token set":  s.EndTokenSet(ctx, set.ID, "revoked", start),
	} {
		if !errors.Is(err, grant.ErrUnavailable) {
			t.Errorf("%s on a full disk: %v", what, err)
		}
	}
	if got, err := s.Authorization(ctx, a.ID); err != nil || !got.Live() {
		t.Errorf("reading on a full disk: %+v, error %v", got, err)
	}
	free.Store(badgerstore.DefaultFreeSpaceFloor / 2)
	if err := s.UpdateConnection(ctx, a.ID, a.Connection.Hash, grant.Connection{}); err != nil {
		t.Errorf("ending a connection: %v", err)
	}
	if err := s.RevokeAuthorization(ctx, a.ID, start); err != nil {
		t.Errorf("revoking: %v", err)
	}
}

func TestUnknownFreeSpaceTakesNoNewGrants(t *testing.T) {
	db := open(t, badgerstore.Options{Dir: t.TempDir(), Seal: ring(t), FreeSpace: func(string) (uint64, error) {
		return 1 << 40, errors.New("no such device")
	}})
	if _, err := db.Store("erp").Consent(t.Context(), person("wiki", "sub-1")); !errors.Is(err, grant.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
}

// TestUsedIsWrittenInTheBackground waits for the ticker, however long.
func TestUsedIsWrittenInTheBackground(t *testing.T) {
	db := open(t, badgerstore.Options{Dir: t.TempDir(), Seal: ring(t), FlushEvery: time.Millisecond})
	s := db.Store("erp")
	a := consent(t, s, "wiki", "sub-1")
	at := start.Add(time.Hour)
	s.Used(a.ID, at)
	for !a.LastUsedAt.Equal(at) {
		runtime.Gosched()
		var err error
		if a, err = s.Authorization(t.Context(), a.ID); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRevocationIsSeenAtOnce reads through the cache while others fill it:
// after RevokeAuthorization has returned, no reader sees a live grant.
func TestRevocationIsSeenAtOnce(t *testing.T) {
	// One entry per cache: every reading of another fills and evicts.
	db := open(t, badgerstore.Options{Dir: t.TempDir(), Seal: ring(t), CacheEntries: 1})
	s := db.Store("erp")
	for range 8 {
		a := consent(t, s, "wiki", "sub-1")
		set, _, _ := redeem(t, s, a, start)
		other := consent(t, s, "shop", "sub-1")
		var revoked atomic.Bool
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				for range 200 {
					_, _ = s.Authorization(t.Context(), other.ID)
					was := revoked.Load()
					got, err := s.TokenSet(t.Context(), set.ID)
					if err != nil {
						t.Error(err)
					}
					if was && got.Live() {
						t.Error("a token set lives after its revocation")
						return
					}
				}
			})
		}
		if err := s.RevokeAuthorization(t.Context(), a.ID, start); err != nil {
			t.Fatal(err)
		}
		revoked.Store(true)
		readers.Wait()
	}
}

// TestCloseUnderLoad: calls that meet the end get an answer or
// ErrUnavailable, and nothing panics in a database that is gone.
func TestCloseUnderLoad(t *testing.T) {
	db := open(t, badgerstore.Options{Dir: t.TempDir(), Seal: ring(t), CacheEntries: 1})
	s := db.Store("erp")
	a, b := consent(t, s, "wiki", "sub-1"), consent(t, s, "shop", "sub-1")
	var all sync.WaitGroup
	started := make(chan struct{}, 4)
	for range 4 {
		all.Go(func() {
			started <- struct{}{}
			for {
				_, err := s.Authorization(t.Context(), a.ID)
				_, err2 := s.AuthorizationsBySubject(t.Context(), "sub-1")
				_, err3 := s.Consent(t.Context(), person("wiki", "sub-2"))
				s.Used(b.ID, start)
				if err = errors.Join(err, err2, err3); err == nil {
					continue
				}
				if !errors.Is(err, grant.ErrUnavailable) {
					t.Error(err)
				}
				return
			}
		})
	}
	for range 4 {
		<-started
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	all.Wait()
}
