package badgerstore

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// aLog is a log of a store as a kill leaves it, where its entries end, and where
// the last of them begins.
func aLog(t *testing.T) (content []byte, end, last int) {
	t.Helper()
	db, s := openStore(t, Options{})
	for i := range 6 {
		if _, err := s.Consent(t.Context(), grant.Authorization{Application: "wiki", Subject: fmt.Sprint("sub-", i)}); err != nil {
			t.Fatal(err)
		}
	}
	db.attest.Lock() // nobody else writes now
	t.Cleanup(db.attest.Unlock)
	logs, err := filepath.Glob(filepath.Join(db.opts.Dir, "*.mem"))
	if err != nil || len(logs) != 1 {
		t.Fatal(logs, err)
	}
	if content, err = os.ReadFile(logs[0]); err != nil {
		t.Fatal(err)
	}
	for end = logHead; ; end += n(content[end:]) {
		if n(content[end:]) == 0 {
			return content[:end+4*sector], end, last
		}
		last = end
	}
}

func n(content []byte) int {
	n, ok := entryAt(content)
	if !ok {
		return 0
	}
	return n
}

// What a crash leaves is no damage: an entry that was cut short, wherever, or
// sectors of the last that are not there.
func TestLogThatWasCutShortIsNotDamaged(t *testing.T) {
	content, end, last := aLog(t)
	if end < 2*sector {
		t.Fatalf("the log has %d bytes", end)
	}
	for cut := logHead; cut <= end; cut++ {
		if cut < last-sector && cut%7 != 0 {
			continue // of the others, some will do
		}
		short := append(bytes.Clone(content[:cut]), make([]byte, len(content)-cut)...)
		if at, found := broken(short); found {
			t.Errorf("cut at %d of %d: damaged at %d", cut, end, at)
		}
	}
	for from := sector; from < end; from += sector {
		hole := bytes.Clone(content)
		copy(hole[from:], make([]byte, min(sector, len(hole)-from)))
		if at, found := broken(hole); found {
			t.Errorf("without the sector at %d of %d: damaged at %d", from, end, at)
		}
	}
}

// Of what has been written no bit may be another, or Badger would take the log
// to end there.
func TestLogThatIsDamagedIsFound(t *testing.T) {
	content, end, _ := aLog(t)
	for at := logHead; at < end; at++ {
		content[at] ^= 1 << (at % 8)
		if _, found := broken(content); !found {
			t.Errorf("bit %d of byte %d of %d is not found", at%8, at, end)
		}
		content[at] ^= 1 << (at % 8)
	}
	if at, found := broken(content); found {
		t.Errorf("undamaged, it is damaged at %d", at)
	}
	for at := end; at < len(content); at += 100 { // where nothing was written yet
		content[at] ^= 4
		if _, found := broken(content); found {
			t.Errorf("damaged by byte %d, behind its end at %d", at, end)
		}
		content[at] ^= 4
	}
}
