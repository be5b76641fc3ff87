package pgtest

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Relay stands between one node and the server, and can be cut.
type Relay struct {
	dir    string
	target string
	listen net.Listener

	mu    sync.Mutex
	cut   chan struct{} // closed while bytes go through
	conns map[net.Conn]bool
	lose  []byte // the answer to this is lost, with the connection
	spoil []byte // the server gets something else for this
}

// NewRelay begins to listen on a socket of its own.
func NewRelay(t testing.TB, c *Cluster) *Relay {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgrelay-")
	if err != nil {
		t.Fatal(err)
	}
	r := &Relay{dir: dir, target: c.Socket(), cut: make(chan struct{}), conns: make(map[net.Conn]bool)}
	close(r.cut)
	if r.listen, err = net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432")); err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { r.serve(&serving) })
	t.Cleanup(func() {
		_ = r.listen.Close()
		r.Mend()
		r.Drop()
		serving.Wait()
		_ = os.RemoveAll(dir)
	})
	return r
}

// DSN is how to connect through the relay.
func (r *Relay) DSN() string { return "host=" + r.dir + " user=gateway dbname=postgres" }

// Cut lets nothing through any more, and tells nobody: connections stay, and new
// ones are taken.
func (r *Relay) Cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = make(chan struct{})
}

// Mend lets through what waits, and all else.
func (r *Relay) Mend() {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.cut:
	default:
		close(r.cut)
	}
}

// Drop closes all connections.
func (r *Relay) Drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		_ = c.Close()
	}
}

// LoseAnswer has the next message with this text arrive at the server, and the
// connection break before its answer.
func (r *Relay) LoseAnswer(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lose = []byte(text)
}

// Spoil has the server take statements with this text for mistakes, as one does that
// does not know them.
func (r *Relay) Spoil(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spoil = []byte(text)
}

// Lost tells whether that has happened.
func (r *Relay) Lost() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lose == nil
}

func (r *Relay) serve(all *sync.WaitGroup) {
	for {
		client, err := r.listen.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", r.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		r.mu.Lock()
		r.conns[client], r.conns[server] = true, true
		r.mu.Unlock()
		p := &pair{relay: r, client: client, server: server}
		all.Go(func() { p.copy(server, client, true) })
		all.Go(func() { p.copy(client, server, false) })
	}
}

// pair is a connection to each side.
type pair struct {
	relay          *Relay
	client, server net.Conn

	mu   sync.Mutex
	deaf bool // what comes back is lost
}

func (p *pair) copy(to, from net.Conn, forth bool) {
	defer func() {
		_ = p.client.Close()
		_ = p.server.Close()
		p.relay.mu.Lock()
		delete(p.relay.conns, p.client)
		delete(p.relay.conns, p.server)
		p.relay.mu.Unlock()
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		p.relay.mu.Lock()
		open, lose := p.relay.cut, p.relay.lose
		lost := forth && lose != nil && bytes.Contains(buf[:n], lose)
		if lost {
			p.relay.lose = nil
		}
		if forth && p.relay.spoil != nil {
			copy(buf, bytes.ReplaceAll(buf[:n], p.relay.spoil, bytes.Repeat([]byte("?"), len(p.relay.spoil))))
		}
		p.relay.mu.Unlock()
		<-open
		p.mu.Lock()
		p.deaf = p.deaf || lost
		deaf := p.deaf && !forth
		p.mu.Unlock()
		if deaf {
			return // after the answer: the server has done it
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}
