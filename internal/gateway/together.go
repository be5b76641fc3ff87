package gateway

import (
	"bytes"
	"context"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/coalesce"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// reads are calls under way that others may join: those of one application as
// one person, and none that changes anything.
type reads = coalesce.Group[*sharedAnswer]

// sharedAnswer is what Odoo has answered to one or more calls.
type sharedAnswer struct {
	odoo.Result
	records int // how many were asked for

	index sync.Once
	byID  map[int64]jsontext.Value
	err   error
}

// together asks Odoo, with whoever asks the same at the same time. The rules
// have judged each of them by itself, and each filters what it is given.
func (n *runner) together(ctx context.Context, checked scheme.Checked) (odoo.Result, error) {
	key, ids, ok := checked.Together()
	if !ok {
		return n.run(ctx, checked.Call)
	}
	waited := noteWait(ctx, n.service.now)
	defer waited()
	asked := false
	answer, err := n.service.reads.Do(ctx, n.authorization.ID+"\x00"+key, ids, func(ctx context.Context, ids []int64) (*sharedAnswer, error) {
		asked = true
		waited()
		call := checked.Call
		if ids != nil {
			var err error
			if call, err = checked.For(ids); err != nil {
				return nil, err
			}
		}
		result, err := n.run(ctx, call)
		return &sharedAnswer{Result: result, records: len(ids)}, err
	})
	if err != nil {
		return odoo.Result{}, err
	}
	if !asked {
		noteJoined(ctx)
	}
	return answer.of(ids)
}

// of is the part of an answer that is about these records.
func (a *sharedAnswer) of(ids []int64) (odoo.Result, error) {
	if a.records == len(ids) {
		return a.Result, nil
	}
	a.index.Do(a.split)
	if a.err != nil {
		return odoo.Result{}, a.err
	}
	var list bytes.Buffer
	list.WriteByte('[')
	for _, id := range ids {
		record, ok := a.byID[id]
		if !ok {
			continue
		}
		if list.Len() > 1 {
			list.WriteByte(',')
		}
		list.Write(record)
	}
	list.WriteByte(']')
	return odoo.Result{Value: list.Bytes()}, nil
}

// split finds the records of an answer.
func (a *sharedAnswer) split() {
	a.byID, a.err = odoo.RecordsByID(a.Value)
	if a.err != nil {
		a.err = &odoo.Error{Kind: odoo.Server, Message: "unexpected answer", Err: a.err}
	}
}
