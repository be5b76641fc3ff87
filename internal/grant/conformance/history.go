package conformance

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/caddy-odoo/gateway/internal/grant"
)

const (
	histories       = 40
	historyClients  = 5
	callsOfAClient  = 8
	codesOfAHistory = 8
)

// linearizable lets clients redeem, rotate, end, revoke and read at random and
// at once, and asks whether some order of the same calls, one after the other,
// would have given the same answers.
func linearizable(t *testing.T, c *suite) {
	seen := make(map[string]int)
	for i := range histories {
		h := newHistory(c, fmt.Sprint("sub-", i))
		parallel(historyClients, func(client int) {
			for range callsOfAClient {
				h.run(client, h.choose())
			}
		})
		result := porcupine.CheckOperationsTimeout(model, h.calls, time.Minute)
		if result != porcupine.Ok {
			t.Errorf("history %d is %v:", i, result)
			for _, op := range h.calls {
				t.Errorf("client %d, %d to %d: %+v answered %+v", op.ClientId, op.Call, op.Return, op.Input, op.Output)
			}
			return
		}
		for _, op := range h.calls {
			seen[op.Input.(call).method+" "+op.Output.(outcome).err]++
		}
	}
	for _, kind := range []string{
		"redeem ", "redeem consumed", "redeem ended", "rotate ", "rotate ended", "rotate reused", "end ", "read ", "revoke ",
	} {
		if seen[kind] == 0 {
			t.Errorf("no history had a %q: %v", kind, seen)
		}
	}
}

// history records calls about one authorization.
type history struct {
	c  *suite
	a  grant.Authorization
	at time.Time // when it began, for the order of calls

	mu    sync.Mutex
	calls []porcupine.Operation
	// What calls may be about: what others have made.
	codes, sets, refresh []string
}

func newHistory(c *suite, subject string) *history {
	h := &history{c: c, a: c.consent(person("wiki", subject)), at: time.Now()}
	for range codesOfAHistory {
		h.codes = append(h.codes, c.issue(h.a))
	}
	return h
}

// choose makes up a call.
func (h *history) choose() call {
	h.mu.Lock()
	defer h.mu.Unlock()
	in := call{set: grant.NewID(), refresh: grant.HashToken(grant.NewToken())}
	switch n := pick(100); {
	case n < 25 || len(h.sets) == 0:
		in.method, in.name = "redeem", h.codes[pick(len(h.codes))]
	case n < 65:
		in.method, in.name, in.late = "rotate", h.refresh[pick(len(h.refresh))], pick(4) == 0
	case n < 70:
		in.method, in.name = "end", h.sets[pick(len(h.sets))]
	case n < 72:
		in.method = "revoke"
	default:
		in.method, in.name = "read", h.sets[pick(len(h.sets))]
	}
	return in
}

// run makes a call and records it.
func (h *history) run(client int, in call) {
	called := time.Since(h.at)
	out, err := h.c.perform(h.a, in)
	returned := time.Since(h.at)
	if err != nil {
		h.c.t.Errorf("%+v: %v", in, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case out.err != "":
	case in.method == "redeem":
		h.sets, h.refresh = append(h.sets, in.set), append(h.refresh, in.refresh)
	case in.method == "rotate":
		h.refresh = append(h.refresh, out.name)
	}
	h.calls = append(h.calls, porcupine.Operation{
		ClientId: client, Input: in, Call: int64(called), Output: out, Return: int64(returned),
	})
}

// perform asks the store. Its error is one that no call may give.
func (c *suite) perform(a grant.Authorization, in call) (outcome, error) {
	at := start.Add(5 * minute)
	var out outcome
	var err error
	switch in.method {
	case "redeem":
		r := redemption(in.name, "wiki")
		r.TokenSet.ID, r.Refresh.Hash = in.set, in.refresh
		_, _, err = c.s.RedeemCode(c.ctx, r)
	case "rotate":
		r := rotation(in.name, "wiki", at)
		r.Child.Hash = in.refresh
		if in.late {
			r.Grace = -1 // whenever it was rotated, the grace is over
		}
		var child grant.RefreshToken
		child, err = c.s.Rotate(c.ctx, r)
		out.name = child.Hash
	case "end":
		err = c.s.EndTokenSet(c.ctx, in.name, "superseded", at)
	case "revoke":
		err = c.s.RevokeAuthorization(c.ctx, a.ID, at)
	case "read":
		var set grant.TokenSet
		set, err = c.s.TokenSet(c.ctx, in.name)
		out.name = set.EndReason
	}
	for word, answer := range map[string]error{
		"consumed": grant.ErrConsumed, "ended": grant.ErrEnded, "reused": grant.ErrReused, "not found": grant.ErrNotFound,
	} {
		if errors.Is(err, answer) {
			out.err, err = word, nil
		}
	}
	return out, err
}

// pick is a number from 0 up to n.
func pick(n int) int {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return int(i.Int64())
}
