package rpc

import (
	"context"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Key is the credential of a call with an API key.
type Key struct {
	// UID is the user whose key it is. Up to Odoo 18 a key works for its own
	// user alone; from 19 on the key says who it is and UID is not sent.
	UID int64
	// Secret is the key itself.
	Secret string
	// UserAgent is sent as it is.
	UserAgent string
}

// String hides the key.
func (k Key) String() string { return "[key]" }

// GoString is String.
func (k Key) GoString() string { return k.String() }

// jsonrpcUntil is the last version whose keys are used over /jsonrpc.
const jsonrpcUntil = 18

// CallKey runs a call in Odoo as the owner of an API key. A refused key is
// AccessDenied, and so may be a method's own word, such as that of a wrong
// password in its arguments.
func (c *Client) CallKey(ctx context.Context, rt http.RoundTripper, k Key, call odoo.Call) (odoo.Result, error) {
	return c.adapt(ctx, rt, k.UserAgent, call, func(call odoo.Call) (odoo.Result, error) {
		return c.callKey(ctx, rt, k, call)
	})
}

// callKey is CallKey of a call as it is.
func (c *Client) callKey(ctx context.Context, rt http.RoundTripper, k Key, call odoo.Call) (odoo.Result, error) {
	if err := checkCall(call); err != nil {
		return odoo.Result{}, err
	}
	if k.Secret == "" {
		return odoo.Result{}, &odoo.Error{Kind: odoo.AccessDenied, Message: "no key"}
	}
	version, err := c.Major(ctx, rt, k.UserAgent)
	if err != nil {
		return odoo.Result{}, err
	}
	var x exchange
	if args, ok := namedArguments(call); ok && version > jsonrpcUntil {
		x, err = c.json2(k, call, args)
	} else {
		x, err = c.jsonrpc(k, call)
	}
	if err != nil {
		return odoo.Result{}, err
	}
	result, _, err := c.exchange(ctx, rt, Session{UserAgent: k.UserAgent}, x)
	if err != nil {
		c.distrust(err)
		return odoo.Result{}, err
	}
	if x.bare {
		result = single(call, result)
	}
	return result, nil
}

// Authenticate returns the user id that a login name and an API key stand
// for. AccessDenied means that Odoo refuses them.
func (c *Client) Authenticate(ctx context.Context, rt http.RoundTripper, login string, k Key) (int64, error) {
	version, err := c.Major(ctx, rt, k.UserAgent)
	if err != nil {
		return 0, err
	}
	if version > jsonrpcUntil {
		return c.keyOwner(ctx, rt, k)
	}
	x, err := c.service("common", "authenticate", []any{c.database, login, k.Secret, map[string]any{}})
	if err != nil {
		return 0, err
	}
	result, _, err := c.exchange(ctx, rt, Session{UserAgent: k.UserAgent}, x)
	if err != nil {
		c.distrust(err)
		return 0, err
	}
	value := result.Value
	switch uid, ok := odoo.Int(value); {
	case ok && uid > 0:
		return uid, nil
	case string(value) == "false":
		return 0, &odoo.Error{Kind: odoo.AccessDenied, Message: "the login or its key is refused"}
	default:
		return 0, &odoo.Error{Kind: odoo.Server, Message: "the answer does not name the user"}
	}
}

// keyOwner asks whose key it is, from 19 on.
func (c *Client) keyOwner(ctx context.Context, rt http.RoundTripper, k Key) (int64, error) {
	result, err := c.CallKey(ctx, rt, k, odoo.Call{Model: "res.users", Method: "context_get"})
	if err != nil {
		return 0, err
	}
	parsed, err := odoo.ParseJSON(result.Value, odoo.DefaultLimits)
	object, _ := parsed.(map[string]any)
	uid, ok := object["uid"].(int64)
	if err != nil || !ok || uid <= 0 {
		return 0, &odoo.Error{Kind: odoo.Server, Message: "the user's context does not name the user", Err: err}
	}
	return uid, nil
}
