//go:build linux

package main

import (
	"context"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant/pgtest"
)

func TestMain(m *testing.M) {
	if serveNode() {
		return
	}
	os.Exit(pgtest.Main(m))
}

// TestRun runs the command with next to nothing to do, and each table has its rows.
func TestRun(t *testing.T) {
	var out strings.Builder
	err := run(t.Context(), options{
		nodes: []int{2}, clients: 2, length: 100 * time.Millisecond, sizes: []int{200, 100}, seen: 3, traffic: []int{1, 3}, rates: []int{20}, refresh: 20,
		log: io.Discard,
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	const number = `[0-9.]*[1-9][0-9.]*`
	for _, want := range []string{
		`\n\| 2 \| a person connects: .* \| ` + number, `\n\| 2 \| a refresh \| ` + number, `\n\| 2 \| a token that is asked for again, from memory \| ` + number,
		`\n\| 3, while nothing else happens \| ` + number, `\n\| 3, while another node refreshes as fast as it can \| ` + number,
		`\n\| 1 \| \d+ \| \d+ \| ` + number + ` \(`, `\n\| 3 \| \d+ \| \d+ \| ` + number + ` \(`,
		`\n\| 100 \| ` + number + ` \| ` + number, `\n\| 200 \| ` + number + ` \| ` + number, `\nPostgreSQL ` + number,
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("%s is missing in\n%s", want, &out)
		}
	}
}

// TestEveryNodeIsToldOfEachRevocation, and of nothing else: what the table expects
// is what comes.
func TestEveryNodeIsToldOfEachRevocation(t *testing.T) {
	b := newBench(options{length: 200 * time.Millisecond, rates: []int{50}, refresh: 50, log: io.Discard}, io.Discard)
	b.server = pgtest.Shared(t)
	rows, err := b.changesOf(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.revoked != 10 || r.refreshed != 10 || r.notifications != int64(r.told()) || r.told() != 30 {
			t.Errorf("%+v: %d notifications are expected", r, r.told())
		}
		if r.statements == 0 || r.statements > int64(r.looks()) || r.sent == 0 {
			t.Errorf("%+v: at most %d looks are expected", r, r.looks())
		}
	}
}

// TestServerCPU: what a statement costs is counted, also once its connection has gone.
func TestServerCPU(t *testing.T) {
	server := pgtest.Shared(t)
	before, err := serverCPU(server)
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	if err := ask(context.Background(), server, `SELECT sum(i) FROM generate_series(1, 1000000) AS s (i)`, &sum); err != nil {
		t.Fatal(err)
	}
	after, err := serverCPU(server)
	if err != nil || after <= before {
		t.Errorf("from %s to %s, error %v", before, after, err)
	}
	if _, err := serverCPU(new(pgtest.Cluster)); err == nil {
		t.Error("a server that does not run has spent time")
	}
}
