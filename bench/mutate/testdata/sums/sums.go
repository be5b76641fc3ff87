// Package sums is small code whose mistakes are known: the test of the
// mutation tester makes them.
package sums

import "time"

// Constants stay constants.
const (
	size  = 4*4 + 1
	large = size > 16
)

type flag bool

// list is longer than its name says if size is mistaken.
type list [size - 1]byte

// Over is tested at its bound.
func Over(over int) bool { return over > 10 }

// Weak is tested far from its bound.
func Weak(weak int) bool { return weak > 10 }

// Never is not tested.
func Never(never int) bool { return never == 1 }

// Both is tested with both and none.
func Both(a, b bool) bool { return a && b }

// Not is tested.
func Not(not bool) bool { return !not }

// Count is tested; its loop is left alone.
func Count(n int) (count int) {
	for i := 0; i != n; i++ {
		count++
	}
	return count
}

// Wait is tested; half of an hour is a constant.
func Wait(d time.Duration) time.Duration { return d + time.Hour/2 }

// Shift has an untyped operand.
func Shift(n uint) uint64 { return 1<<n - 1 }

// Named compares into a type of its own, and a constant.
func Named(named int) flag {
	var is flag = named > 3
	return is && large
}

// Join has no arithmetic in its +.
func Join(a, b string) string { return a + b }

// Note calls what nobody looks at.
func Note(call func()) {
	defer call()
	note()
	if len(list{}) != 16 {
		panic("a constant was mistaken")
	}
}

var noted []int

func note() { noted = append(noted, 1) }
