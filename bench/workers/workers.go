// Package workers calls something often, and so many at once: the load of the
// benchmarks.
package workers

import (
	"errors"
	"sync"
)

// Each calls do for all below count, so many at once. A worker stops at its first
// error; those of all are returned.
func Each(workers, count int, do func(int) error) error {
	var all sync.WaitGroup
	failed := make([]error, workers)
	for n := range workers {
		all.Go(func() {
			for i := n; i < count && failed[n] == nil; i += workers {
				failed[n] = do(i)
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}
