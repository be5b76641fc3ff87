package conformance

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/history"
)

const (
	histories      = 40
	historyClients = 5
	callsOfAClient = 12
)

// linearizable lets clients consent, redeem, rotate, end, revoke and read at
// random and at once, and asks whether some order of the same calls, one after
// the other, would have given the same answers.
func linearizable(t *testing.T, c *suite) {
	seen := make(map[string]int)
	for i := range histories {
		p := &history.Person{Subject: fmt.Sprint("sub-", i)}
		parallel(historyClients, func(client int) {
			for range callsOfAClient {
				call := p.Choose(pick, grant.NewID)
				began := p.Begin()
				out, err := call.Perform(c.ctx, c.s, p.Subject)
				if err != nil {
					t.Errorf("%+v: %v", call, err)
				}
				p.Done(client, call, began, out)
			}
		})
		calls := p.Calls()
		if result := history.Check(calls, time.Minute); result != porcupine.Ok {
			t.Errorf("history %d is %v:\n%s", i, result, p)
			return
		}
		for _, op := range calls {
			seen[op.Input.(history.Call).Method+" "+op.Output.(history.Outcome).Err]++
		}
	}
	for _, kind := range []string{
		"consent ", "issue ", "redeem ", "redeem consumed", "rotate ", "rotate ended", "rotate reused", "end ", "revoke ",
		"read authorization ", "read token set ", "read refresh token ",
	} {
		if seen[kind] == 0 {
			t.Errorf("no history had a %q: %v", kind, seen)
		}
	}
}

// pick is a number from 0 up to n.
func pick(n int) int {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return int(i.Int64())
}
