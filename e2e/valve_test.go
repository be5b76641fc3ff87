package e2e

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// valve stands on the wire between the gateway and Odoo. It makes any Odoo,
// a real one too, unreachable or stop in the middle of an answer.
type valve struct {
	listener net.Listener
	to       string
	wait     sync.WaitGroup

	mu     sync.Mutex
	closed bool
	cut    int64 // bytes of the next answer that still pass; -1 = all
	open   map[net.Conn]bool
}

// newValve returns an open valve before an address.
func newValve(t *testing.T, to *url.URL) *valve {
	t.Helper()
	host := to.Host
	if to.Port() == "" {
		host = net.JoinHostPort(to.Hostname(), map[string]string{"http": "80", "https": "443"}[to.Scheme])
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	v := &valve{listener: l, to: host, cut: -1, open: make(map[net.Conn]bool)}
	v.wait.Go(v.accept)
	t.Cleanup(func() {
		l.Close()
		v.shut()
		v.wait.Wait()
	})
	return v
}

func (v *valve) address() string { return v.listener.Addr().String() }

// shut makes Odoo unreachable and ends what is under way; reopen ends that.
func (v *valve) shut() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	for c := range v.open {
		c.Close()
	}
}

func (v *valve) reopen() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = false
}

// cutNext lets n bytes of the next answer pass and then closes the connection.
// Connections that are kept are closed, so that it is the next answer indeed.
func (v *valve) cutNext(n int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.cut = n
	for c := range v.open {
		c.Close()
	}
}

func (v *valve) accept() {
	for {
		client, err := v.listener.Accept()
		if err != nil {
			return
		}
		if !v.admit(client) {
			client.Close()
			continue
		}
		v.wait.Go(func() { v.pass(client) })
	}
}

// admit notes a connection as open, unless the valve is shut.
func (v *valve) admit(c net.Conn) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return false
	}
	v.open[c] = true
	return true
}

func (v *valve) forget(c net.Conn) {
	c.Close()
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.open, c)
}

// takeCut returns how much of an answer may pass, -1 for all of it.
func (v *valve) takeCut() int64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := v.cut
	v.cut = -1
	return n
}

func (v *valve) pass(client net.Conn) {
	defer v.forget(client)
	server, err := net.Dial("tcp", v.to)
	if err != nil {
		return
	}
	if !v.admit(server) {
		server.Close()
		return
	}
	defer v.forget(server)
	v.wait.Go(func() {
		_, _ = io.Copy(server, client) // the end of either side ends both
		if c, ok := server.(*net.TCPConn); ok {
			_ = c.CloseWrite()
		}
	})
	if n := v.takeCut(); n >= 0 {
		_, _ = io.CopyN(client, server, n)
		return
	}
	_, _ = io.Copy(client, server)
}
