package history

import (
	"fmt"
	"slices"
	"sync"

	"github.com/anishathalye/porcupine"
)

// Person is one whom calls are about, with all that was called. It is safe for
// concurrent use.
type Person struct {
	Subject string

	mu    sync.Mutex
	now   int64
	calls []porcupine.Operation
	// What calls may be about: what others have made, or may have.
	authorizations, codes, sets, refresh []string
}

// Choose makes up a call; pick gives a number from 0 up to n, and name one that
// nothing has.
func (p *Person) Choose(pick func(n int) int, name func() string) Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Half of the time it is about what is new: what is old has mostly ended.
	one := func(of []string) string {
		if pick(2) == 0 {
			return of[len(of)-1]
		}
		return of[pick(len(of))]
	}
	n := pick(100)
	switch {
	case n < 4 || len(p.authorizations) == 0:
		return Call{Method: Consent, Name: name()}
	case n < 14 || len(p.codes) == 0:
		return Call{Method: Issue, Name: name(), Authorization: one(p.authorizations)}
	case n < 30 || len(p.sets) == 0 || len(p.refresh) == 0:
		return Call{Method: Redeem, Name: one(p.codes), Set: name(), Refresh: name()}
	case n < 65:
		return Call{Method: Rotate, Name: one(p.refresh), Refresh: name(), Late: pick(6) == 0}
	case n < 68:
		return Call{Method: End, Name: one(p.sets)}
	case n < 71:
		return Call{Method: Revoke, Name: one(p.authorizations)}
	case n < 75:
		return Call{Method: ReadAuthorization, Name: one(p.authorizations)}
	case n < 90:
		return Call{Method: ReadTokenSet, Name: one(p.sets)}
	}
	return Call{Method: ReadRefresh, Name: one(p.refresh)}
}

// Review is calls that read all that there is, or may be, of the person.
func (p *Person) Review() (all []Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for method, names := range map[string][]string{ReadAuthorization: p.authorizations, ReadTokenSet: p.sets, ReadRefresh: p.refresh} {
		for _, name := range names {
			all = append(all, Call{Method: method, Name: name})
		}
	}
	return all
}

// Begin notes that a call begins; what it returns is for Done.
func (p *Person) Begin() (began int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now++
	return p.now
}

// Began is how many calls have begun or ended so far.
func (p *Person) Began() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// Done notes what a call of a client was answered.
func (p *Person) Done(client int, c Call, began int64, out Outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now++
	op := porcupine.Operation{ClientId: client, Input: c, Call: began, Output: out, Return: p.now}
	p.calls = append(p.calls, op)
	if c.reads() && out.Err == "not found" {
		p.forget(c)
	}
	if out.Err != "" {
		return
	}
	switch c.Method {
	case Consent:
		if out.Unknown || out.Name == c.Name {
			p.authorizations = append(p.authorizations, c.Name)
		}
	case Issue:
		p.codes = append(p.codes, c.Name)
	case Redeem:
		p.sets, p.refresh = append(p.sets, c.Set), append(p.refresh, c.Refresh)
	case Rotate:
		if out.Unknown || out.Name == c.Refresh {
			p.refresh = append(p.refresh, c.Refresh)
		}
	}
}

// forget takes out of what calls may be about what a call without an answer may
// have made, and has not.
func (p *Person) forget(c Call) {
	for _, names := range []*[]string{&p.authorizations, &p.sets, &p.refresh} {
		*names = slices.DeleteFunc(*names, func(name string) bool { return name == c.Name })
	}
}

// Calls are those that were made.
func (p *Person) Calls() []porcupine.Operation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]porcupine.Operation(nil), p.calls...)
}

// String is what was called, for people to read.
func (p *Person) String() (text string) {
	for _, op := range p.Calls() {
		text += fmt.Sprintf("client %d, %d to %d: %+v answered %+v\n", op.ClientId, op.Call, op.Return, op.Input, op.Output)
	}
	return text
}
