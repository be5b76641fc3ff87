package caddymodule

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"github.com/caddy-odoo/gateway/internal/grant/pgtest"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
)

// asCaddy makes this test binary a Caddy, so that processes can be tested
// without building another.
const asCaddy = "ODOO_GATEWAY_TEST_AS_CADDY"

func TestMain(m *testing.M) {
	if os.Getenv(asCaddy) != "" {
		caddycmd.Main()
		return
	}
	if orders := os.Getenv(asHostile); orders != "" {
		if err := beHostile(orders); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	// Programs that the race detector watches wait for a second before they end,
	// and the tests start many.
	os.Setenv("GORACE", "atexit_sleep_ms=0")
	os.Exit(pgtest.Main(m))
}

// failingApp is an app of tests only that fails where it is told to.
type failingApp struct {
	At string `json:"at,omitempty"`
}

func init() {
	caddy.RegisterModule(failingApp{})
	httpcaddyfile.RegisterGlobalOption("failing_app", func(d *caddyfile.Dispenser, _ any) (any, error) {
		var f failingApp
		d.Next()
		if !d.AllArgs(&f.At) {
			return nil, d.ArgErr()
		}
		return httpcaddyfile.App{Name: "failing", Value: caddyconfig.JSON(f, nil)}, nil
	})
}

func (failingApp) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "failing", New: func() caddy.Module { return new(failingApp) }}
}

func (f failingApp) Provision(caddy.Context) error { return f.fail("provision") }
func (f failingApp) Start() error                  { return f.fail("start") }
func (failingApp) Stop() error                     { return nil }

func (f failingApp) fail(at string) error {
	if f.At == at {
		return errors.New("told to fail")
	}
	return nil
}

// machine is a home folder in which Caddy processes run.
type machine struct {
	t    *testing.T
	home string
	env  []string
}

func newMachine(t *testing.T, env ...string) *machine {
	t.Helper()
	home := t.TempDir()
	return &machine{t: t, home: home, env: append([]string{
		asCaddy + "=1", "HOME=" + home, "PATH=" + os.Getenv("PATH"),
		"XDG_DATA_HOME=" + filepath.Join(home, "data"), "XDG_CONFIG_HOME=" + filepath.Join(home, "config"),
	}, env...)}
}

// command returns a Caddy command that logs into a buffer.
func (m *machine) command(args ...string) (*exec.Cmd, *lockedBuffer) {
	out := new(lockedBuffer)
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = m.env, m.home, out, out
	return cmd, out
}

// caddy runs a command to its end.
func (m *machine) caddy(args ...string) (string, error) {
	cmd, out := m.command(args...)
	err := cmd.Run()
	return out.String(), err
}

// write writes a file into the home folder and returns its path.
func (m *machine) write(name, content string) string {
	m.t.Helper()
	path := filepath.Join(m.home, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		m.t.Fatal(err)
	}
	return path
}

// process is a running Caddy.
type process struct {
	*machine
	cmd   *exec.Cmd
	out   *lockedBuffer
	admin string
	done  chan struct{}
	once  sync.Once
}

// start runs a Caddyfile, in which ADMIN stands for the admin address, until
// the test ends. It returns when the site serves.
func (m *machine) start(file, admin string) *process {
	m.t.Helper()
	path := m.write("Caddyfile", file)
	cmd, out := m.command("run", "--config", path, "--adapter", "caddyfile")
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	p := &process{machine: m, cmd: cmd, out: out, admin: admin, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(p.done)
	}()
	m.t.Cleanup(func() {
		p.stop()
		if m.t.Failed() {
			m.t.Logf("caddy has said:\n%s", p.out)
		}
	})
	p.await("serving initial configuration")
	return p
}

// await waits until the log holds a text; it gives up when the process ends
// or the test's time is over.
func (p *process) await(text string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	for {
		changed := p.out.changed()
		if strings.Contains(p.out.String(), text) {
			return
		}
		select {
		case <-changed:
		case <-p.done:
			p.t.Fatalf("caddy has ended:\n%s", p.out)
		case <-ctx.Done():
			p.t.Fatalf("%q did not appear in\n%s", text, p.out)
		}
	}
}

// stop ends the process as a service manager would, and returns its exit code.
func (p *process) stop() int {
	p.once.Do(func() { _ = p.cmd.Process.Signal(syscall.SIGTERM) })
	<-p.done
	return p.cmd.ProcessState.ExitCode()
}

// load gives the process a new configuration and returns the error it answers.
func (p *process) load(file string) error {
	config, err := adapt(file)
	if err != nil {
		return err
	}
	// The admin endpoint is replaced at each reload as sites are, and loses
	// connections at the handover likewise. To load a configuration twice is
	// to load it once.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Post("http://"+p.admin+"/load", "application/json", strings.NewReader(config))
	for range 3 {
		if !lostConnection(err) {
			break
		}
		res, err = client.Post("http://"+p.admin+"/load", "application/json", strings.NewReader(config))
	}
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%d: %s", res.StatusCode, body)
	}
	return nil
}

// lockedBuffer is a log that can be read while it is written.
type lockedBuffer struct {
	mu     sync.Mutex
	buf    bytes.Buffer
	signal chan struct{}
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.signal != nil {
		close(b.signal)
		b.signal = nil
	}
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// changed returns a channel that is closed at the next write.
func (b *lockedBuffer) changed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.signal == nil {
		b.signal = make(chan struct{})
	}
	return b.signal
}

// freeAddrs returns n different free addresses. They are not from the range
// that the system takes for outgoing connections.
func freeAddrs(t *testing.T, n int) []string {
	t.Helper()
	var addrs []string
	for len(addrs) < n {
		addr := fmt.Sprintf("127.0.0.1:%d", 12000+rand.IntN(20000))
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		defer ln.Close()
		addrs = append(addrs, addr)
	}
	return addrs
}
