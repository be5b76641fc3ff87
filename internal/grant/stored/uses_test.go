package stored_test

import (
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant/stored"
)

func TestLateUses(t *testing.T) {
	var l stored.LateUses
	at := time.Unix(100, 0)
	l.Note("a", stored.Uses{Last: at.Add(time.Second), Count: 1})
	l.Note("a", stored.Uses{Last: at, Count: 2}) // came late
	full := errors.New("full")
	if err := l.Write(func(map[string]stored.Uses) error {
		l.Note("b", stored.Uses{Last: at, Count: 1}) // meanwhile
		return full
	}); !errors.Is(err, full) {
		t.Fatalf("error %v", err)
	}
	l.Note("a", stored.Uses{Count: 1})
	var got map[string]stored.Uses
	take := func(batch map[string]stored.Uses) error { got = batch; return nil }
	want := map[string]stored.Uses{"a": {Last: at.Add(time.Second), Count: 4}, "b": {Last: at, Count: 1}}
	if err := l.Write(take); err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, error %v, want %v", got, err, want)
	}
	got = nil
	if err := l.Write(take); err != nil || got != nil {
		t.Errorf("what was written is written again: %v, error %v", got, err)
	}
}

func TestLateUsesOfMany(t *testing.T) {
	var l stored.LateUses
	written := 0
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			l.Note("a", stored.Uses{Count: 1})
			_ = l.Write(func(batch map[string]stored.Uses) error { written += batch["a"].Count; return nil })
		})
	}
	all.Wait()
	if written != 50 {
		t.Errorf("%d uses were written", written)
	}
}
