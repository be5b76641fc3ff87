//go:build linux

// Command cluster measures what several gateways ask of the one PostgreSQL that
// they share, and prints the result as Markdown.
//
//	go run ./bench/cluster
//
// It starts a server of its own, as the tests do, whose commits are on the disk
// before they count, and nodes: processes of this program, each with the store open
// as the gateway has it. There is no HTTP, and nothing is signed: what that costs
// ./bench/proxy tells.
package main

import (
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant/pgtest"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// options are the flags.
type options struct {
	nodes   []int         // how many share the store
	clients int           // at once, of each node
	length  time.Duration // of each measurement
	sizes   []int         // authorizations
	seen    int           // revocations whose way to another node is measured
	traffic []int         // nodes that hear of changes
	rates   []int         // revocations a second
	refresh int           // refreshes a second, beside them
	dir     string
	log     io.Writer // of what goes on
}

func main() {
	if serveNode() {
		return
	}
	o := options{log: os.Stderr}
	nodes := flag.String("nodes", "1,2,3", "how many `nodes` share the store")
	flag.IntVar(&o.clients, "clients", 16, "`clients` at once, of each node")
	flag.DurationVar(&o.length, "length", 5*time.Second, "`time` for each measurement")
	sizes := flag.String("sizes", "10000,100000", "`authorizations` of which the size is measured")
	flag.IntVar(&o.seen, "seen", 300, "`revocations` whose way to another node is measured")
	traffic := flag.String("traffic", "1,10,100", "`nodes` that hear of changes")
	rates := flag.String("rates", "1,10,100", "`revocations` a second that they hear of")
	flag.IntVar(&o.refresh, "refreshes", 50, "`refreshes` a second beside them")
	flag.StringVar(&o.dir, "dir", "", "`directory` for the database, on the disk to measure; run by root, another user must be able to enter it; default: that for temporary files")
	flag.Parse()
	for list, into := range map[*string]*[]int{nodes: &o.nodes, sizes: &o.sizes, traffic: &o.traffic, rates: &o.rates} {
		for word := range strings.SplitSeq(*list, ",") {
			n, err := strconv.Atoi(word)
			if err != nil || n < 1 {
				fmt.Fprintf(os.Stderr, "bench: %q is no list of numbers above 0\n", *list)
				os.Exit(2)
			}
			*into = append(*into, n)
		}
	}
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run.
type bench struct {
	options
	server *pgtest.Cluster
	key    []byte
	ring   *seal.Ring
	out    io.Writer
}

func newBench(o options, out io.Writer) *bench {
	key := seal.NewKey()
	ring, err := seal.NewRing(key)
	if err != nil {
		panic(err) // a new key is one
	}
	return &bench{options: o, key: key, ring: ring, out: out}
}

// run measures, and prints the tables.
func run(ctx context.Context, o options, out io.Writer) (err error) {
	start := time.Now()
	b := newBench(o, out)
	if b.server, err = pgtest.New(b.dir, true); err != nil {
		return err
	}
	defer func() {
		if failed := b.server.Remove(); err == nil {
			err = failed
		}
	}()
	version, err := b.text(ctx, b.server, `SHOW server_version`)
	if err != nil {
		return err
	}
	for _, part := range []struct {
		name    string
		measure func(context.Context) error
	}{{"calls", b.calls}, {"revocations seen", b.revocationsSeen}, {"traffic of changes", b.changes}, {"sizes", b.bytes}} {
		fmt.Fprintf(b.log, "%s …\n", part.name)
		if err := part.measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	_, err = fmt.Fprintf(out, "\nPostgreSQL %s, %d processors, %s, %d clients of each node, %s for each measurement, %s in all.\n",
		version, runtime.NumCPU(), runtime.Version(), b.clients, b.length, time.Since(start).Round(time.Second))
	return err
}

// sealKey is the key as nodes take it.
func (b *bench) sealKey() string { return hex.EncodeToString(b.key) }
