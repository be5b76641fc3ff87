package caddymodule

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// peer is what is known of the client of a request.
type peer struct {
	remoteAddr string
	trusted    bool // the peer is a trusted proxy
	clientIP   string
	userAgent  []string
	tls        *tls.ConnectionState
	forwarded  http.Header // X-Forwarded-*, of a trusted peer only
}

// forwardedHeaders are those that reverse_proxy takes over from a trusted peer.
var forwardedHeaders = []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"}

func peerOf(r *http.Request) peer {
	p := peer{remoteAddr: r.RemoteAddr, userAgent: r.Header["User-Agent"], tls: r.TLS}
	p.trusted, _ = caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool)
	p.clientIP, _ = caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	if p.trusted {
		p.forwarded = make(http.Header, len(forwardedHeaders))
		for _, name := range forwardedHeaders {
			if v := r.Header[name]; len(v) > 0 {
				p.forwarded[name] = v
			}
		}
	}
	return p
}

// subRequest builds the request that next sees: a fresh one, for the issuer's
// host, with its own Caddy context. p is nil for calls for an application.
func (u *upstream) subRequest(ctx context.Context, r *http.Request, w http.ResponseWriter, p *peer) *http.Request {
	target := *r.URL
	target.Scheme, target.Host, target.User, target.Fragment, target.RawFragment = "", "", nil, "", ""
	sub := blank.WithContext(ctx)
	sub.Method, sub.URL, sub.RequestURI = r.Method, &target, target.RequestURI()
	sub.Header, sub.Body, sub.ContentLength = subHeader(r.Header), r.Body, r.ContentLength
	sub.Host, sub.TLS, sub.RemoteAddr = u.to.host, u.to.tls, applicationAddr
	if sub.Body == nil {
		sub.Body = http.NoBody
	}
	trusted, clientIP := false, "127.0.0.1"
	if p != nil {
		sub.RemoteAddr = p.remoteAddr
		trusted, clientIP = p.trusted, p.clientIP
		for name, v := range p.forwarded {
			sub.Header[name] = v
		}
		delete(sub.Header, "User-Agent")
		if len(p.userAgent) > 0 {
			sub.Header["User-Agent"] = p.userAgent
		}
		if sub.TLS != nil && p.tls != nil {
			sub.TLS = p.tls
		}
	}
	sub = caddyhttp.PrepareRequest(sub, caddy.NewReplacer(), w, u.server)
	// Caddy has judged the original peer by headers that are not all here.
	caddyhttp.SetVar(sub.Context(), caddyhttp.TrustedProxyVarKey, trusted)
	caddyhttp.SetVar(sub.Context(), caddyhttp.ClientIPVarKey, clientIP)
	caddyhttp.SetVar(sub.Context(), passedVar, true)
	return sub
}

// blank is what sub-requests begin as: a copy with a context is made of it at
// once, and not of a request that was filled in before.
var blank = &http.Request{Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}

// destination is where sub-requests go: the issuer's host.
type destination struct {
	host string
	// tls tells Odoo the issuer's scheme, also where TLS ends before Caddy; nil
	// is http. It is shared, as that of a connection is by its requests.
	tls *tls.ConnectionState
}

func newDestination(issuer *url.URL) *destination {
	s := &destination{host: issuer.Host}
	if issuer.Scheme == "https" {
		s.tls = &tls.ConnectionState{HandshakeComplete: true, ServerName: issuer.Hostname()}
	}
	return s
}

// notSent are headers that belong to one connection, that name somebody's
// address, or that would make the answer unreadable.
var notSent = map[string]bool{
	"Accept-Encoding": true, "Connection": true, "Keep-Alive": true, "Proxy-Authenticate": true, "Proxy-Authorization": true,
	"Proxy-Connection": true, "Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true, "Expect": true,
	"X-Forwarded-For": true, "X-Forwarded-Proto": true, "X-Forwarded-Host": true, "Forwarded": true, "X-Real-Ip": true,
}

// subHeader copies what may be sent of a call's header. What comes next may
// change a line in its place, so that nothing is shared.
func subHeader(h http.Header) http.Header {
	out, lines := make(http.Header, len(h)), make([]string, 0, len(h))
	for name, values := range h {
		if notSent[name] {
			continue
		}
		start := len(lines)
		lines = append(lines, values...)
		out[name] = lines[start:len(lines):len(lines)]
	}
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			out.Del(strings.TrimSpace(name))
		}
	}
	return out
}

// serverValues are the few values of a request's context that stay true for
// its sub-requests. All others, such as idle timeouts of the client's
// connection, would let a sub-request reach into the original one.
type serverValues struct {
	server, localAddr any
}

func serverValuesOf(ctx context.Context) serverValues {
	return serverValues{ctx.Value(http.ServerContextKey), ctx.Value(http.LocalAddrContextKey)}
}

// detached is a context that has these values alone, and never ends.
type detached struct {
	context.Context
	values serverValues
}

// Value implements context.Context.
func (d detached) Value(key any) any {
	switch key {
	case http.ServerContextKey:
		return d.values.server
	case http.LocalAddrContextKey:
		return d.values.localAddr
	}
	return nil
}

// detach returns a context without the values and the deadline of parent,
// that is cancelled when parent ends. A time limit thereby arrives as a
// cancellation, which reverse_proxy does not count as a failure of Odoo.
func (v serverValues) detach(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(detached{context.Background(), v})
	stop := context.AfterFunc(parent, cancel)
	return ctx, func() { stop(); cancel() }
}
