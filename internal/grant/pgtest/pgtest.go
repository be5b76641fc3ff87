// Package pgtest starts a PostgreSQL server for tests and benchmarks: a cluster of
// its own in a temporary directory, on a Unix socket there, with no port.
package pgtest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// programs is where Debian keeps those of each version of PostgreSQL.
const programs = "/usr/lib/postgresql/*/bin"

// Cluster is a server. Its data outlives Stop.
type Cluster struct {
	dir string // data and socket
	bin string
	as  *syscall.Credential // who the server runs as; nil is who runs the test
	// settings are those in which servers differ.
	settings []string

	mu      sync.Mutex
	running *exec.Cmd
	hold    io.Closer // what keeps the server running
	schemas int
}

var shared struct {
	sync.Mutex
	cluster *Cluster
}

// Main runs the tests of a package that use Shared, and stops its server.
func Main(m *testing.M) int {
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.cluster != nil {
		if err := shared.cluster.Remove(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			return max(code, 1)
		}
	}
	return code
}

// Shared is one server for all tests of a package, which needs Main. It is never
// stopped by a test.
func Shared(t testing.TB) *Cluster {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.cluster == nil {
		c, err := start("", quick)
		if err != nil {
			t.Fatal(err)
		}
		shared.cluster = c
	}
	return shared.cluster
}

// Own is a server for one test, which may stop it.
func Own(t testing.TB) *Cluster {
	t.Helper()
	c, err := start("", quick)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Remove(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// New is a server for who measures, in a directory of its own in dir ("" is that
// for temporary files), with PostgreSQL's own settings; where it is not synced a
// commit waits for no disk. The caller ends it by Remove.
func New(dir string, synced bool) (*Cluster, error) {
	if synced {
		return start(dir, nil)
	}
	return start(dir, []string{"-c", "fsync=off"})
}

// quick is for what is thrown away.
var quick = []string{"-c", "fsync=off", "-c", "shared_buffers=32MB", "-c", "autovacuum=off"}

// DSN is how to connect.
func (c *Cluster) DSN() string { return "host=" + c.dir + " user=gateway dbname=postgres" }

// Socket is the Unix socket on which the server listens.
func (c *Cluster) Socket() string { return filepath.Join(c.dir, ".s.PGSQL.5432") }

// Schema is the name of one that nobody has used.
func (c *Cluster) Schema() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.schemas++
	return "test_" + strconv.Itoa(c.schemas)
}

// start makes a cluster and runs it.
func start(dir string, settings []string) (c *Cluster, err error) {
	found, err := filepath.Glob(programs)
	if err != nil || len(found) == 0 {
		return nil, errors.New("pgtest: PostgreSQL is missing; on Debian: apt-get install postgresql")
	}
	slices.SortFunc(found, func(a, b string) int { return len(a) - len(b) }) // 9.6 before 15
	c = &Cluster{bin: found[len(found)-1], settings: settings}
	if c.dir, err = os.MkdirTemp(dir, "pgtest-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("pgtest: %w", err), c.Remove())
		}
	}()
	if err := c.unprivileged(); err != nil {
		return c, err
	}
	out, err := c.command("initdb", "-D", c.data(), "-U", "gateway", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync").CombinedOutput()
	if err != nil {
		return c, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return c, c.Start()
}

// unprivileged has the server run as somebody else where the test is run by root,
// as whom it refuses to.
func (c *Cluster) unprivileged() error {
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return err
	}
	uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(uidErr, gidErr); err != nil {
		return err
	}
	c.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(c.dir, int(uid), int(gid))
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *Cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin, name), args...)
	c.prepare(cmd)
	return cmd
}

func (c *Cluster) prepare(cmd *exec.Cmd) {
	cmd.Dir, cmd.Env = c.dir, []string{"LC_ALL=C", "TZ=UTC", "PATH=" + c.bin + ":/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.as, Setpgid: true}
}

// Start runs the server, and returns when it takes connections.
func (c *Cluster) Start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	// A shell ends the server with the test, however that ends: its input is closed then.
	const script = `"$@" & read -r how; kill "-${how:-QUIT}" $!; wait $!`
	cmd := exec.Command("sh", append([]string{"-c", script, "sh", "postgres", "-D", c.data(), "-k", c.dir,
		"-c", "listen_addresses=", "-c", "max_connections=300"}, c.settings...)...)
	c.prepare(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	log, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(log)
	var said strings.Builder
	for lines.Scan() {
		fmt.Fprintln(&said, lines.Text())
		if strings.Contains(lines.Text(), "ready to accept connections") {
			c.running, c.hold = cmd, in
			go func() { _, _ = io.Copy(io.Discard, log) }()
			return nil
		}
	}
	return errors.Join(fmt.Errorf("postgres has not started:\n%s", said.String()), in.Close(), cmd.Wait())
}

// Stop ends the server at once, as a crash of it does.
func (c *Cluster) Stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running == nil {
		return nil
	}
	cmd, hold := c.running, c.hold
	c.running, c.hold = nil, nil
	_ = hold.Close()
	_ = cmd.Wait() // with the status of the signal
	return nil
}

// PID is of the process whose children the server is, 0 while it does not run.
func (c *Cluster) PID() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running == nil {
		return 0
	}
	return c.running.Process.Pid
}

// Remove stops the server and deletes its data.
func (c *Cluster) Remove() error { return errors.Join(c.Stop(), os.RemoveAll(c.dir)) }
