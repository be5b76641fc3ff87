package crash

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// TestFlippedBits changes one bit of one file of a store, and opens it. Either
// all that was answered stands, or the start is refused with one sentence, or
// what can not be read says so when it is asked for.
func TestFlippedBits(t *testing.T) {
	for _, ended := range []string{"closed", "killed"} {
		t.Run(ended, func(t *testing.T) {
			l := newLoad(t, 8, chosen(t))
			p, stop := l.next(), make(chan struct{})
			go func() {
				l.await(p, 400)
				close(stop)
			}()
			l.live(p, stop)
			l.end(p)
			if ended == "closed" {
				l.close(p)
			} else {
				p.kill()
			}
			outcomes := make(map[string]int)
			for _, name := range names(t, l.dir) {
				for range often(*flips) {
					what := l.flip(name)
					outcomes[filepath.Ext("."+name)+" "+what]++
				}
			}
			t.Logf("seed %d: %v", l.seed, outcomes)
		})
	}
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// flip opens a copy of the store in which one bit of that file is another, and
// tells what has become of it.
func (l *load) flip(name string) string {
	l.t.Helper()
	dir := l.t.TempDir()
	defer os.RemoveAll(dir)
	where := ""
	for _, n := range names(l.t, l.dir) {
		content, err := os.ReadFile(filepath.Join(l.dir, n))
		if err != nil {
			l.t.Fatal(err)
		}
		if n == name {
			if len(content) == 0 {
				return "empty"
			}
			at := chooseByte(l.dice, content)
			bit := l.dice.IntN(8)
			content[at] ^= 1 << bit
			where = fmt.Sprintf("%s, bit %d of byte %d of %d", n, bit, at, len(content))
		}
		// Most of a log is zeros, which need not be written.
		to := filepath.Join(dir, n)
		if err := os.WriteFile(to, bytes.TrimRight(content, "\x00"), 0o600); err != nil {
			l.t.Fatal(err)
		}
		if err := os.Truncate(to, int64(len(content))); err != nil {
			l.t.Fatal(err)
		}
	}
	p, err := begin(dir)
	if err != nil {
		l.t.Fatal(err)
	}
	defer p.kill()
	if err := p.open(); err != nil {
		said := strings.TrimSpace(p.said.String())
		if strings.Contains(said, "\n") || !strings.Contains(said, dir) || !strings.Contains(said, "restore a backup") {
			l.t.Errorf("%s: it says\n%s", where, said)
		}
		return "refused"
	}
	unread := 0
	for _, person := range l.judged {
		for c, was := range l.read[person] {
			is, err := p.ask(question{Subject: person.Subject, Call: &c})
			switch {
			case err != nil && strings.Contains(err.Error(), grant.ErrUnavailable.Error()):
				unread++
			case err != nil || is != was:
				l.t.Fatalf("seed %d: %s: %+v was %+v, and is %+v, error %v", l.seed, where, c, was, is, err)
			}
		}
	}
	if unread > 0 {
		return "not read"
	}
	return "as it was"
}

// chooseByte prefers what was written: most of a log is room for more.
func chooseByte(dice *rand.Rand, content []byte) int {
	end := len(bytes.TrimRight(content, "\x00"))
	if end == 0 || dice.IntN(10) == 0 {
		return dice.IntN(len(content))
	}
	return dice.IntN(end)
}
