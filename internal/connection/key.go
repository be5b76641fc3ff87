package connection

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// AttachKey makes the connection of an authorization from an API key of its
// person, who has just been found to be one that may connect the application.
// ends is when Odoo will refuse the key, zero where that is never or unknown;
// id is the key's record in Odoo. It stores nothing. Of the authorization only
// what its Key is made of is read. Whose key it is shows [Manager.Check] before
// it is first used: it was made over a session, whose user may have changed
// since somebody looked.
func (m *Manager) AttachKey(key string, a grant.Authorization, ends time.Time, id int64) grant.Connection {
	now, hash := m.now(), keyHash(key)
	m.table.judge(hash, m.group(a), true)
	return grant.Connection{
		Kind:      grant.APIKey,
		Sealed:    m.seal.Seal([]byte(key), a.Key()),
		Hash:      hash,
		Since:     now,
		TouchedAt: now,
		BrowserAt: now,
		ExpiresAt: ends,
		KeyID:     id,
	}
}

// keyHash is the Hash of a connection with a key. It is never that of a
// session, although a key looks like the session ids of 16 and 17.
func keyHash(key string) string { return grant.HashToken("api_key\x00" + key) }

// hash names the credential of an authorization in the table.
func (m *Manager) hash(a grant.Authorization) string {
	if a.Connection.Kind != grant.Service {
		return a.Connection.Hash
	}
	s := m.account(a.Application)
	if s == nil {
		return ""
	}
	return grant.HashToken("service\x00" + a.Database + "\x00" + s.Login + "\x00" + s.APIKey.Reveal())
}

// withKey is once with an API key.
func (m *Manager) withKey(ctx context.Context, rt http.RoundTripper, a grant.Authorization, userAgent string, call odoo.Call) (odoo.Result, string, error) {
	// Up to 19 Odoo remembers keys that it has seen, and goes on accepting
	// them on /jsonrpc after their end.
	if ends := a.Connection.ExpiresAt; !ends.IsZero() && !m.now().Before(ends) {
		return odoo.Result{}, ReasonKeyExpired, &odoo.Error{Kind: odoo.SessionExpired, Message: "the key has expired"}
	}
	secret, err := m.secret(a)
	if err != nil {
		return odoo.Result{}, "", err
	}
	key := rpc.Key{UID: a.UID, Secret: secret, UserAgent: userAgent}
	result, err := m.client.CallKey(ctx, rt, key, call)
	if !is(err, odoo.AccessDenied) {
		return result, "", err
	}
	// The method may have said so. That the key is refused is proven only by
	// a call that needs nothing but the key.
	switch _, again := m.client.CallKey(ctx, rt, key, contextGet); {
	case again == nil:
		return odoo.Result{}, "", err
	case !is(again, odoo.AccessDenied):
		return odoo.Result{}, "", again
	case !refusesKey(again):
		return odoo.Result{}, "", &odoo.Error{Kind: odoo.Unavailable, Message: "Odoo does not tell whether it refuses the key", Err: again}
	}
	return odoo.Result{}, ReasonKeyRefused, &odoo.Error{Kind: odoo.SessionExpired, Message: "the key is refused"}
}

// refusesKey tells whether Odoo denies access in the very words that it has for
// a credential. It denies with others, and in any language, to whoever comes from
// an address of too many failed logins.
func refusesKey(err error) bool {
	var e *odoo.Error
	return errors.As(err, &e) && (e.Message == "Access Denied" || strings.HasSuffix(e.Name, ".Unauthorized"))
}

// keyListed tells whether the key of an authorization still stands among its
// person's keys, where that has to be asked: up to 18 a removed key goes on
// working in every process of Odoo's that has seen it.
func (m *Manager) keyListed(ctx context.Context, rt http.RoundTripper, a grant.Authorization, userAgent string) (bool, error) {
	if a.Connection.Kind != grant.APIKey || a.Connection.KeyID == 0 {
		return true, nil
	}
	switch version, err := m.client.Major(ctx, rt, userAgent); {
	case err != nil:
		return false, err
	case version > 18:
		return true, nil
	}
	result, _, err := m.run(ctx, rt, a, userAgent, odoo.Call{
		Model: "res.users.apikeys", Method: "search_count", Args: []any{[]any{[]any{"id", "=", a.Connection.KeyID}}},
	})
	return string(result.Value) != "0", err
}

// secret is the key of an authorization.
func (m *Manager) secret(a grant.Authorization) (string, error) {
	if a.Connection.Kind != grant.Service {
		return m.open(a)
	}
	s := m.account(a.Application)
	if s == nil {
		return "", &odoo.Error{Kind: odoo.SessionExpired, Message: "the application has no service account any more"}
	}
	return s.APIKey.Reveal(), nil
}
