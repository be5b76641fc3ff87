package rpc

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Info is the person behind a session.
type Info struct {
	UID      int64
	Login    string
	Name     string
	Database string // compare it with the gateway's: ids of another mean nobody here
	Lang     string // such as "en_US", "" where Odoo names none
	Zone     string // time zone, such as "Europe/Vienna", "" where Odoo names none
	Version  int    // Odoo's major version, 0 where it is unknown
	Internal bool   // an internal user, not a portal user
	System   bool   // an administrator of Odoo's settings
}

// Info tells who the person of a browser's session is. rt and s must be those
// of the browser: Odoo keeps a list of devices, and 20 may refuse strangers.
// cookie is the session cookie that Odoo set; it must reach the browser, also
// where err is not nil: it extends the session, and the id in it may be new.
func (c *Client) Info(ctx context.Context, rt http.RoundTripper, s Session) (info Info, cookie *http.Cookie, err error) {
	body, err := odoo.MarshalValue(envelope(map[string]any{}))
	if err != nil {
		return Info{}, nil, &odoo.Error{Kind: odoo.Server, Message: "no request", Err: err}
	}
	result, cookie, err := c.exchange(ctx, rt, s, exchange{path: "/web/session/get_session_info", body: body})
	if err != nil {
		return Info{}, cookie, err
	}
	parsed, err := odoo.ParseJSON(result.Value, odoo.DefaultLimits)
	if err != nil {
		return Info{}, cookie, &odoo.Error{Kind: odoo.Server, Message: "the session information is malformed", Err: err}
	}
	object, _ := parsed.(map[string]any)
	if _, told := object["uid"]; !told {
		// This would send somebody to the login who is logged in.
		return Info{}, cookie, &odoo.Error{Kind: odoo.Server, Message: "the session information does not name the user"}
	}
	info = readInfo(object)
	if info.UID <= 0 {
		return Info{}, cookie, &odoo.Error{Kind: odoo.SessionExpired, Message: "nobody is logged in"}
	}
	if internal, told := object["is_internal_user"].(bool); told {
		info.Internal = internal
		return info, cookie, nil
	}
	if cookie != nil && ValidSession(cookie.Value) {
		s.ID = cookie.Value
	}
	if info.Internal, err = c.HasGroup(ctx, rt, s, info, "base.group_user"); err != nil {
		return Info{}, cookie, err
	}
	return info, cookie, nil
}

func readInfo(object map[string]any) Info {
	userContext, _ := object["user_context"].(map[string]any)
	info := Info{
		Login:    text(object["username"]),
		Name:     text(object["name"]),
		Database: text(object["db"]),
		Lang:     text(userContext["lang"]),
		Zone:     text(userContext["tz"]),
		System:   object["is_system"] == true,
	}
	info.UID, _ = object["uid"].(int64)
	if parts, _ := object["server_version_info"].([]any); len(parts) > 0 {
		info.Version = majorVersion(parts[0])
	}
	return info
}

// majorVersion reads the first part of server_version_info: a number, or a
// text such as "saas~18".
func majorVersion(v any) int {
	var n int64
	switch v := v.(type) {
	case int64:
		n = v
	case string:
		v = strings.TrimLeft(v, "abcdefghijklmnopqrstuvwxyz~-")
		digits, _, _ := strings.Cut(v, ".")
		n, _ = strconv.ParseInt(digits, 10, 64)
	}
	if n < 0 || n > 1000 {
		return 0
	}
	return int(n)
}

// HasGroup asks whether the person of a session, info, is in the group with
// that XML id. Up to 17 the method is one of the model, from 18 on one of the
// user's record; either form is an error in the other.
func (c *Client) HasGroup(ctx context.Context, rt http.RoundTripper, s Session, info Info, group string) (bool, error) {
	call := odoo.Call{Model: "res.users", Method: "has_group", Args: []any{group}}
	if info.Version >= 18 {
		call.IDs = []int64{info.UID}
	}
	body, err := callBody(call)
	if err != nil {
		return false, err
	}
	result, _, err := c.exchange(ctx, rt, s, exchange{
		path: "/web/dataset/call_kw/res.users/has_group", body: body, model: call.Model, method: call.Method,
	})
	if err != nil {
		return false, err
	}
	return string(result.Value) == "true", nil
}

// HasIdentityPage19 tells whether an Odoo 19 has the addon auth_timeout, whose
// page lets people confirm who they are.
func (c *Client) HasIdentityPage19(ctx context.Context, rt http.RoundTripper, s Session) (bool, error) {
	body, err := marshal(envelope(map[string]any{}))
	if err != nil {
		return false, err
	}
	_, _, err = c.exchange(ctx, rt, s, exchange{path: "/auth-timeout/session/check-identity", body: body, optional: true})
	var e *odoo.Error
	if errors.As(err, &e) && e.Kind == odoo.UnknownMethod {
		return false, nil
	}
	return err == nil, err
}
