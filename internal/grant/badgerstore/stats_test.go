package badgerstore_test

import (
	"os"
	"sync/atomic"
	"testing"

	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
)

func TestStats(t *testing.T) {
	var free atomic.Uint64
	free.Store(badgerstore.DefaultFreeSpaceFloor)
	fails := false
	o := badgerstore.Options{Dir: t.TempDir(), Seal: ring(t), FreeSpace: func(string) (uint64, error) {
		if fails {
			return 0, os.ErrPermission
		}
		return free.Load(), nil
	}}
	db := open(t, o)
	if s, ok := db.Stats(); !ok || !s.Writable || s.FreeBytes != badgerstore.DefaultFreeSpaceFloor || s.Failures != 0 {
		t.Errorf("%+v, %v", s, ok)
	}
	free.Store(1)
	if s, _ := db.Stats(); s.Writable || s.FreeBytes != 1 {
		t.Errorf("on a full disk: %+v", s)
	}
	fails = true
	if s, _ := db.Stats(); s.Writable || s.FreeBytes != 0 {
		t.Errorf("on a disk that tells nothing: %+v", s)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, ok := db.Stats(); ok {
		t.Error("a closed store has numbers")
	}
}
