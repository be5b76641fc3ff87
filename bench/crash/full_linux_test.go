package crash

import (
	"fmt"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
	"github.com/caddy-odoo/gateway/internal/grant/history"
)

// one is a person about whom one caller asks one thing after the other.
type one struct {
	t *testing.T
	p *process
}

const someone = "sub-1"

func (o one) ok(c history.Call) history.Outcome {
	o.t.Helper()
	out, err := o.p.ask(question{Subject: someone, Call: &c})
	if err != nil || out.Err != "" {
		o.t.Fatalf("%+v: %+v, error %v", c, out, err)
	}
	return out
}

// refused is that the store says that it can not, and changes nothing.
func (o one) refused(c history.Call) {
	o.t.Helper()
	if _, err := o.p.ask(question{Subject: someone, Call: &c}); err == nil || !strings.Contains(err.Error(), grant.ErrUnavailable.Error()) {
		o.t.Fatalf("%+v: error %v", c, err)
	}
}

// TestDiskIsFull: the process stays up, reading goes on, nothing is used up, and
// all goes on when there is room again. A start says what is missing.
func TestDiskIsFull(t *testing.T) {
	d := newDisk(t)
	start := func() one {
		t.Helper()
		p, err := begin(d.dir, d.env...)
		if err == nil {
			err = p.open()
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.kill)
		return one{t, p}
	}
	hash := func(name string, i int) string { return grant.HashToken(fmt.Sprint(name, i)) }
	o := start()
	o.ok(history.Call{Method: history.Consent, Name: "a"})
	issue := func(i int) history.Call {
		return history.Call{Method: history.Issue, Name: hash("code", i), Authorization: "a"}
	}
	redeem := func(i int) history.Call {
		return history.Call{Method: history.Redeem, Name: hash("code", i), Set: hash("set", i), Refresh: hash("refresh", i)}
	}
	rotate := func(i int) history.Call {
		return history.Call{Method: history.Rotate, Name: hash("refresh", i), Refresh: hash("child", i)}
	}
	const rounds = 20
	for i := range 2 * rounds {
		o.ok(issue(i))
		if i < rounds {
			o.ok(redeem(i))
		}
	}
	reads := func() {
		t.Helper()
		o.ok(history.Call{Method: history.ReadAuthorization, Name: "a"})
		for i := range rounds {
			if out := o.ok(history.Call{Method: history.ReadTokenSet, Name: hash("set", i)}); out.Name != "" {
				t.Fatalf("token set %d has ended: %s", i, out.Name)
			}
		}
	}
	nothingNew := func() {
		t.Helper()
		for i := range rounds {
			o.refused(rotate(i))
			o.refused(redeem(rounds + i))
			o.refused(issue(1000 + i))
		}
		o.refused(history.Call{Method: history.Consent, Name: "b"})
		reads()
	}

	d.leave(badgerstore.DefaultFreeSpaceFloor - 1<<20)
	nothingNew()
	o.ok(history.Call{Method: history.End, Name: hash("set", 0)}) // ending goes on
	d.leave(0)
	nothing := func() {
		t.Helper()
		for i := 1; i < rounds; i++ {
			o.refused(rotate(i))
			o.refused(history.Call{Method: history.End, Name: hash("set", i)})
		}
		o.refused(history.Call{Method: history.Revoke, Name: "a"})
		o.ok(history.Call{Method: history.ReadRefresh, Name: hash("refresh", 1)})
	}
	nothing()

	// With room again, and without a restart, nothing was used up.
	d.free()
	for i := 1; i < rounds; i++ {
		o.ok(rotate(i))
		o.ok(redeem(rounds + i))
	}

	// It stops on a full disk, and says why it does not start on one.
	d.leave(0)
	nothing()
	if _, err := o.p.ask(question{Do: "close"}); err != nil {
		t.Errorf("closing on a full disk: %v", err)
	}
	<-o.p.gone
	if code := o.p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("it ends with %d: %s", code, o.p.said)
	}
	p, err := begin(d.dir, d.env...)
	if err != nil {
		t.Fatal(err)
	}
	said := fmt.Sprint(p.open())
	if !strings.Contains(said, "are needed: make room, nothing is lost") || strings.Count(strings.TrimSpace(said), "\n") > 0 {
		t.Errorf("the start on a full disk says %s", said)
	}
	d.free()
	o = start()
	for i := 1; i < rounds; i++ {
		if out := o.ok(history.Call{Method: history.ReadRefresh, Name: hash("refresh", i)}); out.Name != "child "+hash("child", i)+" ended " {
			t.Errorf("refresh token %d is %+v", i, out)
		}
	}
	if out := o.ok(history.Call{Method: history.ReadTokenSet, Name: hash("set", 0)}); out.Name != "superseded" {
		t.Errorf("what was ended is %+v", out)
	}
	o.ok(history.Call{Method: history.Revoke, Name: "a"})
	o.ok(history.Call{Method: history.End, Name: hash("set", 1)})
	if _, err := o.p.ask(question{Do: "close"}); err != nil {
		t.Error(err)
	}
	<-o.p.gone
}
