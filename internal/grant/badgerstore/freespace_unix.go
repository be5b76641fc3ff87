//go:build linux || darwin || freebsd

package badgerstore

import (
	"errors"
	"os"
	"syscall"
)

// freeSpace is what an unprivileged process may still write below dir.
func freeSpace(dir string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil
}

// writable tells whether this process may make files in dir.
func writable(dir string) error {
	const write, search = 2, 1 // of access(2)
	return syscall.Access(dir, write|search)
}

// locked tells whether another process has a database open in dir.
func locked(dir string) bool {
	d, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer d.Close() // with it goes the lock
	return errors.Is(syscall.Flock(int(d.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
