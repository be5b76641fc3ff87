package connection

import (
	"context"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

const (
	// programmaticFrom is the first version in which a key may make its
	// successor, where an administrator has enabled that.
	programmaticFrom = 20
	// nearEnd is how long before the end of a key its successor is looked for.
	nearEnd = 14 * 24 * time.Hour
	// renewInterval is how often that is tried.
	renewInterval = 24 * time.Hour
)

// KeyEndsSoon tells whether a connection is a key that needs a successor: in
// its last fourteen days, or in the second half of a life shorter than
// twenty-eight.
func KeyEndsSoon(c grant.Connection, now time.Time) bool {
	if c.Kind != grant.APIKey || c.ExpiresAt.IsZero() {
		return false
	}
	return c.ExpiresAt.Sub(now) <= min(nearEnd, c.ExpiresAt.Sub(c.Since)/2)
}

// KeyWorks tells whether a connection is a key that has not ended as far as is
// known.
func KeyWorks(c grant.Connection, now time.Time) bool {
	return c.Kind == grant.APIKey && c.Live() && (c.ExpiresAt.IsZero() || now.Before(c.ExpiresAt))
}

// renew lets a key that ends soon make its successor, at most once a day. Where
// Odoo does not let it, the next authorize asks the person.
func (m *Manager) renew(ctx context.Context, rt http.RoundTripper, a grant.Authorization, userAgent string) {
	if !KeyEndsSoon(a.Connection, m.now()) || !m.table.firstSight("renew\x00"+a.Connection.Hash, renewInterval) {
		return
	}
	version, err := m.client.Major(ctx, rt, userAgent)
	if err != nil || version < programmaticFrom {
		return
	}
	secret, err := m.open(a)
	if err != nil {
		return
	}
	key := rpc.Key{UID: a.UID, Secret: secret, UserAgent: userAgent}
	made, err := m.successor(ctx, rt, key, a)
	if err != nil {
		m.log.Info("a key can not be renewed without its person", zap.String("authorization", a.ID), zap.Error(err))
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
	defer cancel()
	to := m.AttachKey(made.Secret, a, made.Ends, made.ID)
	to.BrowserAt = a.Connection.BrowserAt
	if err := m.store.UpdateConnection(ctx, a.ID, a.Connection.Hash, to); err != nil {
		// Somebody was faster, or nothing can be kept: the new key is of no use.
		m.revokeKey(ctx, rt, key, made.Secret)
		m.log.Warn("a renewed key could not be stored", zap.String("authorization", a.ID), zap.Error(err))
		return
	}
	// The store has noted that the former one has to go.
	m.log.Info("key renewed", zap.String("authorization", a.ID), zap.String("application", a.Application),
		zap.Time("ends", made.Ends))
}

// successor has Odoo make a key by a key. Its end is the latest that Odoo
// accepts.
func (m *Manager) successor(ctx context.Context, rt http.RoundTripper, key rpc.Key, a grant.Authorization) (NewKey, error) {
	name, err := m.keyName(ctx, rt, key, a.Connection.KeyID)
	if err != nil {
		return NewKey{}, err
	}
	now := m.now().UTC().Truncate(time.Second)
	for _, days := range keyDays {
		made := NewKey{Ends: now.AddDate(0, 0, days).Add(-time.Minute)}
		if !made.Ends.After(a.Connection.ExpiresAt) {
			break // no better than the one at hand
		}
		var result odoo.Result
		result, err = m.client.CallKey(ctx, rt, key, odoo.Call{Model: "res.users.apikeys", Method: "generate", Kwargs: map[string]any{
			"key": key.Secret, "scope": "rpc", "name": name, "expiration_date": made.Ends.Format(odooTime),
		}})
		if is(err, odoo.Validation) {
			continue
		}
		if err != nil {
			return NewKey{}, err
		}
		if made.Secret = text(result.Value); made.Secret == "" {
			return NewKey{}, &odoo.Error{Kind: odoo.Server, Message: "renewing a key gave no key"}
		}
		made.ID = m.newestKey(ctx, rt, key, name)
		return made, nil
	}
	if err == nil {
		err = ErrNoKeys
	}
	return NewKey{}, err
}

// keyName is what the key is called now: its successor keeps the name.
func (m *Manager) keyName(ctx context.Context, rt http.RoundTripper, key rpc.Key, id int64) (string, error) {
	result, err := m.client.CallKey(ctx, rt, key, odoo.Call{
		Model: "res.users.apikeys", Method: "read", IDs: []int64{id}, Kwargs: map[string]any{"fields": []any{"name"}},
	})
	if err != nil {
		return "", err
	}
	records, err := odoo.Records(result.Value)
	if err != nil || len(records) != 1 {
		return "", &odoo.Error{Kind: odoo.Missing, Message: "the key is not listed", Err: err}
	}
	return text(records[0].Get("name")), nil
}

// newestKey is the record of the last key with that name, 0 where it can not
// be read.
func (m *Manager) newestKey(ctx context.Context, rt http.RoundTripper, key rpc.Key, name string) int64 {
	result, err := m.client.CallKey(ctx, rt, key, odoo.Call{Model: "res.users.apikeys", Method: "search", Kwargs: map[string]any{
		"domain": []any{[]any{"user_id", "=", key.UID}, []any{"name", "=", name}}, "order": "id desc", "limit": int64(1),
	}})
	if err != nil {
		return 0
	}
	parsed, _ := odoo.ParseJSON(result.Value, odoo.DefaultLimits)
	list, _ := parsed.([]any)
	if len(list) != 1 {
		return 0
	}
	id, _ := list[0].(int64)
	return id
}

// revokeKey removes a key of the same person by a key.
func (m *Manager) revokeKey(ctx context.Context, rt http.RoundTripper, key rpc.Key, secret string) bool {
	result, err := m.client.CallKey(ctx, rt, key, revocation(secret))
	return err == nil && string(result.Value) == "true"
}
