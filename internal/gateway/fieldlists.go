package gateway

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// fieldLists are the fields of models as each person sees them. Each person is
// asked for, as their groups decide, but people of the same groups are answered
// with the same list, byte for byte: that is parsed and kept once. So many people
// fit in, and the lists, which are large, are bounded by themselves.
type fieldLists struct {
	people *personCache[listKey]
	lists  *lru.Cache[listKey, odoo.Fields]
}

// listKey is the SHA-256 of Odoo's answer.
type listKey = [sha256.Size]byte

// askFields asks Odoo as one person: the answer to odoo.FieldsCall.
type askFields func(context.Context) (jsontext.Value, error)

func newFieldLists(people, lists int, age time.Duration, now clock.Clock) *fieldLists {
	kept, _ := lru.New[listKey, odoo.Fields](lists) // errs on a size below 1 only
	return &fieldLists{people: newPersonCache[listKey](people, age, now), lists: kept}
}

// get returns the fields, asked for where they are absent or older than the
// cache's age.
func (l *fieldLists) get(ctx context.Context, uid int64, model string, ask askFields) (odoo.Fields, error) {
	return l.find(ctx, uid, model, ask, l.people.get)
}

// read asks afresh.
func (l *fieldLists) read(ctx context.Context, uid int64, model string, ask askFields) (odoo.Fields, error) {
	return l.find(ctx, uid, model, ask, l.people.read)
}

// young tells whether the fields were asked for less than age ago.
func (l *fieldLists) young(uid int64, model string, age time.Duration) bool {
	return l.people.young(uid, model, age)
}

type findList func(context.Context, int64, string, func(context.Context) (listKey, error)) (listKey, error)

func (l *fieldLists) find(ctx context.Context, uid int64, model string, ask askFields, find findList) (odoo.Fields, error) {
	var own odoo.Fields // where this caller has asked
	keep := func(ctx context.Context) (key listKey, err error) {
		value, err := ask(ctx)
		if err == nil {
			key, own, err = l.keep(value)
		}
		return key, err
	}
	for _, find := range []findList{find, l.people.read} {
		key, err := find(ctx, uid, model, keep)
		if err != nil || own != nil {
			return own, err
		}
		if list, ok := l.lists.Get(key); ok {
			return list, nil
		}
		// It has made room for others: it is asked for again.
	}
	_, err := keep(ctx)
	return own, err
}

// keep returns the list that an answer is, and keeps it.
func (l *fieldLists) keep(value jsontext.Value) (listKey, odoo.Fields, error) {
	key := sha256.Sum256(value)
	if list, ok := l.lists.Get(key); ok {
		return key, list, nil
	}
	list, err := odoo.ParseFields(value)
	if err != nil {
		return key, nil, err
	}
	l.lists.Add(key, list)
	return key, list, nil
}

// largest is the longest list of those that people see of a model, nil where
// there is none.
func (l *fieldLists) largest(model string) (most odoo.Fields) {
	for _, key := range l.people.entries.Keys() {
		if key.model != model {
			continue
		}
		if e, ok := l.people.entries.Peek(key); ok {
			if list, ok := l.lists.Peek(e.value); ok && len(list) > len(most) {
				most = list
			}
		}
	}
	return most
}
