package caddymodule

import (
	"net/url"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-odoo/gateway/internal/doctor"
)

// runFor runs sites beside the gateway erp of an issuer. In both, PORT stands
// for a free port of 127.0.0.1, and OTHER for another one.
func runFor(t *testing.T, issuer, sites string) *served {
	t.Helper()
	var ports []string
	for _, addr := range freeAddrs(t, 2) {
		ports = append(ports, addr[strings.LastIndex(addr, ":")+1:])
	}
	r := strings.NewReplacer("PORT", ports[0], "OTHER", ports[1])
	app := strings.ReplaceAll(strings.ReplaceAll(backgroundApp, "STORE", t.TempDir()), "https://erp.example.com", issuer)
	runCaddy(t, r.Replace("\tskip_install_trust\n"+app), r.Replace(sites))
	a, err := activeApp()
	if err != nil {
		t.Fatal(err)
	}
	return a.gateways["erp"]
}

// A person who has written one host after issuer and another before the site is
// told which.
func TestSiteOfAnotherHost(t *testing.T) {
	const (
		before  = "put odoo_gateway into the site of its issuer, before all that answers there"
		nothing = "no request for https://erp.example.com gets to odoo_gateway"
		differs = "issuer is https://erp.example.com, and odoo_gateway stands in a site for "
		more    = "set issuer to the address of that site, with the port that people write, or put erp.example.com before it as one more address"
		gateway = " {\n\todoo_gateway\n}\n"
	)
	for name, tt := range map[string]struct{ sites, text, advice string }{
		"another":               {"http://odoo.example.com:PORT" + gateway, differs + "odoo.example.com", "set issuer to https://odoo.example.com, with the port that people write, or put erp.example.com before that site as one more address"},
		"several of a site":     {"http://odoo.example.com:PORT, http://www.example.com:PORT" + gateway, differs + "odoo.example.com, www.example.com", more},
		"several sites":         {"http://odoo.example.com:PORT" + gateway + "http://www.example.com:OTHER" + gateway, differs, more},
		"many":                  {"http://a.x:PORT, http://b.x:PORT, http://c.x:PORT, http://d.x:PORT, http://e.x:PORT, http://f.x:PORT" + gateway, differs + "a.x, b.x, c.x, d.x, e.x …", more},
		"another wildcard":      {"http://*.example.org:PORT" + gateway, differs + "*.example.org", more},
		"a wildcard too deep":   {"http://*.erp.example.com:PORT" + gateway, differs + "*.erp.example.com", more},
		"a placeholder":         {"http://{env.NOBODY_HAS_THIS}.example.com:PORT" + gateway, differs + "{env.NOBODY_HAS_THIS}.example.com", more},
		"within the site":       {"http://:PORT {\n\t@odoo host odoo.example.com\n\thandle @odoo {\n\t\todoo_gateway\n\t}\n}", differs + "odoo.example.com", "set issuer to https://odoo.example.com"},
		"invoked":               {"&(erp) {\n\todoo_gateway\n}\nhttp://odoo.example.com:PORT {\n\tinvoke erp\n}", differs + "odoo.example.com", "set issuer to https://odoo.example.com"},
		"invokes itself":        {"&(erp) {\n\tinvoke erp\n\tinvoke erp\n\tinvoke erp\n\todoo_gateway\n}\nhttp://odoo.example.com:PORT {\n\tinvoke erp\n}", differs + "odoo.example.com", "set issuer to https://odoo.example.com"},
		"answered before":       {"http://erp.example.com:PORT {\n\troute {\n\t\trespond early\n\t\todoo_gateway\n\t}\n}", nothing, before},
		"before, any host":      {"http://:PORT {\n\troute {\n\t\trespond early\n\t\todoo_gateway\n\t}\n}", nothing, before},
		"before, by a wildcard": {"http://*.example.com:PORT {\n\troute {\n\t\trespond early\n\t\todoo_gateway\n\t}\n}", nothing, before},
		"before, one of two":    {"http://odoo.example.com:PORT" + gateway + "http://ERP.example.com:PORT {\n\troute {\n\t\trespond early\n\t\todoo_gateway\n\t}\n}", nothing, before},
		"by something else":     {"http://:PORT {\n\t@a {\n\t\theader X a\n\t}\n\thandle @a {\n\t\todoo_gateway\n\t}\n}", nothing, before},
	} {
		t.Run(name, func(t *testing.T) {
			s := runFor(t, "https://erp.example.com", tt.sites)
			a, err := activeApp()
			if err != nil {
				t.Fatal(err)
			}
			all := a.examineGateway(t.Context(), "erp", s).Findings
			f := all[len(all)-1]
			if f.Part != "site" || f.Status != doctor.Problem || !strings.HasPrefix(f.Text, tt.text) || !strings.HasPrefix(f.Advice, tt.advice) {
				t.Errorf("%+v", f)
			}
		})
	}
}

// Sites that requests for the issuer get to are not doubted by their hosts.
func TestSitesThatFit(t *testing.T) {
	issuer := &url.URL{Scheme: "https", Host: "erp.example.com:8443"}
	for name, site := range map[string]string{
		"the host":       "http://erp.example.com:PORT",
		"by case":        "http://ERP.Example.COM:PORT",
		"any":            "http://:PORT",
		"a wildcard":     "http://*.example.com:PORT",
		"one of several": "http://odoo.example.com:PORT, http://erp.example.com:PORT",
		"beside another": "http://odoo.example.com:PORT {\n\todoo_gateway\n}\nhttp://erp.example.com:OTHER",
		"a variable":     "http://{$NOBODY_HAS_THIS:erp}.example.com:PORT",
	} {
		t.Run(name, func(t *testing.T) {
			s := runFor(t, "https://erp.example.com:8443", site+" {\n\todoo_gateway\n}")
			if f, ok := hostFinding(issuer, s.places()); ok || len(s.places()) == 0 {
				t.Errorf("%+v in %d places", f, len(s.places()))
			}
		})
	}
	if f, ok := hostFinding(issuer, nil); ok {
		t.Errorf("of no place: %+v", f)
	}
}

func TestListenerFinding(t *testing.T) {
	at := func(l ...listened) []listened { return l }
	for name, tt := range map[string]struct {
		issuer       string
		on           []listened
		status       doctor.Status // "" is nothing to say
		text, advice string
	}{
		"https":                 {"https://erp.example.com", at(listened{443, true}), "", "", ""},
		"https, at a port":      {"https://erp.example.com:8443", at(listened{8443, true}), "", "", ""},
		"https, one of two":     {"https://erp.example.com", at(listened{8443, true}, listened{443, true}), "", "", ""},
		"http":                  {"http://localhost", at(listened{80, false}), "", "", ""},
		"http, at a port":       {"http://localhost:8080", at(listened{8080, false}), "", "", ""},
		"both":                  {"http://localhost:8080", at(listened{8443, true}, listened{8080, false}), "", "", ""},
		"nowhere":               {"https://erp.example.com", nil, "", "", ""},
		"another port":          {"https://erp.example.com", at(listened{8443, true}), doctor.Warning, "the site is served at port 8443, and issuer https://erp.example.com means port 443", "put the port of the site after issuer"},
		"not that port":         {"https://erp.example.com:8443", at(listened{443, true}), doctor.Warning, "the site is served at port 443, and issuer https://erp.example.com:8443 means port 8443", "the site at port 8443"},
		"another port, of http": {"http://localhost", at(listened{8080, false}), doctor.Warning, "the site is served at port 8080, and issuer http://localhost means port 80", "the site at port 80;"},
		"the scheme decides":    {"https://erp.example.com", at(listened{80, false}, listened{8443, true}), doctor.Warning, "the site is served at port 8443,", "where that is forwarded here, nothing is wrong"},
		"behind a proxy":        {"https://erp.example.com", at(listened{8080, false}), doctor.Unknown, "the site is plain http at port 8080: a proxy before Caddy has to serve https://erp.example.com", "give the site the address https://erp.example.com"},
		"http at the port":      {"https://erp.example.com", at(listened{443, false}), doctor.Unknown, "the site is plain http at port 443:", "where there is none"},
		"https for http":        {"http://localhost", at(listened{443, true}), doctor.Warning, "the site is https at port 443, and issuer http://localhost is plain http", "set issuer to https"},
		"https at the port":     {"http://localhost:8080", at(listened{8080, true}), doctor.Warning, "the site is https at port 8080,", "http://localhost:8080"},
	} {
		issuer, err := url.Parse(tt.issuer)
		if err != nil {
			t.Fatal(err)
		}
		f, ok := listenerFinding(issuer, tt.on)
		if ok != (tt.status != "") || ok && (f.Part != "listener" || f.Status != tt.status || !strings.HasPrefix(f.Text, tt.text) || !strings.Contains(f.Advice, tt.advice)) {
			t.Errorf("%s: %v %+v", name, ok, f)
		}
	}
}

// Where the issuer's address leads nowhere, the ports are compared; the site is
// there all the same.
func TestListenerOfAnotherPort(t *testing.T) {
	for name, tt := range map[string]struct{ issuer, sites, want string }{
		"another port":   {"http://127.0.0.1:OTHER", "http://127.0.0.1:PORT {\n\todoo_gateway\n}", "warning the site is served at port "},
		"any host":       {"http://127.0.0.1:OTHER", "http://:PORT {\n\todoo_gateway\n}", "warning the site is served at port "},
		"http for https": {"https://127.0.0.1:OTHER", "http://127.0.0.1:PORT {\n\todoo_gateway\n}", "unknown the site is plain http at port "},
		"https for http": {"http://127.0.0.1:OTHER", "https://127.0.0.1:PORT {\n\ttls internal\n\todoo_gateway\n}", "warning the site is https at port "},
		"right":          {"http://127.0.0.1:PORT", "http://127.0.0.1:PORT {\n\todoo_gateway\n}", ""},
		"a site of another host does not count": {
			"http://127.0.0.1:OTHER", "http://other.example.com:OTHER {\n\todoo_gateway\n}\nhttp://127.0.0.1:PORT {\n\todoo_gateway\n}", "warning the site is served at port ",
		},
		"a socket of a proxy": {"http://127.0.0.1:OTHER", "http://127.0.0.1 {\n\tbind unix/SOCKET\n\todoo_gateway\n}", ""},
		"a socket beside it":  {"http://127.0.0.1:OTHER", "http://127.0.0.1:PORT {\n\tbind 127.0.0.1 unix/SOCKET\n\todoo_gateway\n}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := runFor(t, tt.issuer, strings.ReplaceAll(tt.sites, "SOCKET", t.TempDir()+"/s"))
			a, err := activeApp()
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, f := range a.examineGateway(t.Context(), "erp", s).Findings {
				switch f.Part {
				case "listener":
					got = string(f.Status) + " " + f.Text
				case "site":
					if f.Status != doctor.OK {
						t.Errorf("%+v", f)
					}
				}
			}
			if !strings.HasPrefix(got, tt.want) || (got == "") != (tt.want == "") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Of a route with several sets of matchers one is enough.
func TestHostsOfARoute(t *testing.T) {
	host, path := &caddyhttp.MatchHost{"odoo.example.com"}, caddyhttp.MatchPath{"/x"}
	for name, tt := range map[string]struct {
		sets caddyhttp.MatcherSets
		want int
	}{
		"none": {nil, 0}, "a host": {caddyhttp.MatcherSets{{host}}, 1}, "a host and a path": {caddyhttp.MatcherSets{{path, host}}, 1},
		"two hosts": {caddyhttp.MatcherSets{{host}, {host}}, 2}, "a path": {caddyhttp.MatcherSets{{path}}, 0},
		"a host or a path": {caddyhttp.MatcherSets{{host}, {path}}, 0}, "a path or a host": {caddyhttp.MatcherSets{{path}, {host}}, 0},
	} {
		if got := hostsOf(caddyhttp.Route{MatcherSets: tt.sets}); len(got) != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A server with TLS speaks plain http at Caddy's port for that.
func TestListensAsCaddyDoes(t *testing.T) {
	s := runFor(t, "https://erp.example.com", "https://erp.example.com:PORT {\n\ttls internal\n\todoo_gateway\n}")
	issuer := s.settings.issuer
	all, ok := listens(issuer, s.places(), 80)
	if !ok || len(all) != 1 || !all[0].tls {
		t.Fatalf("%v %v", all, ok)
	}
	if all, ok = listens(issuer, s.places(), all[0].port); !ok || len(all) != 1 || all[0].tls {
		t.Errorf("%v %v", all, ok)
	}
}
