package crash

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// TestFlippedBits changes one bit of one file of a store, and opens it. Either
// all that was answered stands, or the start is refused with one sentence, or
// what can not be read says so when it is asked for.
func TestFlippedBits(t *testing.T) {
	t.Parallel()
	for _, ended := range []string{"closed", "killed"} {
		t.Run(ended, func(t *testing.T) {
			t.Parallel()
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
			outcomes, files := make(map[string]int), written(t, l.dir)
			for _, name := range slices.Sorted(maps.Keys(files)) {
				for range often(*flips) {
					what := l.flip(files, name)
					outcomes[filepath.Ext("."+name)+" "+what]++
				}
			}
			t.Logf("seed %d: %v", l.seed, outcomes)
		})
	}
}

// file is what was written to one. Most of a log is room for more: zeros, which
// are looked at once, as that takes long with the race detector.
type file struct {
	content []byte
	size    int
}

func written(t *testing.T, dir string) map[string]file {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]file)
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = file{content: bytes.TrimRight(content, "\x00"), size: len(content)}
	}
	return all
}

// flip opens a copy of the store in which one bit of that file is another, and
// tells what has become of it.
func (l *load) flip(files map[string]file, name string) string {
	l.t.Helper()
	dir := l.t.TempDir()
	defer os.RemoveAll(dir)
	where := ""
	for n, f := range files {
		content := f.content
		if n == name {
			if f.size == 0 {
				return "empty"
			}
			at, bit := chooseByte(l.dice, f), l.dice.IntN(8)
			content = append(bytes.Clone(content), make([]byte, max(0, at+1-len(content)))...)
			content[at] ^= 1 << bit
			where = fmt.Sprintf("%s, bit %d of byte %d of %d", n, bit, at, f.size)
		}
		to := filepath.Join(dir, n)
		if err := os.WriteFile(to, content, 0o600); err != nil {
			l.t.Fatal(err)
		}
		if err := os.Truncate(to, int64(f.size)); err != nil {
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

// chooseByte prefers what was written.
func chooseByte(dice *rand.Rand, f file) int {
	if len(f.content) == 0 || dice.IntN(10) == 0 {
		return dice.IntN(f.size)
	}
	return dice.IntN(len(f.content))
}
