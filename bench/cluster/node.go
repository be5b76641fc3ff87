//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant/pgstore"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// The environment of a node.
const (
	nodeVar = "ODOO_GATEWAY_BENCH_NODE" // its name
	dsnVar  = "ODOO_GATEWAY_BENCH_DSN"
	sealVar = "ODOO_GATEWAY_BENCH_SEAL"
)

// job is what a node is asked to do.
type job struct {
	Call    string // of calls
	Clients int
	Length  time.Duration
}

// done is what it answers.
type done struct {
	Count    int
	CPU      time.Duration // spent by this process meanwhile
	P50, P99 time.Duration
	Error    string
}

// calls are what nodes are measured by, with what each client does before.
var calls = []struct {
	name, says string
	call       func(ctx context.Context, p people, c *client) error
}{
	{"connect", "a person connects: consent, code, redemption", func(ctx context.Context, p people, c *client) (err error) {
		c.people++
		c.grants, err = p.connect(ctx, c.first+c.people)
		return err
	}},
	{"code", "a code for a consent that is remembered, and its redemption", func(ctx context.Context, p people, c *client) error {
		code, err := p.code(ctx, c.grants.authorization)
		if err != nil {
			return err
		}
		c.grants, err = p.redeem(ctx, code)
		return err
	}},
	{"refresh", "a refresh", func(ctx context.Context, p people, c *client) error { return p.rotate(ctx, &c.grants) }},
	{"read", "a read of the database: a refresh token with what it belongs to", func(ctx context.Context, p people, c *client) error {
		_, _, err := p.store.RefreshToken(ctx, c.grants.refresh)
		return err
	}},
	{"memory", "a token that is asked for again, from memory", func(ctx context.Context, p people, c *client) error {
		set, err := p.store.TokenSet(ctx, c.grants.set)
		if err == nil && !set.Live() {
			err = errors.New("a token set that lives has ended")
		}
		return err
	}},
}

// client is one of those that call at once.
type client struct {
	first, people int
	grants        grants
}

// serveNode is a node, where this process is one.
func serveNode() bool {
	name := os.Getenv(nodeVar)
	if name == "" {
		return false
	}
	if err := serve(name); err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		os.Exit(1)
	}
	return true
}

func serve(name string) error {
	key, err := hex.DecodeString(os.Getenv(sealVar))
	if err != nil {
		return err
	}
	ring, err := seal.NewRing(key)
	if err != nil {
		return err
	}
	ctx := context.Background()
	db, err := pgstore.Open(ctx, pgstore.Options{DSN: os.Getenv(dsnVar), Seal: ring})
	if err != nil {
		return err
	}
	defer db.Close()
	p := people{store: db.Store("erp"), ring: ring, node: name}
	var clients []*client
	in, out := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	for in.Scan() {
		var j job
		if err := json.Unmarshal(in.Bytes(), &j); err != nil {
			return err
		}
		for len(clients) < j.Clients {
			c := &client{first: len(clients) * 1_000_000}
			if c.grants, err = p.connect(ctx, c.first); err != nil {
				return err
			}
			clients = append(clients, c)
		}
		if err := out.Encode(p.do(ctx, j, clients[:j.Clients])); err != nil {
			return err
		}
	}
	return in.Err()
}

// do has each client call, one call after another, until the time is over.
func (p people) do(ctx context.Context, j job, clients []*client) (d done) {
	call := calls[slices.IndexFunc(calls, func(c struct {
		name, says string
		call       func(context.Context, people, *client) error
	}) bool {
		return c.name == j.Call
	})].call
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		return done{Error: err.Error()}
	}
	took, failed := make([][]time.Duration, len(clients)), make([]error, len(clients))
	end := time.Now().Add(j.Length)
	var all sync.WaitGroup
	for i, c := range clients {
		all.Go(func() {
			for began := time.Now(); began.Before(end); {
				if failed[i] = call(ctx, p, c); failed[i] != nil {
					return
				}
				now := time.Now()
				took[i] = append(took[i], now.Sub(began))
				began = now
			}
		})
	}
	all.Wait()
	if err := errors.Join(append(failed, syscall.Getrusage(syscall.RUSAGE_SELF, &after))...); err != nil {
		return done{Error: err.Error()}
	}
	times := slices.Concat(took...)
	d.Count, d.CPU = len(times), spent(after)-spent(before)
	d.P50, d.P99 = part(times, 50), part(times, 99)
	return d
}

func spent(r syscall.Rusage) time.Duration { return time.Duration(r.Utime.Nano() + r.Stime.Nano()) }

// part is the time that so many of a hundred did not exceed. It sorts them.
func part(times []time.Duration, percent int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[min(len(times)-1, len(times)*percent/100)]
}

// node is a process that is one.
type node struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// startNode starts one. It opens the store before it answers the first question.
func (b *bench) startNode(name, dsn string) (*node, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	n := &node{cmd: exec.Command(self)}
	n.cmd.Env = append(os.Environ(), nodeVar+"="+name, dsnVar+"="+dsn, sealVar+"="+b.sealKey())
	n.cmd.Stderr = os.Stderr
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // nothing is left behind
	if n.in, err = n.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	n.out = bufio.NewReader(out)
	return n, n.cmd.Start()
}

// do has the node do a job.
func (n *node) do(j job) (d done, err error) {
	line, err := json.Marshal(j)
	if err != nil {
		return d, err
	}
	if _, err := n.in.Write(append(line, '\n')); err != nil {
		return d, err
	}
	if line, err = n.out.ReadBytes('\n'); err != nil {
		return d, fmt.Errorf("a node gives no answer: %w", err)
	}
	if err = json.Unmarshal(line, &d); err == nil && d.Error != "" {
		err = errors.New(d.Error)
	}
	return d, err
}

// stop has the node close its store.
func (n *node) stop() error {
	_ = n.in.Close()
	return n.cmd.Wait()
}
