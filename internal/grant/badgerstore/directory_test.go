package badgerstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// A directory that is gone, or is another, takes nothing, and ends no process. It
// goes on when it is back.
func TestDirectoryIsGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	_, s := openStore(t, Options{Dir: dir, CacheEntries: 1})
	a, err := s.Consent(t.Context(), grant.Authorization{Application: "wiki", Subject: "sub-1"})
	if err != nil {
		t.Fatal(err)
	}
	for name, prepare := range map[string]func() error{
		"no such file or directory":            func() error { return nil },
		"is not the directory that was opened": func() error { return os.Mkdir(dir, 0o700) },
	} {
		if err := os.Rename(dir, dir+".away"); err != nil {
			t.Fatal(err)
		}
		if err := prepare(); err != nil {
			t.Fatal(err)
		}
		err := s.RevokeAuthorization(t.Context(), a.ID, chainStart)
		if !errors.Is(err, grant.ErrUnavailable) || !strings.Contains(err.Error(), name) {
			t.Errorf("revoking: %v, want %q", err, name)
		}
		if got, err := s.Authorization(t.Context(), a.ID); err != nil || !got.Live() {
			t.Errorf("reading: %+v, %v", got, err)
		}
		if err := errors.Join(os.RemoveAll(dir), os.Rename(dir+".away", dir)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.RevokeAuthorization(t.Context(), a.ID, chainStart); err != nil {
		t.Errorf("when it is back: %v", err)
	}
}

// Where Badger can not make its next log, the process stays, and says so; the
// next start has all that was answered.
func TestLogThatCanNotBeMadeEndsNoProcess(t *testing.T) {
	o := Options{Dir: t.TempDir(), Seal: testRing(t)}
	db, s := openStore(t, o)
	obstacle := filepath.Join(o.Dir, "00002.mem")
	if err := os.Mkdir(obstacle, 0o700); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for n := 0; !db.broken.Load(); n++ {
		if n > 10000 {
			t.Fatal("there was no need of another log")
		}
		s.Audit(audit.Event{Time: chainStart.Add(time.Duration(n)), Kind: audit.Consent, Detail: map[string]string{"text": strings.Repeat("long ", 10000)}}, chainUntil)
		_ = s.flushTrail() // what fails is seen by the consent
		if a, err := s.Consent(t.Context(), grant.Authorization{Application: "wiki", Subject: fmt.Sprint(n)}); err == nil {
			ids = append(ids, a.ID)
		} else if !errors.Is(err, grant.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	for range 10 {
		_, err := s.Consent(t.Context(), grant.Authorization{Application: "wiki", Subject: "sub-1"})
		_, err2 := s.SigningKeys(t.Context())
		for _, err := range []error{err, err2} {
			if !errors.Is(err, grant.ErrUnavailable) || !strings.Contains(err.Error(), "restart Caddy") {
				t.Errorf("error %v", err)
			}
		}
	}
	_ = db.Close()
	if err := os.Remove(obstacle); err != nil {
		t.Fatal(err)
	}
	_, again := openStore(t, o)
	for _, id := range ids {
		if _, err := again.Authorization(t.Context(), id); err != nil {
			t.Errorf("after the next start: %v", err)
		}
	}
	if len(ids) == 0 {
		t.Error("nothing was answered")
	}
}
