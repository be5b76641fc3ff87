package e2e

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// process is a running Caddy.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how it ended

	mu     sync.Mutex
	output bytes.Buffer
	more   chan struct{} // closed and made anew with each line
}

// startCaddy runs Caddy with arguments and returns when a line of its output
// satisfies ready. It is ended, and must end well, with the test.
func startCaddy(t *testing.T, env []string, ready func(line string) bool, args ...string) *process {
	t.Helper()
	p := launchCaddy(t, env, args...)
	p.await(0, ready)
	return p
}

// launchCaddy is startCaddy for who waits for several, or for none.
func launchCaddy(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(self, args...), done: make(chan struct{}), more: make(chan struct{})}
	p.cmd.Env = append(append(os.Environ(), asCaddy+"=1", "GORACE=atexit_sleep_ms=0 exitcode=0"), env...) // stop judges races
	output, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = write, write
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	read := make(chan struct{})
	go func() {
		defer close(read)
		p.follow(output)
	}()
	go func() {
		<-read // all that it wrote, before its end is told
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() { p.stop(syscall.SIGTERM) })
	return p
}

// follow keeps the output.
func (p *process) follow(output io.ReadCloser) {
	defer output.Close()
	lines := bufio.NewReader(output)
	for {
		line, err := lines.ReadString('\n')
		p.mu.Lock()
		p.output.WriteString(line)
		close(p.more)
		p.more = make(chan struct{})
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// await returns the first line, of those behind the first skip bytes of its
// output, that is wanted. It waits for that, and fails the test where the
// process ends without.
func (p *process) await(skip int, wanted func(line string) bool) string {
	p.t.Helper()
	for {
		p.mu.Lock()
		said, more := p.output.String(), p.more
		p.mu.Unlock()
		for line := range strings.Lines(said[skip:]) {
			if strings.HasSuffix(line, "\n") {
				if skip += len(line); wanted(line) {
					return line
				}
			}
		}
		select {
		case <-more:
		case <-p.done:
			p.t.Fatalf("caddy %s has ended: %v\n%s", strings.Join(p.cmd.Args[1:], " "), p.err, p.said())
		}
	}
}

// said returns its output so far.
func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

// stop ends the process with a signal and fails the test where it ends badly.
// Stopping twice is no error.
func (p *process) stop(signal syscall.Signal) {
	p.t.Helper()
	select {
	case <-p.done:
		return
	default:
	}
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Error(err)
	}
	<-p.done
	if p.err != nil {
		p.t.Errorf("caddy ended with %v:\n%s", p.err, p.said())
	}
	for _, race := range races(p.said()) {
		p.t.Errorf("a data race in caddy:\n%s", race)
	}
}

// races are the reports of the race detector, but for one: Caddy's access log
// reads how much there was of a request's body, while its proxy may still be
// about to see that this was all.
func races(said string) []string {
	var found []string
	for block := range strings.SplitSeq(said, "==================") {
		if strings.Contains(block, "DATA RACE") &&
			!(strings.Contains(block, "caddyhttp.(*lengthReader).Read()") && strings.Contains(block, "caddyhttp.(*Server).logRequest()")) {
			found = append(found, block)
		}
	}
	return found
}

// TestRaces: a race is a failure, and Caddy's own is not.
func TestRaces(t *testing.T) {
	const ours = "WARNING: DATA RACE\nRead at 0x1 by goroutine 1:\n  gateway.(*Gateway).ServeHTTP()\n"
	const theirs = "WARNING: DATA RACE\nRead at 0x1 by goroutine 1:\n  github.com/caddyserver/caddy/v2/modules/caddyhttp.(*Server).logRequest()\n" +
		"Previous write at 0x1 by goroutine 2:\n  github.com/caddyserver/caddy/v2/modules/caddyhttp.(*lengthReader).Read()\n"
	const line = "==================\n"
	for said, want := range map[string]int{
		"": 0, "{}\n" + line + theirs + line: 0, "{}\n" + line + theirs + line + line + ours + line + "{}\n": 1, line + ours + line + line + ours + line: 2,
	} {
		if got := races(said); len(got) != want {
			t.Errorf("%q: %q", said, got)
		}
	}
}

// serving is the line with which Caddy says that it serves.
func serving(line string) bool {
	var entry struct{ Msg string }
	return json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "serving initial configuration"
}

// freePort returns a port of the loopback interface on which nothing listens.
// It lies below the range of outgoing connections, of which the tests make
// many: one of those could have it by the time that it is listened on.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		n, err := rand.Int(rand.Reader, big.NewInt(12_000))
		if err != nil {
			t.Fatal(err)
		}
		port := strconv.FormatInt(20_000+n.Int64(), 10)
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return ""
}
