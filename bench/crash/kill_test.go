package crash

import (
	"flag"
	"testing"
	"time"
)

var (
	kills      = flag.Int("kills", 20, "how `often` TestKilled kills")
	operations = flag.Int("operations", 2000, "how `many` calls TestHistories makes at least")
	clients    = flag.Int("clients", 16, "how `many` call at once")
	flips      = flag.Int("flips", 2, "how `many` bits of each file TestFlippedBits flips")
	seed       = flag.Uint64("seed", 0, "the `seed` of all that is made up; 0 is another each time")
)

// TestKilled kills in the middle of calls, while the store opens, and while it
// closes. What was answered stands, and the store opens again by itself.
func TestKilled(t *testing.T) {
	t.Parallel() // most of it is waiting for a disk
	l := newLoad(t, *clients, chosen(t))
	killed := 0
	for killed < often(*kills) {
		switch n := l.dice.IntN(100); {
		case n < 5: // while it makes a store
			dir := t.TempDir()
			l.killOpening(dir)
			l.close(l.open(dir))
			killed++
		case n < 15: // while it opens, or soon after
			l.killOpening(l.dir)
			killed++
		case n < 75:
			p := l.next()
			go l.killAfter(p)
			l.live(p, nil)
			killed++
		default:
			p, stop := l.next(), make(chan struct{})
			go l.stopAfter(p, stop)
			l.live(p, stop)
			if n < 85 {
				l.close(p)
				continue
			}
			go func() { _, _ = p.ask(question{Do: "close"}) }()
			time.Sleep(l.pause(20 * time.Millisecond))
			p.kill()
			killed++
		}
	}
	p := l.next()
	l.end(p)
	l.close(p)
	t.Logf("seed %d: %d kills, %d calls of %d people, %d of them without an answer", l.seed, killed, l.calls, l.count, l.unanswered)
}

// TestHistories is fewer kills and more calls.
func TestHistories(t *testing.T) {
	t.Parallel() // most of it is waiting for a disk
	l := newLoad(t, *clients, chosen(t))
	for l.calls < often(*operations) {
		p := l.next()
		go l.killAfterCalls(p, 50+l.dice.IntN(*operations/2))
		l.live(p, nil)
	}
	p := l.next()
	l.end(p)
	l.close(p)
	t.Logf("seed %d: %d calls of %d people by %d clients at once, %d lives, %d calls without an answer",
		l.seed, l.calls, l.count, l.clients, l.lives, l.unanswered)
}

// often is fewer with -short.
func often(n int) int {
	if testing.Short() {
		return max(n/5, 1)
	}
	return n
}

func chosen(t *testing.T) uint64 {
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", s)
	return s
}

func (l *load) killOpening(dir string) {
	p, err := begin(dir)
	if err != nil {
		l.t.Fatal(err)
	}
	time.Sleep(l.pause(60 * time.Millisecond))
	p.kill()
}

// killAfter kills after some answers, and a little later than the last of them.
func (l *load) killAfter(p *process) { l.killAfterCalls(p, 1+l.dice.IntN(150)) }

func (l *load) killAfterCalls(p *process, answers int) {
	late := l.pause(2 * time.Millisecond)
	l.await(p, answers)
	time.Sleep(late)
	p.kill()
}

func (l *load) stopAfter(p *process, stop chan<- struct{}) {
	l.await(p, 1+l.dice.IntN(150))
	close(stop)
}

// await waits until a process has given so many more answers.
func (l *load) await(p *process, answers int) {
	for until := p.answers.Load() + int64(answers); p.answers.Load() < until; {
		select {
		case <-p.gone:
			return
		case <-time.After(100 * time.Microsecond):
		}
	}
}

func (l *load) close(p *process) {
	l.t.Helper()
	if _, err := p.ask(question{Do: "close"}); err != nil {
		l.t.Fatalf("seed %d, life %d: closing: %v", l.seed, l.lives, err)
	}
	<-p.gone
}
