//go:build linux

package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant/pgtest"
)

// meter stands between nodes and the server, and counts what goes through. On a
// Unix socket nothing is encrypted: the messages can be told apart.
type meter struct {
	dir    string
	target string
	listen net.Listener
	all    sync.WaitGroup

	notifications, statements atomic.Int64
	// bytes are those of both directions.
	bytes atomic.Int64
}

// Messages of the server, by their first byte.
const (
	notificationResponse = 'A'
	commandComplete      = 'C'
)

func newMeter(server *pgtest.Cluster) (*meter, error) {
	dir, err := os.MkdirTemp("", "bench-cluster-")
	if err != nil {
		return nil, err
	}
	m := &meter{dir: dir, target: server.Socket()}
	if m.listen, err = net.Listen("unix", filepath.Join(dir, filepath.Base(m.target))); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	m.all.Go(m.serve)
	return m, nil
}

// dsn is how to connect through the meter.
func (m *meter) dsn() string { return "host=" + m.dir + " user=gateway dbname=postgres" }

// close waits until all connections have ended.
func (m *meter) close() error {
	err := m.listen.Close()
	m.all.Wait()
	return errors.Join(err, os.RemoveAll(m.dir))
}

// settle waits until no notification is on its way any more.
func (m *meter) settle() {
	for before := int64(-1); before != m.notifications.Load(); time.Sleep(300 * time.Millisecond) {
		before = m.notifications.Load()
	}
}

func (m *meter) serve() {
	for {
		client, err := m.listen.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", m.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		end := sync.OnceFunc(func() {
			_ = client.Close()
			_ = server.Close()
		})
		m.all.Go(func() {
			defer end()
			_, _ = io.Copy(io.MultiWriter(server, adder{&m.bytes}), client)
		})
		m.all.Go(func() {
			defer end()
			m.read(client, bufio.NewReader(server))
		})
	}
}

// read passes the server's messages on, one by one.
func (m *meter) read(to io.Writer, from *bufio.Reader) {
	for {
		head, err := from.Peek(5)
		if err != nil {
			return
		}
		kind, size := head[0], 1+int64(binary.BigEndian.Uint32(head[1:]))
		if _, err := io.CopyN(to, from, size); err != nil {
			return
		}
		m.bytes.Add(size)
		switch kind {
		case notificationResponse:
			m.notifications.Add(1)
		case commandComplete:
			m.statements.Add(1)
		}
	}
}

// adder counts what is written.
type adder struct{ sum *atomic.Int64 }

func (a adder) Write(p []byte) (int, error) {
	a.sum.Add(int64(len(p)))
	return len(p), nil
}
