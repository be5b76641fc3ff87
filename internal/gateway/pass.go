package gateway

import (
	"maps"
	"net/http"
	"path"
	"strings"

	"github.com/caddy-odoo/gateway/internal/connection"
	"github.com/caddy-odoo/gateway/internal/httphook"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// pass hands a request on to Odoo. Its body and answer are untouched; our own
// tokens and cookies stay here, and a browser that presents a session id which
// a call of the gateway's has rotated is served with the current one. The
// request that goes on is the same one with another header, no copy: Caddy's
// placeholders would go on to speak of the original.
func (g *Gateway) pass(w http.ResponseWriter, r *http.Request, up Upstream) error {
	var login *http.Request // as it is before a rewrite
	if endsLogin(r) {
		at := *r.URL
		login = r.WithContext(r.Context())
		login.URL = &at
	}
	r.Header = g.strip(keepNamed(r.Header))
	g.stripTrailer(r)
	s := g.service.Load()
	if s == nil {
		return up.Pass(w, r) // the store is not open: nothing to follow
	}
	presented := connection.SessionID(r)
	if presented == "" {
		return up.Pass(w, r)
	}
	r.Header = maps.Clone(r.Header)
	current := s.connections.Present(r)
	if current != nil {
		presented = current.Value
	}
	s.connections.BrowserSeen(r.Context(), presented)
	if becomes(r.URL.Path) {
		s.connections.Doubt(presented)
		defer s.connections.Doubt(presented)
	}
	return up.Pass(httphook.New(w, func(status int, header http.Header) {
		s.connections.Observe(r.Context(), presented, header)
		if current != nil && rpc.SessionCookie(header) == nil {
			header.Add("Set-Cookie", current.String())
			keepFromCaches(header)
		}
		if login != nil {
			s.wayBack(login, status, header)
		}
	}), r)
}

// isTunnel tells whether a request asks for a tunnel to the host in its target,
// which is no business of Odoo's. A WebSocket over HTTP/2 or HTTP/3 is none (RFC
// 8441, RFC 9220): the servers put its pseudo-header in different places.
func isTunnel(r *http.Request) bool {
	protocol := strings.Join(r.Header[":protocol"], "")
	if r.ProtoMajor == 3 {
		protocol = r.Proto
	}
	return r.Method == http.MethodConnect && protocol != "websocket"
}

// keepFromCaches makes an answer that has got a session id one that no shared
// cache keeps: Odoo sets none in its assets, and lets everybody keep those.
func keepFromCaches(header http.Header) {
	for _, line := range header["Cache-Control"] {
		for directive := range strings.SplitSeq(strings.ToLower(line), ",") {
			if d := strings.TrimSpace(directive); d == "private" || d == "no-store" {
				return
			}
		}
	}
	header.Set("Cache-Control", "private")
}

// becomes tells whether Odoo may answer a request for this path by making an
// administrator's session the superuser's, under the same id. Odoo resolves
// doubled slashes and goes without a language in front.
func becomes(p string) bool { return strings.HasSuffix(path.Clean(p), "/web/become") }

// refresh serves a browser that comes to the gateway itself with a session id
// that one of our calls has rotated: the request returned holds the current
// one, and the answer gives it to the browser.
func (s *service) refresh(w http.ResponseWriter, r *http.Request) *http.Request {
	if connection.SessionID(r) == "" {
		return r
	}
	out := r.Clone(r.Context())
	if current := s.connections.Present(out); current != nil {
		w.Header().Add("Set-Cookie", current.String())
	}
	return out
}
