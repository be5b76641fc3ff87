package crash

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// disk is one that can be filled: a small one of its own, or, where mounting is
// not allowed, a directory and a file that says what is free.
type disk struct {
	t    *testing.T
	dir  string // of the store
	full string // what fills it
	env  []string
}

const diskSize = 160 << 20

func newDisk(t *testing.T) *disk {
	t.Helper()
	root := t.TempDir()
	d := &disk{t: t, dir: filepath.Join(root, "store"), full: filepath.Join(root, "full")}
	if err := syscall.Mount("tmpfs", root, "tmpfs", 0, "size="+strconv.Itoa(diskSize)); err != nil {
		t.Logf("the disk is made up, as mounting one is not allowed: %v", err)
		d.env = []string{freeIn + "=" + d.full}
		d.free()
		return d
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(root, 0); err != nil {
			t.Error(err)
		}
	})
	return d
}

// leave leaves that many bytes free; 0 is full to the last page.
func (d *disk) leave(bytes int64) {
	d.t.Helper()
	if d.env != nil {
		d.say(bytes)
		return
	}
	f, err := os.OpenFile(d.full, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	for page := make([]byte, 64<<10); ; {
		var s syscall.Statfs_t
		if err := syscall.Statfs(d.full, &s); err != nil {
			d.t.Fatal(err)
		}
		if int64(s.Bavail)*s.Bsize <= bytes {
			return
		}
		if _, err := f.Write(page); err != nil {
			page = page[:len(page)/2] // what is left is less
			if len(page) == 0 {
				return
			}
		}
	}
}

// free makes room again.
func (d *disk) free() {
	d.t.Helper()
	if d.env != nil {
		d.say(1 << 40)
		return
	}
	if err := os.Remove(d.full); err != nil {
		d.t.Fatal(err)
	}
}

func (d *disk) say(bytes int64) {
	d.t.Helper()
	if err := os.WriteFile(d.full+".new", []byte(strconv.FormatInt(bytes, 10)), 0o600); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Rename(d.full+".new", d.full); err != nil {
		d.t.Fatal(err)
	}
}
