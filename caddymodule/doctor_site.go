package caddymodule

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-odoo/gateway/internal/doctor"
)

// standing is where a handler of a gateway stands: the server, and for each route
// on the way to it that goes by hosts, the matchers of which one must match.
type standing struct {
	server *caddyhttp.Server
	hosts  [][]caddyhttp.MatchHost
}

// places are where the handlers of the gateway stand, as far as its routes are
// those that a Caddyfile makes.
func (s *served) places() []standing {
	var found []standing
	for _, server := range s.servers() {
		// Named routes may invoke each other, and themselves.
		var look func(routes []caddyhttp.Route, hosts [][]caddyhttp.MatchHost, invoked []string)
		look = func(routes []caddyhttp.Route, hosts [][]caddyhttp.MatchHost, invoked []string) {
			for _, route := range routes {
				within := hosts
				if of := hostsOf(route); of != nil {
					within = append(slices.Clip(hosts), of)
				}
				for _, handler := range route.Handlers {
					switch h := handler.(type) {
					case *Handler:
						if h.served == s {
							found = append(found, standing{server, within})
						}
					case *caddyhttp.Subroute:
						look(h.Routes, within, invoked)
					case *caddyhttp.Invoke:
						if named := server.NamedRoutes[h.Name]; named != nil && !slices.Contains(invoked, h.Name) {
							look([]caddyhttp.Route{*named}, within, append(slices.Clip(invoked), h.Name))
						}
					}
				}
			}
		}
		look(server.Routes, nil, nil)
	}
	return found
}

// hostsOf are the matchers of hosts of a route, of which one must match; nil
// where it may be for any host.
func hostsOf(route caddyhttp.Route) []caddyhttp.MatchHost {
	var all []caddyhttp.MatchHost
	for _, set := range route.MatcherSets {
		n := len(all)
		for _, matcher := range set {
			if m, ok := matcher.(*caddyhttp.MatchHost); ok {
				all = append(all, *m)
			}
		}
		if len(all) == n {
			return nil
		}
	}
	return all
}

// misfit are the hosts that keep requests for an issuer from a place; nil where
// its host fits. Caddy itself compares: it knows of wildcards and placeholders.
func (p standing) misfit(issuer *url.URL) (hosts []string) {
	ctx := context.WithValue(context.Background(), caddy.ReplacerCtxKey, caddy.NewReplacer())
	r := (&http.Request{Host: issuer.Host}).WithContext(ctx)
	for _, any := range p.hosts {
		if slices.ContainsFunc(any, func(m caddyhttp.MatchHost) bool { ok, _ := m.MatchWithError(r); return ok }) {
			continue
		}
		for _, m := range any {
			hosts = append(hosts, m...)
		}
		return hosts
	}
	return nil
}

// mostHosts is how many hosts a finding names.
const mostHosts = 5

// hostFinding says that all sites with the gateway are for other hosts than its
// issuer's. It is not ok where one fits, or where none is known.
func hostFinding(issuer *url.URL, places []standing) (f doctor.Finding, ok bool) {
	var hosts []string
	for _, p := range places {
		others := p.misfit(issuer)
		if others == nil {
			return f, false
		}
		for _, host := range others {
			if !slices.Contains(hosts, host) {
				hosts = append(hosts, host)
			}
		}
	}
	if len(hosts) == 0 {
		return f, false
	}
	slices.Sort(hosts) // Caddy has its own order
	shown := strings.Join(hosts[:min(len(hosts), mostHosts)], ", ")
	if len(hosts) > mostHosts {
		shown += " …"
	}
	f = doctor.Finding{
		Part: "site", Status: doctor.Problem, Text: "issuer is " + issuer.String() + ", and odoo_gateway stands in a site for " + shown,
		Advice: "set issuer to the address of that site, with the port that people write, or put " + issuer.Hostname() + " before it as one more address",
	}
	if len(hosts) == 1 && !strings.ContainsAny(hosts[0], "*{") {
		f.Advice = "set issuer to " + issuer.Scheme + "://" + authority(hosts[0], issuer.Port()) + ", with the port that people write, or put " + issuer.Hostname() + " before that site as one more address"
	}
	return f, true
}

// authority is a host with the port of an issuer, which may have none.
func authority(host, port string) string {
	if port != "" {
		return net.JoinHostPort(host, port)
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// listened is a port that a server listens on.
type listened struct {
	port int
	tls  bool
}

// listens are the ports of the places that an issuer's host gets to. It is not
// ok where one is no port, but a socket that only a proxy gets to.
func listens(issuer *url.URL, places []standing, httpPort int) (all []listened, ok bool) {
	for _, p := range places {
		if p.misfit(issuer) != nil {
			continue
		}
		for _, l := range p.server.Listeners() {
			addr, ok := l.Addr().(*net.TCPAddr)
			if !ok {
				return nil, false
			}
			// As Caddy decides it when it starts a server.
			on := listened{addr.Port, len(p.server.TLSConnPolicies) > 0 && addr.Port != httpPort}
			if !slices.Contains(all, on) {
				all = append(all, on)
			}
		}
	}
	return all, true
}

// listenerFinding compares an issuer with the ports of its site. It is not ok
// where there is nothing to say.
func listenerFinding(issuer *url.URL, all []listened) (f doctor.Finding, ok bool) {
	https, want := issuer.Scheme == "https", portOf(issuer)
	var same, other []string // ports, by whether their scheme is the issuer's
	for _, l := range all {
		switch port := strconv.Itoa(l.port); {
		case l.tls == https && port == want:
			return f, false
		case l.tls == https:
			same = append(same, port)
		default:
			other = append(other, port)
		}
	}
	f.Part = "listener"
	switch {
	case len(same) > 0:
		f.Status, f.Text = doctor.Warning, fmt.Sprintf("the site is served at port %s, and issuer %s means port %s", strings.Join(same, ", "), issuer, want)
		f.Advice = "put the port of the site after issuer, or the site at port " + want + "; where that is forwarded here, nothing is wrong"
	case len(other) == 0:
		return f, false
	case https:
		f.Status, f.Text = doctor.Unknown, fmt.Sprintf("the site is plain http at port %s: a proxy before Caddy has to serve %s", strings.Join(other, ", "), issuer)
		f.Advice = "where there is none, give the site the address " + issuer.String() + ", so that Caddy serves it by https"
	default:
		f.Status, f.Text = doctor.Warning, fmt.Sprintf("the site is https at port %s, and issuer %s is plain http", strings.Join(other, ", "), issuer)
		f.Advice = "set issuer to https, or give the site the address " + issuer.String()
	}
	return f, true
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return strconv.Itoa(caddyhttp.DefaultHTTPSPort)
	}
	return strconv.Itoa(caddyhttp.DefaultHTTPPort)
}

// examineListener compares the issuer with where its site is served. It asks
// nobody, and is for where the issuer's address was not seen to lead here: a
// port that is forwarded, or a proxy that ends TLS, needs no word then.
func examineListener(s *served) []doctor.Finding {
	httpPort := caddyhttp.DefaultHTTPPort
	if app, err := caddy.ActiveContext().AppIfConfigured("http"); err == nil && app.(*caddyhttp.App).HTTPPort != 0 {
		httpPort = app.(*caddyhttp.App).HTTPPort
	}
	all, ok := listens(s.settings.issuer, s.places(), httpPort)
	if !ok {
		return nil
	}
	if f, ok := listenerFinding(s.settings.issuer, all); ok {
		return []doctor.Finding{f}
	}
	return nil
}
