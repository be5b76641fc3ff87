package sums

import (
	"testing"
	"time"
)

func TestOver(t *testing.T) {
	if Over(10) || !Over(11) {
		t.Error("over")
	}
}

func TestWeak(t *testing.T) {
	if Weak(0) || !Weak(100) {
		t.Error("weak")
	}
}

func TestRest(t *testing.T) {
	if !Both(true, true) || Both(false, false) || Not(true) || Count(3) != 3 || Wait(time.Hour) != 90*time.Minute || Shift(3) != 7 ||
		!bool(Named(4)) || bool(Named(3)) || Join("a", "b") != "ab" {
		t.Error("rest")
	}
	Note(func() {})
}
