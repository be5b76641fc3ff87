package crash

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/caddy-odoo/gateway/internal/grant/history"
)

const (
	peopleAtOnce = 8
	callsOfOne   = 60
)

// load is clients that call about people at random, over the lives of many
// processes on one store.
type load struct {
	t       *testing.T
	dir     string
	clients int
	seed    uint64
	dice    *rand.Rand // of the one who kills

	mu     sync.Mutex
	count  int // of people so far
	people []*history.Person
	// retired are those about whom nobody calls any more, and were not looked at yet.
	retired []*history.Person

	lives, calls, unanswered int
	// judged are those of former lives, with what was read of them last: it stays so.
	judged []*history.Person
	read   map[*history.Person]map[history.Call]history.Outcome
}

func newLoad(t *testing.T, clients int, seed uint64) *load {
	l := &load{t: t, dir: t.TempDir(), clients: clients, seed: seed, read: make(map[*history.Person]map[history.Call]history.Outcome), dice: rand.New(rand.NewPCG(seed, 0))}
	for range peopleAtOnce {
		l.people = append(l.people, l.newPerson())
	}
	return l
}

func (l *load) newPerson() *history.Person {
	l.count++
	return &history.Person{Subject: fmt.Sprint("sub-", l.count)}
}

// someone is a person to call about.
func (l *load) someone(dice *rand.Rand) *history.Person {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := dice.IntN(len(l.people))
	if p := l.people[i]; p.Began() >= 2*callsOfOne {
		l.retired = append(l.retired, p)
		l.people[i] = l.newPerson()
	}
	return l.people[i]
}

// live lets the clients call until the process is gone or stop is closed.
func (l *load) live(p *process, stop <-chan struct{}) {
	l.lives++
	failed := make(chan error, l.clients)
	for client := range l.clients {
		dice := rand.New(rand.NewPCG(l.seed, uint64(l.lives)<<16|uint64(client)|1<<63))
		name := func() string { return fmt.Sprintf("%016x%016x", dice.Uint64(), dice.Uint64()) }
		go func() {
			for {
				select {
				case <-p.gone:
					failed <- nil
					return
				case <-stop:
					failed <- nil
					return
				default:
				}
				person := l.someone(dice)
				if err := p.perform(client, person, person.Choose(dice.IntN, name)); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	var all error
	for range l.clients {
		all = errors.Join(all, <-failed)
	}
	if all != nil {
		l.t.Fatalf("seed %d, life %d: %v", l.seed, l.lives, all)
	}
}

// review reads all that there may be of those who were called about, and judges
// the retired: their calls happened in one order, the unanswered at most once.
func (l *load) review(p *process) {
	l.t.Helper()
	if _, err := p.ask(question{Do: "verify"}); err != nil {
		l.t.Fatalf("seed %d, life %d: %v", l.seed, l.lives, err)
	}
	l.all(append(slices.Clone(l.retired), l.people...), func(person *history.Person) error {
		for _, c := range person.Review() {
			if err := p.perform(l.clients, person, c); err != nil {
				return err
			}
		}
		return nil
	})
	for _, person := range l.retired {
		l.judge(person)
	}
	l.retired = nil
}

// all does something for many people at once, and fails with the first error.
func (l *load) all(people []*history.Person, do func(*history.Person) error) {
	l.t.Helper()
	failed := make(chan error, len(people))
	for _, person := range people {
		go func() { failed <- do(person) }()
	}
	for range people {
		if err := <-failed; err != nil {
			l.t.Fatalf("seed %d, life %d: %v", l.seed, l.lives, err)
		}
	}
}

func (l *load) judge(person *history.Person) {
	calls := person.Calls()
	if result := history.Check(calls, patience); result != porcupine.Ok {
		l.t.Fatalf("seed %d, life %d, %s is %v:\n%s", l.seed, l.lives, person.Subject, result, person)
	}
	read := make(map[history.Call]history.Outcome)
	for _, op := range calls {
		out := op.Output.(history.Outcome)
		if out.Unknown {
			l.unanswered++
		}
		if op.ClientId == l.clients {
			read[op.Input.(history.Call)] = out // the last of each
		}
	}
	l.calls += len(calls)
	l.judged, l.read[person] = append(l.judged, person), read
}

// end judges everybody, and reads again what was read of all.
func (l *load) end(p *process) {
	l.retired, l.people = append(l.retired, l.people...), nil
	l.review(p)
	l.all(l.judged, func(person *history.Person) error {
		for c, was := range l.read[person] {
			if is, err := p.ask(question{Subject: person.Subject, Call: &c}); err != nil || is != was {
				return fmt.Errorf("%s: %+v was %+v, and is %+v, error %v", person.Subject, c, was, is, err)
			}
		}
		return nil
	})
}

// next opens the store anew and looks whether all that was answered stands.
func (l *load) next() *process {
	l.t.Helper()
	p := l.open(l.dir)
	l.review(p)
	return p
}

func (l *load) open(dir string) *process {
	l.t.Helper()
	p, err := begin(dir)
	if err == nil {
		err = p.open()
	}
	if err != nil {
		l.t.Fatalf("seed %d, after life %d: %v", l.seed, l.lives, err)
	}
	l.t.Cleanup(p.kill)
	return p
}

// pause is a time from 0 up to most.
func (l *load) pause(most time.Duration) time.Duration {
	return time.Duration(l.dice.Int64N(int64(most)))
}
