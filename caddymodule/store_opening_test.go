package caddymodule

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// slowStore is one that is being opened until it is told to go on.
type slowStore struct {
	*BadgerStore
	began  chan struct{} // takes something for each try
	goOn   chan struct{} // closed by proceed
	heeds  bool          // the context
	fails  error
	told   sync.Once
	tries  atomic.Int32
	trying atomic.Int32
}

func newSlowStore(t *testing.T) *slowStore {
	return &slowStore{
		BadgerStore: &BadgerStore{dir: filepath.Join(t.TempDir(), "store")},
		began:       make(chan struct{}, 100), goOn: make(chan struct{}),
	}
}

func (s *slowStore) proceed() { s.told.Do(func() { close(s.goOn) }) }

func (s *slowStore) open(ctx context.Context, o opening) (database, error) {
	s.tries.Add(1)
	if s.trying.Add(1) > 1 {
		panic("two tries at once")
	}
	defer s.trying.Add(-1)
	s.began <- struct{}{}
	over := ctx.Done()
	if !s.heeds {
		over = nil
	}
	select {
	case <-over:
		return nil, grant.ErrUnavailable
	case <-s.goOn:
	}
	if s.fails != nil {
		return nil, s.fails
	}
	return s.BadgerStore.open(ctx, o)
}

func (s *slowStore) acquire(t *testing.T, sealKey []byte) *storeReference {
	t.Helper()
	var r *storeReference
	promptly(t, "a configuration is read", func() {
		var err error
		if r, err = acquireStore(storeOptions{name: s.dir, module: s, sealKey: sealKey, logger: zap.NewNop()}); err != nil {
			t.Error(err)
		}
	})
	return r
}

// openingOf is what comes of opening the store of a reference.
func openingOf(t *testing.T, r *storeReference) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := r.state().Open(context.WithoutCancel(t.Context()))
		done <- err
	}()
	return done
}

// promptly does what must not wait for the store.
func promptly(t *testing.T, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal(what + ": not within a minute")
	}
}

// waits tells whether a function of the package comes to wait for a lock, rather than
// to its end.
func waits(t *testing.T, function string, done <-chan error) {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		all := make([]byte, 4<<20)
		for stack := range bytes.SplitSeq(all[:runtime.Stack(all, true)], []byte("\n\n")) {
			if bytes.Contains(stack, []byte("[sync.Mutex.Lock")) && bytes.Contains(stack, []byte(function+"(")) {
				return
			}
		}
		select {
		case err := <-done:
			t.Fatalf("%s has not waited: %v", function, err)
		case <-limit:
			t.Fatalf("%s does not wait", function)
		case <-time.After(time.Millisecond):
		}
	}
}

// TestNobodyWaitsForAStoreThatIsBeingOpened but who needs it: neither a reload nor
// the metrics. There is one try, whoever asks.
func TestNobodyWaitsForAStoreThatIsBeingOpened(t *testing.T) {
	s := newSlowStore(t)
	r := s.acquire(t, nil)
	defer func() { _ = r.release() }()
	defer s.proceed()
	all := []<-chan error{openingOf(t, r), openingOf(t, r), openingOf(t, r)}
	<-s.began
	reload := &slowStore{BadgerStore: s.BadgerStore}
	other := reload.acquire(t, nil)
	if other.pooled != r.pooled {
		t.Fatal("they are two stores: the test proves nothing")
	}
	promptly(t, "the metrics are read", func() {
		registry := prometheus.NewRegistry()
		registry.MustRegister(storeMetrics{r.pooled}, callMetrics{r.state().Calls, map[string]map[string]bool{"erp": {"wiki": true}}})
		if _, err := registry.Gather(); err != nil {
			t.Error(err)
		}
		if s, open := r.pooled.stats(); open || s != (storeStats{}) {
			t.Errorf("stats %+v, open %v", s, open)
		}
		if r.database() != nil || r.pooled.fits([]byte("another")) {
			t.Error("it is open")
		}
	})
	promptly(t, "the configuration is given up", func() {
		if err := other.release(); err != nil {
			t.Error(err)
		}
	})
	s.proceed()
	for _, done := range all {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := s.tries.Load(); n != 1 {
		t.Errorf("%d tries", n)
	}
	if _, open := r.pooled.stats(); !open || r.database() == nil {
		t.Error("it is not open")
	}
	if r.pooled.options.module != Store(s) {
		t.Error("it has the options of a configuration that has not opened it")
	}
}

// TestStoreOutOfReachIsNotTriedByEverybody: for a second they are told what came of
// the last try.
func TestStoreOutOfReachIsNotTriedByEverybody(t *testing.T) {
	s := newSlowStore(t)
	s.fails = errors.Join(errors.New("nobody answers"), grant.ErrUnavailable)
	s.proceed()
	r := s.acquire(t, nil)
	defer func() { _ = r.release() }()
	for i, step := range []struct {
		ago  time.Duration
		want int32
	}{{0, 1}, {-time.Hour, 1}, {-time.Hour, 1}, {openAgain, 2}} {
		r.pooled.tried = time.Now().Add(-step.ago)
		if err := <-openingOf(t, r); !errors.Is(err, s.fails) || s.tries.Load() != step.want {
			t.Errorf("%d: error %v, %d tries, want %d", i, err, s.tries.Load(), step.want)
		}
	}
}

// TestStoreIsClosedWhileItIsBeingOpened: what is opened all the same is closed, before
// somebody else opens the directory.
func TestStoreIsClosedWhileItIsBeingOpened(t *testing.T) {
	for name, heeds := range map[string]bool{"a try that can be ended": true, "one that can not": false} {
		t.Run(name, func(t *testing.T) {
			s := newSlowStore(t)
			s.heeds = heeds
			defer s.proceed()
			r := s.acquire(t, nil)
			opened := openingOf(t, r)
			<-s.began
			released := make(chan error, 1)
			go func() { released <- r.release() }()
			if !heeds {
				waits(t, "(*pooledStore).Destruct", released)
				s.proceed()
			}
			promptly(t, "it is closed", func() {
				if err := <-released; err != nil {
					t.Error(err)
				}
				if err := <-opened; err == nil || !heeds && !errors.Is(err, errClosed) {
					t.Errorf("who opens it is told %v", err)
				}
			})
			if _, open := r.pooled.stats(); open {
				t.Error("it is open")
			}
			again := mustAcquire(t, s.dir)
			if _, err := again.state().Open(t.Context()); err != nil {
				t.Errorf("the next one: %v", err)
			}
			if err := again.release(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestReloadWithAnotherKeyWhileTheStoreIsBeingOpened is refused all the same, once
// it is known which one the store has.
func TestReloadWithAnotherKeyWhileTheStoreIsBeingOpened(t *testing.T) {
	s := newSlowStore(t)
	r := s.acquire(t, bytes.Repeat([]byte{1}, 32))
	defer func() { _ = r.release() }()
	defer s.proceed()
	opened := openingOf(t, r)
	<-s.began
	other := s.acquire(t, bytes.Repeat([]byte{2}, 32))
	defer func() { _ = other.release() }()
	taken := make(chan error, 1)
	go func() { taken <- other.checkKey() }()
	waits(t, "(*storeReference).checkKey", taken)
	s.proceed()
	if err := <-taken; err == nil || !strings.Contains(err.Error(), otherKey) {
		t.Errorf("error %v", err)
	}
	if err := <-opened; err != nil {
		t.Error(err)
	}
}
