package caddymodule

import (
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
)

// ticketed tells of the tickets that a server gives for later.
type ticketed struct {
	tls.ClientSessionCache
	got chan struct{}
}

func (c ticketed) Put(name string, s *tls.ClientSessionState) {
	c.ClientSessionCache.Put(name, s)
	if s != nil {
		select {
		case c.got <- struct{}{}:
		default:
		}
	}
}

// holding is what stands between a client and a site with HTTP/3. What the site says
// can be kept back, so that no handshake is completed.
type holding struct {
	addr string

	mu   sync.Mutex
	hold bool
	kept []func()
}

// newHolding forwards to a site.
func newHolding(t *testing.T, to string) *holding {
	t.Helper()
	front, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &holding{addr: front.LocalAddr().String()}
	var running sync.WaitGroup
	running.Go(func() {
		clients := map[string]net.Conn{}
		defer func() {
			for _, back := range clients {
				back.Close()
			}
		}()
		buffer := make([]byte, 1<<16)
		for {
			n, from, err := front.ReadFrom(buffer)
			if err != nil {
				return
			}
			back := clients[from.String()]
			if back == nil {
				if back, err = net.Dial("udp", to); err != nil {
					return
				}
				clients[from.String()] = back
				running.Go(func() { h.answers(back, func(p []byte) { _, _ = front.WriteTo(p, from) }) })
			}
			_, _ = back.Write(buffer[:n])
		}
	})
	t.Cleanup(func() {
		front.Close()
		running.Wait()
	})
	return h
}

// answers forwards what a site says, until the connection is closed.
func (h *holding) answers(from net.Conn, send func([]byte)) {
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		packet := append([]byte(nil), buffer[:n]...)
		h.mu.Lock()
		if h.hold {
			h.kept = append(h.kept, func() { send(packet) })
		} else {
			send(packet)
		}
		h.mu.Unlock()
	}
}

// keep holds answers back from now on, or lets go of them.
func (h *holding) keep(hold bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.hold = hold; !hold {
		for _, send := range h.kept {
			send()
		}
		h.kept = nil
	}
}

// TestEarlyData: a server with a gateway takes none; where one does, because the
// gateway came to it by a reload, what comes early is refused and goes nowhere.
func TestEarlyData(t *testing.T) {
	log := filepath.Join(t.TempDir(), "access.log")
	q := newQUICSite(t, "protocols h1 h2 h3", "log {\n\t\toutput file "+log+"\n\t}\n\t#gateway")
	between := newHolding(t, q.addr)
	q.addr = between.addr
	tickets := ticketed{q.tls.ClientSessionCache, make(chan struct{}, 1)}
	q.tls.ClientSessionCache = tickets
	fields := func(method string) [][2]string {
		return [][2]string{{":method", method}, {":scheme", "https"}, {":authority", q.addr}, {":path", "/web/login"}}
	}
	ask := func(conn *quic.Conn, method string) *quic.Stream {
		t.Helper()
		stream, err := conn.OpenStream()
		if err == nil {
			_, err = stream.Write(frame(frameHeaders, q.encode(fields(method))))
		}
		if err == nil {
			err = stream.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return stream
	}
	// ticket makes a connection that is ended when it has got one.
	ticket := func() {
		t.Helper()
		conn := q.dial(quic.DialAddr)
		if status, _ := q.answer(ask(conn, http.MethodGet)); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		<-tickets.got
		_ = conn.CloseWithError(0, "")
	}
	// early asks with a ticket before the handshake can be complete, until the site has answered.
	early := func(method, answered string) (status int, used bool) {
		t.Helper()
		ticket()
		q.wire.take(t)
		between.keep(true)
		conn := q.dial(quic.DialAddrEarly)
		stream := ask(conn, method)
		for text := ""; !strings.Contains(text, answered); {
			time.Sleep(time.Millisecond)
			all, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			text = string(all)
		}
		between.keep(false)
		status, _ = q.answer(stream)
		used = conn.ConnectionState().Used0RTT
		again, _ := q.answer(ask(conn, http.MethodGet))
		if again != http.StatusOK {
			t.Errorf("status %d when the handshake is complete", again)
		}
		_ = conn.CloseWithError(0, "")
		return status, used
	}
	if status, used := early(http.MethodHead, `"method":"HEAD"`); !used || status != http.StatusOK {
		t.Fatalf("a site without a gateway: status %d, early data %v", status, used)
	}
	q.file = strings.Replace(q.file, "#gateway", "odoo_gateway erp", 1)
	q.load()
	for _, method := range []string{http.MethodOptions, http.MethodPost} {
		status, used := early(method, `"method":"`+method+`"`)
		asked := q.wire.take(t)
		if !used || status != http.StatusTooEarly || len(asked) != 1 || !strings.HasPrefix(asked[0].line, "GET ") {
			t.Errorf("%s: status %d, early data %v, Odoo was asked %+v", method, status, used, asked)
		}
	}

	with := newQUICSite(t, "protocols h1 h2 h3", "odoo_gateway erp")
	with.tls.ClientSessionCache = tickets
	q = with
	ticket()
	conn := q.dial(quic.DialAddrEarly)
	defer conn.CloseWithError(0, "") //nolint:errcheck // nothing is left to lose
	if status, _ := q.answer(ask(conn, http.MethodGet)); status != http.StatusOK || conn.ConnectionState().Used0RTT {
		t.Errorf("a site with a gateway: status %d, early data %v", status, conn.ConnectionState().Used0RTT)
	}
}
