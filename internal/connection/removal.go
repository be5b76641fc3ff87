package connection

import (
	"context"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// Removal is what has become of the removal of a key.
type Removal int

// The outcomes of a removal.
const (
	// RemovalWaits: nothing is proven; it is tried again later.
	RemovalWaits Removal = iota
	// RemovalDone: the key is gone from Odoo.
	RemovalDone
	// RemovalLeft: Odoo removes the key for nobody but the person themselves.
	RemovalLeft
)

// revokeFrom is the first version of which some revisions let a key end itself.
const revokeFrom = 19

// RemoveKey asks Odoo, by the key itself, to remove a key that no connection
// holds any more. What that takes differs:
//
//	16      people may take keys off their own record; the key's own id must be known
//	17, 18  not without the password
//	19      late revisions have res.users.apikeys.revoke; 20 has it. Both let
//	        administrators use it, and everybody where base.enable_programmatic_api_keys is on
//
// A password is asked for nowhere here: the person may be long gone. The error
// tells why a removal waits.
func (m *Manager) RemoveKey(ctx context.Context, rt http.RoundTripper, k grant.KeyRemoval, userAgent string) (Removal, error) {
	if k.Database != m.client.Database() {
		return RemovalWaits, &odoo.Error{Kind: odoo.Unavailable, Message: "the key is one of another database"}
	}
	plain, err := m.seal.Open(k.Sealed, k.Key())
	if err != nil {
		m.log.Error("a sealed key can not be opened", zap.String("authorization", k.Authorization), zap.Error(err))
		return RemovalLeft, nil
	}
	version, err := m.client.Major(ctx, rt, userAgent)
	if err != nil {
		return RemovalWaits, err
	}
	key := rpc.Key{UID: k.UID, Secret: string(plain), UserAgent: userAgent}
	var call odoo.Call
	switch {
	case version >= revokeFrom:
		call = revocation(key.Secret)
	case version == 16 && k.KeyID != 0:
		call = odoo.Call{Model: "res.users", Method: "write", IDs: []int64{k.UID}, Args: []any{
			map[string]any{"api_key_ids": []any{[]any{int64(2), k.KeyID, int64(0)}}},
		}}
	default:
		return RemovalLeft, nil
	}
	result, err := m.client.CallKey(ctx, rt, key, call)
	switch {
	case err == nil && string(result.Value) == "true":
		return RemovalDone, nil
	case is(err, odoo.Missing):
		return RemovalDone, nil // somebody was faster
	case err == nil && string(result.Value) != "false" && !isAction(result.Value):
		return RemovalWaits, &odoo.Error{Kind: odoo.Server, Message: "the answer does not tell whether the key is removed"}
	case err == nil, is(err, odoo.User), is(err, odoo.AccessError), is(err, odoo.UnknownMethod), is(err, odoo.UnknownModel):
		return RemovalLeft, nil
	case is(err, odoo.AccessDenied):
		// It was removed, or its user is archived: then it would work again
		// one day. The person sees which.
		return RemovalLeft, nil
	}
	return RemovalWaits, err
}

// isAction tells whether an answer sends a person to a window of Odoo's, such as
// that where they confirm who they are.
func isAction(answer []byte) bool {
	parsed, err := odoo.ParseJSON(answer, odoo.DefaultLimits)
	object, _ := parsed.(map[string]any)
	kind, _ := object["type"].(string)
	return err == nil && strings.HasPrefix(kind, "ir.actions.")
}

// revocation is the call by which a key ends itself, or another of the same
// person.
func revocation(secret string) odoo.Call {
	return odoo.Call{Model: "res.users.apikeys", Method: "revoke", Kwargs: map[string]any{"key": secret}}
}

// Standing tells which of these keys Odoo still lists for the person of a
// session, whose browser rt and userAgent are those of.
func (m *Manager) Standing(ctx context.Context, rt http.RoundTripper, sessionID, userAgent string, ids []int64) (map[int64]bool, error) {
	any64 := make([]any, len(ids))
	for i, id := range ids {
		any64[i] = id
	}
	k := &keyMaker{m: m, rt: rt, session: rpc.Session{ID: sessionID, UserAgent: userAgent}}
	result, err := k.call(ctx, "res.users.apikeys", "search_read", nil, odoo.Call{Kwargs: map[string]any{
		"domain": []any{[]any{"id", "in", any64}}, "fields": []any{"id"},
	}})
	if err != nil {
		return nil, err
	}
	records, err := odoo.Records(result.Value)
	if err != nil {
		return nil, &odoo.Error{Kind: odoo.Server, Message: "the list of keys is malformed", Err: err}
	}
	standing := make(map[int64]bool, len(records))
	for _, r := range records {
		if id, ok := r.ID(); ok {
			standing[id] = true
		}
	}
	return standing, nil
}
