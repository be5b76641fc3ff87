//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"time"
)

// bench is one run.
type bench struct {
	options
	dir     string
	world   *world
	running []*process
	load    *process

	plainAt, forwardAt, checkerAt, nginxAt, upstreamAt string
	gatewayAt                                          map[string]string
}

// row is a contender in one setting.
type row struct {
	setting
	name     string
	missing  string
	cpu      []time.Duration // of 10,000 requests, for each round
	ratio    []float64       // of that to plain Caddy's in the same round
	p50, p99 []time.Duration
	resident int64 // bytes
}

// prepare finds addresses and fills the store.
func (b *bench) prepare(ctx context.Context) error {
	b.gatewayAt = make(map[string]string)
	for _, at := range []*string{&b.plainAt, &b.forwardAt, &b.checkerAt, &b.nginxAt, &b.upstreamAt} {
		if err := free(at); err != nil {
			return err
		}
	}
	for name := range gateways {
		var at string
		if err := free(&at); err != nil {
			return err
		}
		b.gatewayAt[name] = at
	}
	for _, s := range b.settings {
		if _, err := exec.LookPath("taskset"); s.pinned && err != nil {
			return errors.New("taskset, of util-linux, is missing")
		}
	}
	var err error
	// Each round has as many of the tokens as the other rounds, and the first
	// request of each person has been before.
	b.world, err = seed(ctx, b.dir, b.connections, b.tokens/b.rounds*b.rounds)
	return err
}

// free finds an address that nobody listens at.
func free(at *string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	*at = l.Addr().String()
	return l.Close()
}

// begin starts a process, and waits until it listens where it is told to.
func (b *bench) begin(ctx context.Context, role string, at place, listens, name string, args ...string) (*process, error) {
	environment := []string{"LISTEN=" + listens, "XDG_DATA_HOME=" + b.dir, "XDG_CONFIG_HOME=" + b.dir}
	if b.world != nil {
		environment = append(environment, "KEYS="+string(b.world.public))
	}
	p, err := start(role, at, environment, name, args...)
	if err != nil {
		return nil, err
	}
	b.running = append(b.running, p)
	if listens == "" {
		return p, nil
	}
	return p, p.listens(ctx, listens)
}

// stop ends all that runs.
func (b *bench) stop() {
	for i := len(b.running) - 1; i >= 0; i-- {
		b.running[i].stop()
	}
	b.running = nil
}

// beside starts what is not measured.
func (b *bench) beside(ctx context.Context, s setting) error {
	at := place{setting: s}
	if _, err := b.begin(ctx, "upstream", at, b.upstreamAt, ""); err != nil {
		return err
	}
	var err error
	b.load, err = b.begin(ctx, "load", at, "", "")
	return err
}

// requestsBy measures all contenders in one setting.
func (b *bench) requestsBy(ctx context.Context, s setting) ([]row, error) {
	defer b.stop()
	if err := b.beside(ctx, s); err != nil {
		return nil, err
	}
	at := place{setting: s, contender: true, pprof: b.pprof}
	var all []*contender
	for _, start := range []func(context.Context, place) (*contender, error){b.startPlain, b.startNginx, b.startForwardAuth} {
		c, err := start(ctx, at)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	p, err := b.startGateway(ctx, at)
	if err != nil {
		return nil, err
	}
	all = append(all, b.gatewayRows(p)...)
	rows := make([]row, len(all))
	for i, c := range all {
		rows[i] = row{setting: s, name: c.name, missing: c.missing}
		if c.missing != "" {
			continue
		}
		if err := b.warmUp(c); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	if err := b.refuses(all[3]); err != nil {
		return nil, err
	}
	for round := range b.rounds {
		for n := range all {
			i := (n + round) % len(all) // nobody is always behind the same one
			if all[i].missing != "" {
				continue
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if err := b.measure(all[i], &rows[i], round); err != nil {
				return nil, fmt.Errorf("%s: %w", all[i].name, err)
			}
		}
		for i := range rows {
			if rows[i].missing == "" {
				rows[i].ratio = append(rows[i].ratio, float64(rows[i].cpu[round])/float64(rows[0].cpu[round]))
			}
		}
	}
	for i, c := range all {
		rows[i].resident = resident(c.processes...)
	}
	return rows, nil
}

// warmUp opens connections, fills caches, and looks at an answer closely: those
// that follow must be the same.
func (b *bench) warmUp(c *contender) error {
	requests := c.requests(-1)
	for _, count := range []int{len(requests), min(b.requests, 2000)} {
		r, err := b.do(job{Address: c.address, Connections: b.connections, Count: count, Requests: requests, Want: c.want})
		if err != nil {
			return err
		}
		if c.want != nil {
			continue
		}
		if err := c.judge(r.Last); err != nil {
			return err
		}
		c.want = r.Last
	}
	return nil
}

// refuses makes sure that the rules are there: a request for a hidden field is
// refused.
func (b *bench) refuses(c *contender) error {
	conn, err := net.Dial("tcp", c.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.Write(b.hidden()); err != nil {
		return err
	}
	answer := make([]byte, 1<<12)
	n, err := conn.Read(answer)
	if err != nil {
		return err
	}
	if status := "HTTP/1.1 403 "; n < len(status) || string(answer[:len(status)]) != status {
		return fmt.Errorf("a hidden field is not refused: %s", answer[:n])
	}
	return nil
}

// measure is one round of one contender.
func (b *bench) measure(c *contender, r *row, round int) error {
	requests := c.requests(round)
	count := b.requests
	if len(requests) > b.connections { // tokens to be used once
		count = len(requests)
	}
	before, err := cpu(c.processes...)
	if err != nil {
		return err
	}
	done, err := b.do(job{Address: c.address, Connections: b.connections, Count: count, Requests: requests, Want: c.want})
	if err != nil {
		return err
	}
	after, err := cpu(c.processes...)
	if err != nil {
		return err
	}
	r.cpu = append(r.cpu, (after-before)*10000/time.Duration(count))
	r.p50, r.p99 = append(r.p50, done.P50), append(r.p99, done.P99)
	return nil
}

// do has the load process do a job.
func (b *bench) do(j job) (result, error) {
	var r result
	err := b.load.ask(j, &r)
	if err == nil && r.Error != "" {
		err = errors.New(r.Error)
	}
	return r, err
}

// machine says where this was measured.
func (b *bench) machine(took time.Duration) string {
	return fmt.Sprintf("%d rounds of %d requests over %d connections, %d processors, %s, %s.",
		b.rounds, b.requests, b.connections, runtime.NumCPU(), runtime.Version(), took.Round(time.Second))
}
