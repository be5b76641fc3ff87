package oauth

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/throttle"
)

// node is one of those that tell one another everything at once.
type node struct {
	all   *[]*node
	heard func(kind, key string, n int)
	told  []string
}

func (n *node) Hear(heard func(kind, key string, n int)) { n.heard = heard }

func (n *node) Tell(kind, key string) {
	n.told = append(n.told, kind+" "+key)
	for _, other := range *n.all {
		if other != n {
			other.heard(kind, key, 1)
		}
	}
}

// nodes are memories that are joined.
func nodes(n int) (memories []*Memory, peers []*node) {
	for range n {
		m, p := NewMemory(nil), &node{all: &peers}
		memories, peers = append(memories, m), append(peers, p)
		m.Join(p)
	}
	return memories, peers
}

// TestNodesShareGuesses: n nodes give nobody n times the guesses, and what they tell
// one another has neither address nor session in it.
func TestNodesShareGuesses(t *testing.T) {
	addr := netip.MustParseAddr("2001:db8:1:2::1")
	key := throttleKey{network: throttle.ClientKey("wiki", addr), site: throttle.SiteKey("wiki", addr)}
	memories, peers := nodes(3)
	for i := range throttle.DefaultBurst {
		if _, blocked := memories[i%3].blocked(key); blocked {
			t.Fatalf("guess %d has to wait", i)
		}
		memories[i%3].failed(key)
	}
	for i, m := range memories {
		if _, blocked := m.blocked(key); !blocked {
			t.Errorf("node %d lets one guess on", i)
		}
		if _, blocked := m.blocked(throttleKey{network: throttle.ClientKey("shop", addr)}); blocked {
			t.Errorf("node %d has another client wait", i)
		}
	}

	site := throttleKey{network: "another network", site: key.site}
	for range 9 * throttle.DefaultBurst { // of other networks of the site
		memories[0].failed(throttleKey{network: "network", site: key.site})
	}
	if _, blocked := memories[1].blocked(site); !blocked {
		t.Error("the other networks of a site let one guess on, at another node")
	}

	for i := range stayTries {
		if !memories[i%3].tryPassword("session") {
			t.Fatalf("password %d has to wait", i)
		}
	}
	if memories[0].tryPassword("session") || memories[2].tryPassword("session") {
		t.Error("a password is tried too often over all nodes")
	}

	if !memories[0].use("form") || memories[1].use("form") || memories[0].use("form") {
		t.Error("a form that was sent to one node is taken at another")
	}
	for _, p := range peers {
		for _, told := range p.told {
			_, key, _ := strings.Cut(told, " ")
			if len(key) != 64 || strings.ContainsAny(key, ":./ ") {
				t.Errorf("told is %q", told)
			}
		}
	}
}

// TestWhatIsHeardIsBounded: nobody waits for ever, or keeps a node busy, whatever it
// is told.
func TestWhatIsHeardIsBounded(t *testing.T) {
	m := NewMemory(nil)
	m.hear(toldClient, toldKey("a"), 1<<40)
	m.hear("of a later version", toldKey("a"), 1)
	wait, blocked := m.blocked(throttleKey{network: "a"})
	if most := (throttle.DefaultBurst + 2) * throttle.DefaultEvery; !blocked || wait > most {
		t.Errorf("waits %v, at most %v", wait, most)
	}
}
