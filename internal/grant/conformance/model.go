package conformance

import (
	"maps"
	"reflect"

	"github.com/anishathalye/porcupine"
)

// call is one call of a history, about one authorization.
type call struct {
	method string // "redeem", "rotate", "end", "revoke" or "read"
	// name is of a code for redeem, of a refresh token for rotate, and of a
	// token set for end and read.
	name string
	// set and refresh are what redeem would make, refresh is what rotate would.
	set, refresh string
	// late makes rotate one after the grace.
	late bool
}

// outcome is what a call answered.
type outcome struct {
	err string // one word, "" for success
	// name is the child that rotate returned, and the reason for which the set
	// that read returned has ended.
	name string
}

// grants is what one after the other would make of an authorization.
type grants struct {
	revoked  bool
	redeemed map[string]string // token sets by code
	ended    map[string]string // reasons by token set; "" while it lives
	setOf    map[string]string // token sets by refresh token
	child    map[string]string // by refresh token
}

func (g grants) clone() grants {
	g.redeemed, g.ended = maps.Clone(g.redeemed), maps.Clone(g.ended)
	g.setOf, g.child = maps.Clone(g.setOf), maps.Clone(g.child)
	return g
}

// reason is why a token set has ended, "" while it lives.
func (g grants) reason(set string) string {
	if g.ended[set] == "" && g.revoked {
		return "revoked"
	}
	return g.ended[set]
}

func (g grants) end(set, reason string) {
	if g.reason(set) == "" {
		g.ended[set] = reason
	}
}

// step is the specification: what a call answers, and what it leaves behind.
func (g grants) step(c call) (outcome, grants) {
	g = g.clone()
	switch c.method {
	case "redeem":
		switch set, used := g.redeemed[c.name]; {
		case used:
			g.end(set, "code_replay")
			return outcome{err: "consumed"}, g
		case g.revoked:
			return outcome{err: "ended"}, g
		}
		g.redeemed[c.name], g.ended[c.set], g.setOf[c.refresh] = c.set, "", c.set
		return outcome{}, g
	case "rotate":
		set, known := g.setOf[c.name]
		switch child := g.child[c.name]; {
		case !known:
			return outcome{err: "not found"}, g
		case g.reason(set) != "":
			return outcome{err: "ended"}, g
		case child != "" && c.late:
			g.end(set, "refresh_reuse")
			return outcome{err: "reused"}, g
		case child != "":
			return outcome{name: child}, g
		}
		g.child[c.name], g.setOf[c.refresh] = c.refresh, set
		return outcome{name: c.refresh}, g
	case "revoke":
		g.revoked = true
		return outcome{}, g
	}
	if _, known := g.ended[c.name]; !known {
		return outcome{err: "not found"}, g
	}
	if c.method == "end" {
		g.end(c.name, "superseded")
		return outcome{}, g
	}
	return outcome{name: g.reason(c.name)}, g
}

// model is grants in the words of the checker.
var model = porcupine.Model{
	Init: func() any {
		return grants{
			redeemed: map[string]string{}, ended: map[string]string{}, setOf: map[string]string{}, child: map[string]string{},
		}
	},
	Step: func(state, input, output any) (bool, any) {
		want, next := state.(grants).step(input.(call))
		return want == output.(outcome), next
	},
	Equal: func(a, b any) bool { return reflect.DeepEqual(a, b) },
}
