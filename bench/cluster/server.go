//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/caddy-odoo/gateway/internal/grant/pgtest"
)

// ask runs a statement that gives one row.
func ask(ctx context.Context, server *pgtest.Cluster, sql string, into ...any) error {
	conn, err := pgx.Connect(ctx, server.DSN())
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return conn.QueryRow(ctx, sql).Scan(into...)
}

// perform runs a statement.
func perform(ctx context.Context, server *pgtest.Cluster, sql string) error {
	conn, err := pgx.Connect(ctx, server.DSN())
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, sql)
	return err
}

func (b *bench) text(ctx context.Context, server *pgtest.Cluster, sql string) (text string, err error) {
	return text, ask(ctx, server, sql, &text)
}

// serverCPU is the time that the server's processes have spent, ended ones
// included: their parent has taken it over.
func serverCPU(server *pgtest.Cluster) (time.Duration, error) {
	root := server.PID()
	if root == 0 {
		return 0, fmt.Errorf("the server does not run")
	}
	var sum time.Duration
	pids := []int{root}
	for len(pids) > 0 {
		pid := pids[0]
		pids = pids[1:]
		spent, err := ticks(pid)
		if err != nil {
			continue // ended since it was listed: its parent has its time
		}
		sum += spent
		list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
		if err != nil {
			continue
		}
		for _, word := range strings.Fields(string(list)) {
			if id, err := strconv.Atoi(word); err == nil {
				pids = append(pids, id)
			}
		}
	}
	return sum, nil
}

// ticks is what a process and its ended children have spent: utime, stime, cutime
// and cstime of proc_pid_stat(5), in hundredths of a second.
func ticks(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	behind := string(text[strings.LastIndexByte(string(text), ')')+1:]) // a name may have spaces
	fields := strings.Fields(behind)
	var sum time.Duration
	for _, word := range fields[11:15] {
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(n) * 10 * time.Millisecond
	}
	return sum, nil
}
