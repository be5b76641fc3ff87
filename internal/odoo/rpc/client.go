// Package rpc is the gateway's client for Odoo: identity, and model calls over
// a session (call_kw) or with an API key (/jsonrpc up to Odoo 18, /json/2 from
// 19 on). It sends its requests through the RoundTripper it is given with each
// call, so that it never dials anything itself.
package rpc

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Defaults of Config.
const (
	DefaultMaxAnswer = 10 << 20
	DefaultTimeout   = 60 * time.Second
)

// CookieName is Odoo's session cookie.
const CookieName = "session_id"

// Config configures a Client.
type Config struct {
	// Issuer is the gateway's public address. Its scheme and host become those
	// of every request: an administrator's request under another host would
	// rewrite Odoo's web.base.url.
	Issuer *url.URL
	// Database is the one database that the gateway serves.
	Database string
	// MaxAnswer is the largest answer taken, in bytes; 0 means 10 MiB.
	MaxAnswer int64
	// Timeout is the limit of one exchange, answer included; 0 means 60 s.
	Timeout time.Duration
	// Logger gets one debug line for each failed exchange; nil logs nothing.
	Logger *zap.Logger
}

// Client speaks to one Odoo. It is safe for concurrent use. All its errors
// are *odoo.Error.
type Client struct {
	scheme, host string
	database     string
	maxAnswer    int64
	timeout      time.Duration
	log          *zap.Logger
	major        majorCache
}

// New returns a client.
func New(c Config) *Client {
	client := &Client{
		scheme:    c.Issuer.Scheme,
		host:      c.Issuer.Host,
		database:  c.Database,
		maxAnswer: c.MaxAnswer,
		timeout:   c.Timeout,
		log:       c.Logger,
	}
	if client.maxAnswer == 0 {
		client.maxAnswer = DefaultMaxAnswer
	}
	if client.timeout == 0 {
		client.timeout = DefaultTimeout
	}
	if client.log == nil {
		client.log = zap.NewNop()
	}
	return client
}

// Database returns the configured database.
func (c *Client) Database() string { return c.database }

// Session is the credential of a call.
type Session struct {
	// ID is the value of Odoo's session cookie.
	ID string
	// UserAgent is sent as it is: Odoo keeps a list of devices by it.
	UserAgent string
}

// ValidSession tells whether s can be a session id of any version: 40 to 128
// characters of base64url. Odoo's own have 40 (16, 17), 84 (18, 19) or 86.
func ValidSession(s string) bool {
	if len(s) < 40 || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// Call runs a call in Odoo as the person of the session. rotated is the
// session cookie of the answer where it holds another id than s, else nil; it
// may come with an error too. Odoo 20 is told not to rotate the session.
func (c *Client) Call(ctx context.Context, rt http.RoundTripper, s Session, call odoo.Call) (result odoo.Result, rotated *http.Cookie, err error) {
	result, err = c.adapt(ctx, rt, s.UserAgent, call, func(call odoo.Call) (odoo.Result, error) {
		result, cookie, err := c.callKw(ctx, rt, s, call)
		if cookie != nil {
			rotated = cookie
		}
		return result, err
	})
	return result, rotated, err
}

// callKw is Call of a call as it is.
func (c *Client) callKw(ctx context.Context, rt http.RoundTripper, s Session, call odoo.Call) (result odoo.Result, rotated *http.Cookie, err error) {
	body, err := callBody(call)
	if err != nil {
		return odoo.Result{}, nil, err
	}
	result, cookie, err := c.exchange(ctx, rt, s, exchange{
		path:   "/web/dataset/call_kw/" + call.Model + "/" + call.Method,
		header: skipRotation(),
		body:   body,
		model:  call.Model,
		method: call.Method,
	})
	if cookie != nil && cookie.Value == s.ID {
		cookie = nil
	}
	return result, cookie, err
}

// callBody is the JSON-RPC request for a call over a session.
func callBody(call odoo.Call) ([]byte, error) {
	if err := checkCall(call); err != nil {
		return nil, err
	}
	args, kwargs := arguments(call)
	return marshal(envelope(map[string]any{
		"model": call.Model, "method": call.Method, "args": args, "kwargs": kwargs,
	}))
}

// checkCall checks the names of a call once more: what is sent to Odoo is made
// of them alone.
func checkCall(call odoo.Call) error {
	switch {
	case !odoo.ValidModel(call.Model):
		return &odoo.Error{Kind: odoo.BadRequest, Message: "malformed model name"}
	case !odoo.ValidMethod(call.Method):
		return &odoo.Error{Kind: odoo.BadRequest, Message: "malformed method name"}
	}
	if _, ok := call.Kwargs["context"]; ok {
		return &odoo.Error{Kind: odoo.BadRequest, Message: "the context is no named argument"}
	}
	return nil
}

// arguments are the positional and named ones of a call, ids and context
// included. Neither is nil: Odoo insists on both.
func arguments(call odoo.Call) ([]any, map[string]any) {
	args := make([]any, 0, 1+len(call.Args))
	if call.IDs != nil {
		args = append(args, odoo.IDList(call.IDs))
	}
	args = append(args, call.Args...)
	kwargs := call.Kwargs
	if call.Context != nil {
		kwargs = call.With("context", call.Context).Kwargs
	}
	if kwargs == nil {
		kwargs = map[string]any{}
	}
	return args, kwargs
}

func marshal(v any) ([]byte, error) {
	body, err := odoo.MarshalValue(v)
	if err != nil {
		return nil, &odoo.Error{Kind: odoo.BadRequest, Message: "an argument has no JSON form", Err: err}
	}
	return body, nil
}

// requestID is the id of every request: each has a connection's attention to
// itself. Odoo's web client counts its own from 1, too, and soon has others.
const (
	requestID     = int64(1)
	requestIDText = "1"
)

func envelope(params map[string]any) map[string]any {
	return map[string]any{"jsonrpc": "2.0", "method": "call", "id": requestID, "params": params}
}

// exchange is one request to a JSON route.
type exchange struct {
	path   string
	header http.Header // of this exchange alone: the constant ones are added to it
	body   []byte
	// model and method are those of the call, for classing errors and the log.
	model, method string
	// anonymous sends no session.
	anonymous bool
	// optional is a route that not every Odoo has: 404 is UnknownMethod.
	optional bool
	// bare is a route of /json/2: no envelope, and errors have a status.
	bare bool
}

// exchange sends a request and reads the whole answer. cookie is the session
// cookie that the answer sets, if any.
func (c *Client) exchange(ctx context.Context, rt http.RoundTripper, s Session, x exchange) (result odoo.Result, cookie *http.Cookie, err error) {
	if !x.anonymous && !ValidSession(s.ID) {
		// Odoo answers this way to any id that it has not made.
		return odoo.Result{}, nil, &odoo.Error{Kind: odoo.SessionExpired, Message: "no session"}
	}
	limited := newLimit(ctx, c.timeout)
	defer limited.stop()
	defer func() {
		if e, ok := err.(*odoo.Error); ok {
			c.log.Debug("call of Odoo failed", zap.String("path", x.path), zap.String("model", x.model),
				zap.String("method", x.method), zap.String("class", e.Name), zap.Int("kind", int(e.Kind)))
		}
	}()
	resp, err := rt.RoundTrip(c.request(limited.ctx, s, x))
	if err != nil {
		return odoo.Result{}, interruptedCookie(err), limited.failure(err)
	}
	defer resp.Body.Close()
	cookie = sessionCookie(resp)
	if x.optional && resp.StatusCode == http.StatusNotFound {
		return odoo.Result{}, cookie, &odoo.Error{Kind: odoo.UnknownMethod, Message: "there is no such route"}
	}
	body, err := c.read(resp, limited, x.bare)
	if err != nil {
		return odoo.Result{}, cookie, err
	}
	if x.bare {
		result, err = parseBare(resp.StatusCode, body, x.model, x.method)
	} else {
		result.Value, err = parseAnswer(body, x.model, x.method)
	}
	return result, cookie, err
}
