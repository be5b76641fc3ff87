//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// roleVar names what a process of this program is: "" is the bench itself.
const roleVar = "ODOO_GATEWAY_BENCH_ROLE"

// roles are what processes of this program do. They run until they are killed.
var roles = map[string]func(){
	"caddy": caddyRole, "checker": checkerRole, "load": loadRole, "sign": signRole, "upstream": upstreamRole,
}

// serveRole plays the role of this process, and tells whether it has one.
func serveRole() bool {
	role, ok := roles[os.Getenv(roleVar)]
	if ok {
		role()
	}
	return ok
}

// process is one that the bench has started.
type process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	out   *bufio.Reader
	ended chan struct{}
	err   error
	text  *tail
}

// place is where a process runs: with what settings, and on which processors.
type place struct {
	setting
	contender bool
	pprof     string // where the profiles of a Caddy are served
}

// start starts a process. One of this program has a role; an empty one is
// another program.
func start(role string, at place, environment []string, name string, args ...string) (*process, error) {
	if role != "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		name = self
	}
	environment = append(append(os.Environ(), roleVar+"="+role), environment...)
	if at.contender {
		environment = append(environment, "GOGC="+strconv.Itoa(at.gogc), "PPROF="+at.pprof)
	}
	if last := runtime.NumCPU() - 1; at.pinned && last > 0 {
		cores := "0"
		if !at.contender {
			cores = "1-" + strconv.Itoa(last)
		}
		name, args = "taskset", append([]string{"-c", cores, name}, args...)
	}
	if at.pinned && at.contender {
		environment = append(environment, "GOMAXPROCS=1")
	}
	p := &process{cmd: exec.Command(name, args...), ended: make(chan struct{}), text: new(tail)}
	p.cmd.Env = environment
	p.cmd.Stderr = p.text
	// Nothing is left behind, whatever becomes of the bench.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReaderSize(out, 1<<16)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		state, err := p.cmd.Process.Wait()
		if err == nil {
			err = errors.New(state.String())
		}
		p.err = err
		close(p.ended)
	}()
	return p, nil
}

// stop ends a process, and kills it where it does not end soon.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
	_ = p.stdin.Close()
}

// failure is the error of a process that has ended before its time.
func (p *process) failure() error {
	return fmt.Errorf("%s has ended: %w\n%s", p.cmd.Path, p.err, p.text)
}

// listens waits until somebody listens at an address.
func (p *process) listens(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return c.Close()
		}
		select {
		case <-p.ended:
			return p.failure()
		case <-ctx.Done():
			return fmt.Errorf("%s does not listen at %s: %w\n%s", p.cmd.Path, address, err, p.text)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// ask sends a process one line of JSON and reads its answer, another one.
func (p *process) ask(question, answer any) error {
	line, err := json.Marshal(question)
	if err != nil {
		return err
	}
	if _, err := p.stdin.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("%w\n%s", err, p.text)
	}
	line, err = p.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("%w\n%s", err, p.text)
	}
	return json.Unmarshal(line, answer)
}

// all are the ids of a process and of its children: nginx has workers.
func (p *process) all() []int {
	pid := p.cmd.Process.Pid
	ids := []int{pid}
	list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return ids
	}
	for _, word := range strings.Fields(string(list)) {
		if id, err := strconv.Atoi(word); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// cpu is the time that processes have spent in user and system mode, threads
// that have ended included.
func cpu(processes ...*process) (time.Duration, error) {
	var sum time.Duration
	for _, p := range processes {
		for _, pid := range p.all() {
			spent, err := cpuOf(pid)
			if err != nil {
				return 0, fmt.Errorf("process %d: %w", pid, err)
			}
			sum += spent
		}
	}
	return sum, nil
}

// cpuOf reads the clock that the kernel has for the process: clock_getcpuclockid(3)
// makes its number so. 0 is the caller.
func cpuOf(pid int) (time.Duration, error) {
	const scheduled = 2
	clock := int32(^pid<<3 | scheduled)
	var at syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, uintptr(clock), uintptr(unsafe.Pointer(&at)), 0); errno != 0 {
		return 0, errno
	}
	return time.Duration(at.Nano()), nil
}

// resident is the memory that processes occupy, in bytes.
func resident(processes ...*process) (sum int64) {
	for _, p := range processes {
		for _, pid := range p.all() {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			if err != nil {
				continue
			}
			for line := range strings.Lines(string(status)) {
				if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
					kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
					sum += kb << 10
				}
			}
		}
	}
	return sum
}

// tail keeps the end of what a process says.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - 4096; over > 0 {
		t.text = t.text[over:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
