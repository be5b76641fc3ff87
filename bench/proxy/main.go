//go:build linux

// Command proxy measures what the gateway costs, beside plain Caddy, nginx and
// Caddy's forward_auth, and prints the result as Markdown.
//
//	go run ./bench/proxy
//
// All contenders run at once and take turns, round by round, in front of an
// upstream that answers 1 KB and does nothing else. The main figure is the time
// of the processor that a contender's processes spend on 10,000 requests, by
// the kernel's own count: what else the machine does meanwhile changes it
// little. Each answer is looked at; a wrong one ends the run.
//
// Load and upstream run in processes of their own. Where a setting pins, the
// contenders have the first processor for themselves, and those the others.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

// options are the flags.
type options struct {
	rounds      int
	requests    int
	connections int
	tokens      int
	perRound    int
	redemptions int
	settings    []setting
	dir         string
	nginx       string
	pprof       string
	log         io.Writer // of what goes on; nil is nobody
}

// setting is how the contenders run.
type setting struct {
	pinned bool
	gogc   int
}

func (s setting) String() string {
	if s.pinned {
		return fmt.Sprintf("one core, GOGC=%d", s.gogc)
	}
	return fmt.Sprintf("unpinned, GOGC=%d", s.gogc)
}

func main() {
	if serveRole() {
		return
	}
	o := options{log: os.Stderr, settings: []setting{{true, 100}, {false, 100}, {true, 400}}}
	flag.IntVar(&o.rounds, "rounds", 5, "`rounds` in which the contenders take turns")
	flag.IntVar(&o.requests, "requests", 10000, "`requests` of each contender in each round")
	flag.IntVar(&o.connections, "connections", 16, "`connections` that ask, one request after another each")
	flag.IntVar(&o.tokens, "tokens", 5000, "`tokens` that are used once each, in all rounds of a setting together")
	flag.IntVar(&o.perRound, "grants", 4000, "`grants` and signatures of each kind in each round; 0 leaves them out")
	flag.IntVar(&o.redemptions, "redemptions", 4000, "`codes` that are redeemed in each round; 0 leaves them out")
	settings := flag.Int("settings", len(o.settings), "the first `settings` only, of one core, unpinned, and one core with another GOGC")
	flag.StringVar(&o.dir, "dir", "", "`directory` for the stores, on the disk to measure; default: that for temporary files")
	flag.StringVar(&o.nginx, "nginx", "nginx", "the nginx to run: a `command`")
	flag.StringVar(&o.pprof, "pprof", "", "an `address` at which the gateway's process serves profiles, as net/http/pprof does")
	flag.Parse()
	if flag.NArg() > 0 || *settings < 0 || *settings > len(o.settings) {
		flag.Usage()
		os.Exit(2)
	}
	o.settings = o.settings[:*settings]
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "bench:", err) // Caddy has the standard logger for itself
		os.Exit(1)
	}
}

// run measures, and prints the tables.
func run(ctx context.Context, o options, out io.Writer) error {
	start := time.Now()
	dir, err := os.MkdirTemp(o.dir, "bench-proxy-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{options: o, dir: dir}
	if b.log == nil {
		b.log = io.Discard
	}
	defer b.stop()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	b.printHead(out)
	for _, s := range o.settings {
		fmt.Fprintf(b.log, "%s …\n", s)
		measured, err := b.requestsBy(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
		b.printRequests(out, measured)
	}
	if o.perRound > 0 {
		fmt.Fprintln(b.log, "token endpoints …")
		rows, err := b.grants(ctx)
		if err != nil {
			return fmt.Errorf("token endpoints: %w", err)
		}
		b.printGrants(out, rows)
	}
	if o.redemptions > 0 {
		fmt.Fprintln(b.log, "store …")
		rows, err := b.redemptionsOf(ctx)
		if err != nil {
			return fmt.Errorf("store: %w", err)
		}
		b.printStore(out, rows)
	}
	fmt.Fprintf(out, "\n%s\n", b.machine(time.Since(start)))
	return nil
}
