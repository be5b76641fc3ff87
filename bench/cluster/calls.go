//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/caddy-odoo/gateway/bench/workers"
)

// calls measures each call with each number of nodes.
func (b *bench) calls(ctx context.Context) error {
	fmt.Fprintf(b.out, "| nodes | what | a second | p50 | p99 | processor time of a node | of the server | connections of a node |\n|---|---|---|---|---|---|---|---|\n")
	for _, nodes := range b.nodes {
		if err := b.callsOf(ctx, nodes); err != nil {
			return fmt.Errorf("%d nodes: %w", nodes, err)
		}
	}
	return nil
}

func (b *bench) callsOf(ctx context.Context, count int) (err error) {
	var nodes []*node
	defer func() {
		for _, n := range nodes {
			err = errors.Join(err, n.stop())
		}
	}()
	for i := range count {
		n, err := b.startNode(fmt.Sprintf("%d of %d", i, count), b.server.DSN())
		if err != nil {
			return err
		}
		nodes = append(nodes, n)
	}
	warm := min(b.length, 500*time.Millisecond)
	for _, c := range calls {
		if _, _, err := b.together(nodes, job{Call: c.name, Clients: b.clients, Length: warm}); err != nil {
			return err
		}
		// As the server does by itself in its first minute: it plans by what the
		// tables hold.
		if err := perform(ctx, b.server, `ANALYZE`); err != nil {
			return err
		}
		all, server, err := b.together(nodes, job{Call: c.name, Clients: b.clients, Length: b.length})
		if err != nil {
			return err
		}
		var sum, slowest done
		for _, d := range all {
			sum.Count, sum.CPU = sum.Count+d.Count, sum.CPU+d.CPU
			slowest.P50, slowest.P99 = max(slowest.P50, d.P50), max(slowest.P99, d.P99)
		}
		if sum.Count == 0 {
			return fmt.Errorf("%s: none was done", c.name)
		}
		connections, err := b.text(ctx, b.server, `SELECT count(*)::text FROM pg_stat_activity WHERE application_name = 'odoo-gateway'`)
		if err != nil {
			return err
		}
		open, err := strconv.Atoi(connections)
		if err != nil {
			return err
		}
		fmt.Fprintf(b.out, "| %d | %s | %.0f | %s | %s | %s | %s | %d |\n", count, c.says, float64(sum.Count)/b.length.Seconds(),
			short(slowest.P50), short(slowest.P99), short(sum.CPU/time.Duration(sum.Count)), short(server/time.Duration(sum.Count)), open/count)
	}
	return ctx.Err()
}

// together has all nodes do the same job at once. It gives what the server has
// spent, too.
func (b *bench) together(nodes []*node, j job) (all []done, server time.Duration, err error) {
	before, err := serverCPU(b.server)
	if err != nil {
		return nil, 0, err
	}
	all = make([]done, len(nodes))
	if err := workers.Each(len(nodes), len(nodes), func(i int) (err error) {
		all[i], err = nodes[i].do(j)
		return err
	}); err != nil {
		return nil, 0, err
	}
	after, err := serverCPU(b.server)
	return all, after - before, err
}

// short is a duration for people.
func short(d time.Duration) string {
	switch {
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.0f ms", float64(d)/1e6)
	case d >= 100*time.Microsecond:
		return fmt.Sprintf("%.2f ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.1f µs", float64(d)/1e3)
}
