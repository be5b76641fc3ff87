package caddymodule

import (
	"context"
	"crypto/tls"
	"net/http"
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
	sub := (&http.Request{
		Method:        r.Method,
		URL:           &target,
		RequestURI:    target.RequestURI(),
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        subHeader(r.Header),
		Body:          r.Body,
		ContentLength: r.ContentLength,
		Host:          u.issuer.Host,
		RemoteAddr:    applicationAddr,
	}).WithContext(ctx)
	if sub.Body == nil {
		sub.Body = http.NoBody
	}
	if u.issuer.Scheme == "https" {
		// Odoo is told the issuer's scheme, also where TLS ends before Caddy.
		sub.TLS = &tls.ConnectionState{HandshakeComplete: true, ServerName: u.issuer.Hostname()}
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

// notSent are headers that belong to one connection, that name somebody's
// address, or that would make the answer unreadable.
var notSent = []string{
	"Accept-Encoding", "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
	"Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Expect",
	"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "X-Real-Ip",
}

// subHeader copies what may be sent of a call's header.
func subHeader(h http.Header) http.Header {
	out := h.Clone()
	if out == nil {
		out = make(http.Header)
	}
	for _, line := range out["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			out.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range notSent {
		out.Del(name)
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

// detach returns a context without the values and the deadline of parent,
// that is cancelled when parent ends. A time limit thereby arrives as a
// cancellation, which reverse_proxy does not count as a failure of Odoo.
func (v serverValues) detach(parent context.Context) (context.Context, context.CancelFunc) {
	ctx := context.Background()
	if v.server != nil {
		ctx = context.WithValue(ctx, http.ServerContextKey, v.server)
	}
	if v.localAddr != nil {
		ctx = context.WithValue(ctx, http.LocalAddrContextKey, v.localAddr)
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(parent, cancel)
	return ctx, func() { stop(); cancel() }
}
