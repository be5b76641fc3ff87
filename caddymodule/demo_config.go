package caddymodule

import (
	"encoding/base64"
	"encoding/json"
	"net"
	"path/filepath"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/headers"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/caddy-odoo/gateway/internal/seal"
)

// config is what an administrator would write, but for the folder and the
// admin endpoint: the demo must work beside another Caddy, leave its saved
// configuration alone and be gone afterwards.
func (d *demo) config() (*caddy.Config, error) {
	no := false
	server := &caddyhttp.Server{
		Listen:    listenAddresses(d.address),
		Protocols: []string{"h1"}, // the others need TLS, and would be warned about
		AutoHTTPS: &caddyhttp.AutoHTTPSConfig{Disabled: true},
		Routes: caddyhttp.RouteList{
			hostRoute("localhost", caddyconfig.JSONModuleObject(proxyTo(d.wikiAt), "handler", "reverse_proxy", nil)),
			hostRoute(d.address.Addr().String(),
				caddyconfig.JSONModuleObject(Handler{Gateway: "demo"}, "handler", "odoo_gateway", nil),
				caddyconfig.JSONModuleObject(d.proxyToOdoo(), "handler", "reverse_proxy", nil)),
			{HandlersRaw: []json.RawMessage{caddyconfig.JSONModuleObject(
				caddyhttp.StaticResponse{StatusCode: "404", Body: "The demo is at " + d.WikiURL + "\n"}, "handler", "static_response", nil)}},
		},
	}
	return &caddy.Config{
		Admin: &caddy.AdminConfig{Disabled: true, Config: &caddy.ConfigSettings{Persist: &no}},
		Logging: &caddy.Logging{Logs: map[string]*caddy.CustomLog{
			caddy.DefaultLoggerName: {
				BaseLog: caddy.BaseLog{Level: "WARN"},
				Exclude: []string{"admin", "odoo_gateway.store"}, // one warns that it is switched off, the other that it is new
			},
			"store": {
				BaseLog: caddy.BaseLog{Level: "ERROR"},
				Include: []string{"odoo_gateway.store"},
			},
		}},
		StorageRaw: caddyconfig.JSONModuleObject(struct {
			Root string `json:"root"`
		}{filepath.Join(d.dir, "caddy")}, "module", "file_system", nil),
		AppsRaw: caddy.ModuleMap{
			"http":         caddyconfig.JSON(caddyhttp.App{Servers: map[string]*caddyhttp.Server{"demo": server}}, nil),
			"odoo_gateway": caddyconfig.JSON(d.app(), nil),
		},
	}, nil
}

// hostRoute hands the requests for a host to handlers.
func hostRoute(host string, handlers ...json.RawMessage) caddyhttp.Route {
	return caddyhttp.Route{
		MatcherSetsRaw: caddyhttp.RawMatcherSets{{"host": caddyconfig.JSON(caddyhttp.MatchHost{host}, nil)}},
		HandlersRaw:    handlers,
		Terminal:       true,
	}
}

func proxyTo(address string) reverseproxy.Handler {
	return reverseproxy.Handler{Upstreams: reverseproxy.UpstreamPool{{Dial: address}}}
}

// proxyToOdoo leads to the Odoo. A real one is asked under its own name and
// learns nothing of the demo's: an administrator's login would make it take
// the demo's address for its own public URL.
func (d *demo) proxyToOdoo() reverseproxy.Handler {
	port := d.odoo.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[d.odoo.Scheme]
	}
	h := proxyTo(net.JoinHostPort(d.odoo.Hostname(), port))
	if d.real {
		h.Headers = &headers.Handler{Request: &headers.HeaderOps{
			Set:    map[string][]string{"Host": {d.odoo.Host}},
			Delete: []string{"X-Forwarded-Host", "X-Forwarded-Proto"},
		}}
	}
	if d.odoo.Scheme == "https" {
		h.TransportRaw = caddyconfig.JSONModuleObject(reverseproxy.HTTPTransport{TLS: new(reverseproxy.TLSConfig)}, "protocol", "http", nil)
	}
	return h
}

// app is the gateway with the wiki as its one application.
func (d *demo) app() App {
	return App{
		StoreRaw: caddyconfig.JSONModuleObject(BadgerStore{Path: filepath.Join(d.dir, "grants")}, "module", "badger", nil),
		SealKey:  base64.StdEncoding.EncodeToString(seal.NewKey()),
		Gateways: map[string]*Gateway{"demo": {
			Issuer:       d.GatewayURL,
			Database:     d.Database,
			AdminConsole: &AdminConsole{Enabled: true},
			Applications: map[string]*Application{"wiki": {
				Name: "Team wiki", ClientID: d.ClientID, ClientSecret: d.ClientSecret,
				RedirectURIs: []RedirectURI{{URI: d.RedirectURI}},
				ModelScheme:  "wiki",
				Compat:       []string{"confluence"},
				Connection:   "session", // two clicks are all there is to see
			}},
			ModelSchemes: map[string]*ModelScheme{"wiki": {Whitelist: []string{"customer", "order"}}},
			ModelConfigurations: map[string]*ModelConfiguration{
				"customer": {Model: "res.partner", DisplayName: "Customer", Fields: &FieldLimit{
					Limit: "whitelist", Names: []string{"name", "email", "phone", "city", "country_id"},
				}},
				"order": {Model: "sale.order", DisplayName: "Sales order", Fields: &FieldLimit{
					Limit: "whitelist", Names: []string{"name", "partner_id", "date_order", "state", "amount_total"},
				}},
			},
		}},
	}
}
