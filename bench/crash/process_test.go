package crash

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant/history"
)

// patience is how long anything may take before it counts as stuck.
const patience = time.Minute

// process is a child. It answers many at once, until it is gone.
type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	said    *bytes.Buffer // to be read once it is gone
	gone    chan struct{}
	opened  chan struct{}
	answers atomic.Int64

	mu      sync.Mutex
	last    int
	waiting map[int]chan answer
}

var errGone = errors.New("the process is gone")

// begin starts a child; it may not have opened the store yet.
func begin(dir string, env ...string) (*process, error) {
	p := &process{
		cmd: exec.Command(os.Args[0]), said: new(bytes.Buffer),
		gone: make(chan struct{}), opened: make(chan struct{}), waiting: make(map[int]chan answer),
	}
	// The race detector would let a process sleep for a second as it ends.
	p.cmd.Env = append(append(os.Environ(), asStore+"="+dir, "GORACE=atexit_sleep_ms=0"), env...)
	p.cmd.Stderr = p.said
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in = in
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go p.listen(out)
	return p, nil
}

func (p *process) listen(out io.Reader) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var a answer
		if json.Unmarshal(lines.Bytes(), &a) != nil {
			continue // cut short
		}
		if a.N == 0 {
			close(p.opened)
			continue
		}
		p.answers.Add(1)
		p.mu.Lock()
		waits := p.waiting[a.N]
		delete(p.waiting, a.N)
		p.mu.Unlock()
		waits <- a
	}
	_ = p.cmd.Wait()
	close(p.gone)
}

// open waits until the store is.
func (p *process) open() error {
	select {
	case <-p.opened:
		return nil
	case <-p.gone:
		select {
		case <-p.opened: // and gone since
			return nil
		default:
		}
		return fmt.Errorf("the store does not open: %s", p.said)
	case <-time.After(patience):
		p.kill()
		return fmt.Errorf("the store is not open after %s: %s", patience, p.said)
	}
}

// ask gives errGone where no answer came.
func (p *process) ask(q question) (history.Outcome, error) {
	waits := make(chan answer, 1)
	p.mu.Lock()
	p.last++
	q.N = p.last
	p.waiting[q.N] = waits
	line, err := json.Marshal(q)
	if err == nil {
		_, err = p.in.Write(append(line, '\n'))
	}
	p.mu.Unlock()
	if err != nil {
		return history.Outcome{}, errGone
	}
	var a answer
	select {
	case a = <-waits:
	case <-p.gone:
		select {
		case a = <-waits: // it was the last thing that it said
		default:
			return history.Outcome{}, errGone
		}
	case <-time.After(patience):
		return history.Outcome{}, fmt.Errorf("%+v: no answer after %s", q, patience)
	}
	if a.Error != "" {
		return history.Outcome{}, fmt.Errorf("%+v: %s", q, a.Error)
	}
	return a.Out, nil
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.gone
}

// perform makes a call about a person. That the process is gone is no error.
func (p *process) perform(client int, person *history.Person, c history.Call) error {
	began := person.Begin()
	out, err := p.ask(question{Subject: person.Subject, Call: &c})
	if errors.Is(err, errGone) {
		out, err = history.Outcome{Unknown: true}, nil
	}
	person.Done(client, c, began, out)
	return err
}
