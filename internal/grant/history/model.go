// Package history is for tests of stores: calls about one person that several
// clients make at once, what they were answered, and whether some order of the
// same calls, one after the other, would have given the same answers.
package history

import (
	"maps"
	"reflect"
	"time"

	"github.com/anishathalye/porcupine"
)

// Outcome is what a call was answered.
type Outcome struct {
	// Err is one word, "" for success.
	Err string `json:"err,omitempty"`
	// Name is the authorization that Consent returned, the child that Rotate
	// returned, and what one that only reads has seen.
	Name string `json:"name,omitempty"`
	// Unknown is that no answer came, and that none can come any more: it
	// happened, or never will.
	Unknown bool `json:"-"`
}

// Check tells whether the calls about one person are linearizable. It is
// porcupine.Unknown where that took too long to find out.
func Check(calls []porcupine.Operation, patience time.Duration) porcupine.CheckResult {
	return porcupine.CheckOperationsTimeout(model.ToModel(), calls, patience)
}

// grants is what one call after the other would make of a person.
type grants struct {
	live     string            // the authorization that is not revoked
	revoked  map[string]bool   // by authorization
	issued   map[string]string // authorizations by code
	redeemed map[string]string // token sets by code
	of       map[string]string // authorizations by token set
	ended    map[string]string // reasons by token set; "" while it lives
	setOf    map[string]string // token sets by refresh token
	child    map[string]string // by refresh token
}

func (g grants) clone() grants {
	g.revoked, g.issued, g.redeemed = maps.Clone(g.revoked), maps.Clone(g.issued), maps.Clone(g.redeemed)
	g.of, g.ended = maps.Clone(g.of), maps.Clone(g.ended)
	g.setOf, g.child = maps.Clone(g.setOf), maps.Clone(g.child)
	return g
}

// reason is why a token set has ended, "" while it lives.
func (g grants) reason(set string) string {
	if g.ended[set] == "" && g.revoked[g.of[set]] {
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
func (g grants) step(c Call) (Outcome, grants) {
	if c.reads() {
		return g.read(c), g
	}
	g = g.clone()
	switch c.Method {
	case Consent:
		if g.live == "" {
			g.live = c.Name
			g.revoked[c.Name] = false
		}
		return Outcome{Name: g.live}, g
	case Issue:
		if revoked, known := g.revoked[c.Authorization]; !known || revoked {
			return missing(known), g
		}
		g.issued[c.Name] = c.Authorization
	case Redeem:
		return g.redeem(c), g
	case Rotate:
		return g.rotate(c), g
	case End:
		if _, known := g.ended[c.Name]; !known {
			return missing(false), g
		}
		g.end(c.Name, "superseded")
	case Revoke:
		if _, known := g.revoked[c.Name]; !known {
			return missing(false), g
		}
		g.revoked[c.Name] = true
		if g.live == c.Name {
			g.live = ""
		}
	}
	return Outcome{}, g
}

// missing is the answer where something is not there, or has ended.
func missing(known bool) Outcome {
	if known {
		return Outcome{Err: "ended"}
	}
	return Outcome{Err: "not found"}
}

func (g *grants) redeem(c Call) Outcome {
	authorization, known := g.issued[c.Name]
	switch set, used := g.redeemed[c.Name]; {
	case !known:
		return missing(false)
	case used:
		g.end(set, "code_replay")
		return Outcome{Err: "consumed"}
	case g.revoked[authorization]:
		return missing(true)
	}
	g.redeemed[c.Name] = c.Set
	g.of[c.Set], g.ended[c.Set], g.setOf[c.Refresh] = authorization, "", c.Set
	return Outcome{}
}

func (g *grants) rotate(c Call) Outcome {
	set, known := g.setOf[c.Name]
	switch child := g.child[c.Name]; {
	case !known:
		return missing(false)
	case g.reason(set) != "":
		return missing(true)
	case child != "" && c.Late:
		g.end(set, "refresh_reuse")
		return Outcome{Err: "reused"}
	case child != "":
		return Outcome{Name: child}
	}
	g.child[c.Name], g.setOf[c.Refresh] = c.Refresh, set
	return Outcome{Name: c.Refresh}
}

func (g grants) read(c Call) Outcome {
	switch c.Method {
	case ReadAuthorization:
		revoked, known := g.revoked[c.Name]
		if !known {
			return missing(false)
		}
		return Outcome{Name: stands(revoked)}
	case ReadTokenSet:
		if _, known := g.ended[c.Name]; !known {
			return missing(false)
		}
		return Outcome{Name: g.reason(c.Name)}
	}
	set, known := g.setOf[c.Name]
	if !known {
		return missing(false)
	}
	return Outcome{Name: leads(g.child[c.Name], g.reason(set))}
}

// stands and leads are what one that reads says of an authorization and of a
// refresh token.
func stands(revoked bool) string {
	if revoked {
		return "revoked"
	}
	return "live"
}

func leads(child, reason string) string { return "child " + child + " ended " + reason }

// model is grants in the words of the checker. A call without an answer has two
// outcomes: it happened, or it never will.
var model = porcupine.NondeterministicModel{
	Init: func() []any {
		return []any{grants{
			revoked: map[string]bool{}, issued: map[string]string{}, redeemed: map[string]string{}, of: map[string]string{},
			ended: map[string]string{}, setOf: map[string]string{}, child: map[string]string{},
		}}
	},
	Step: func(state, input, output any) []any {
		before, got := state.(grants), output.(Outcome)
		want, next := before.step(input.(Call))
		switch {
		case got.Unknown:
			return []any{before, next}
		case want == got:
			return []any{next}
		}
		return nil
	},
	Equal: func(a, b any) bool { return reflect.DeepEqual(a, b) },
}
