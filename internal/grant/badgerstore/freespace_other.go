//go:build !(linux || darwin || freebsd)

package badgerstore

import "math"

// freeSpace can not be asked on this system: the floor has no effect there.
func freeSpace(string) (uint64, error) { return math.MaxUint64, nil }

// writable can not be asked either.
func writable(string) error { return nil }

// locked is told by Badger alone there.
func locked(string) bool { return false }
