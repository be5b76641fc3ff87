package gateway

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestCallsAreToldWhileTheStoreIsBeingOpened, and one opens it.
func TestCallsAreToldWhileTheStoreIsBeingOpened(t *testing.T) {
	began, goOn := make(chan struct{}, 10), make(chan error)
	s := NewState(StateConfig{Open: func(context.Context) (Backend, error) {
		began <- struct{}{}
		return Backend{}, <-goOn
	}})
	const callers = 3
	opened := make(chan error, callers)
	for range callers {
		go func() {
			_, err := s.Open(context.WithoutCancel(t.Context()))
			opened <- err
		}()
	}
	<-began
	told := make(chan int, 1)
	go func() { told <- len(s.Calls("erp")) }()
	select {
	case n := <-told:
		if n != 0 {
			t.Errorf("calls of %d applications", n)
		}
	case <-time.After(time.Minute):
		t.Fatal("they are not told within a minute")
	}

	away := errors.New("nobody answers")
	goOn <- away
	if err := <-opened; !errors.Is(err, away) {
		t.Errorf("error %v, want %v", err, away)
	}
	<-began // the next one tries again
	if len(began) != 0 {
		t.Error("two try at once")
	}
	goOn <- nil
	for range callers - 1 {
		if err := <-opened; err != nil {
			t.Error(err)
		}
	}
	if len(began) != 0 {
		t.Error("an open store was opened")
	}
}
