package rpc

import (
	"context"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Touch extends the life of a session by asking who its person is: up to 17
// plain calls do not. cookie is the session cookie that Odoo set: its Max-Age
// is the life that the session has now, and its id may be new. It may come with
// an error too. Odoo 20 is told not to rotate the session.
func (c *Client) Touch(ctx context.Context, rt http.RoundTripper, s Session) (uid int64, cookie *http.Cookie, err error) {
	body, err := marshal(envelope(map[string]any{}))
	if err != nil {
		return 0, nil, err
	}
	result, cookie, err := c.exchange(ctx, rt, s, exchange{
		path: "/web/session/get_session_info", body: body, header: skipRotation(),
	})
	if err != nil {
		return 0, cookie, err
	}
	parsed, err := odoo.ParseJSON(result.Value, odoo.DefaultLimits)
	if err != nil {
		return 0, cookie, &odoo.Error{Kind: odoo.Server, Message: "the session information is malformed", Err: err}
	}
	object, _ := parsed.(map[string]any)
	uid, ok := object["uid"].(int64)
	if !ok || uid <= 0 {
		return 0, cookie, &odoo.Error{Kind: odoo.Server, Message: "the session information does not name the user"}
	}
	return uid, cookie, nil
}

// skipRotation asks Odoo 20 to leave the id of a session as it is.
func skipRotation() http.Header {
	return http.Header{"X-Odoo-Skip-Session-Rotation-Interval": {"1"}}
}
