package e2e

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// odoo is the server that the suite runs against.
type odoo struct {
	url             *url.URL
	database        string
	login, password string
	simulated       bool
}

// site is a gateway before an Odoo, as an administrator sets it up.
type site struct {
	odoo
	base  string // issuer of the gateway, without final slash
	other string // issuer of a second gateway, whose database is another one
	valve *valve
	caddy *process
	dir   string // with the Caddyfile and the store
}

// The registered applications.
var (
	wiki   = app{id: "wiki-0123456789abcdef", secret: "wiki secret: 50% / more+", redirect: "http://localhost:9/plugins/odoo-connector/callback.action"}
	script = app{id: "script-0123456789abcdef", secret: "the-script-has-a-secret-too", redirect: "http://localhost:9/script?fixed=1"}
	// hasty has codes and access tokens of one second.
	hasty = app{id: "hasty-0123456789abcdef", secret: "the-hasty-one-has-a-secret", redirect: "http://localhost:9/hasty"}
	// steady insists on an API key.
	steady = app{id: "steady-0123456789abcdef", secret: "the-steady-one-has-a-secret", redirect: "http://localhost:9/steady"}
)

// startSite starts the gateway in a process of its own.
func startSite(t *testing.T, o odoo) *site {
	t.Helper()
	return startSiteWith(t, o, usualCaddyfile)
}

// startSiteWith starts the gateway with another Caddyfile and more in its environment.
func startSiteWith(t *testing.T, o odoo, caddyfile string, env ...string) *site {
	t.Helper()
	first, second := freePort(t), freePort(t)
	s := &site{odoo: o, base: "http://127.0.0.1:" + first, other: "http://127.0.0.1:" + second, valve: newValve(t, o.url), dir: t.TempDir()}
	config := filepath.Join(s.dir, "Caddyfile")
	if err := os.WriteFile(config, []byte(s.fill(caddyfile)), 0o600); err != nil {
		t.Fatal(err)
	}
	env = append(env, "XDG_DATA_HOME="+s.dir, "XDG_CONFIG_HOME="+s.dir, "E2E_WIKI_SECRET="+wiki.secret)
	s.caddy = startCaddy(t, env, serving, "run", "--config", config)
	return s
}

// fill sets a Caddyfile's variables in.
func (s *site) fill(caddyfile string) string {
	proxy := "reverse_proxy " + s.valve.address()
	if s.url.Scheme == "https" {
		proxy = fmt.Sprintf("reverse_proxy https://%s {\n\t\ttransport http {\n\t\t\ttls_server_name %s\n\t\t}\n\t}", s.valve.address(), s.url.Hostname())
	}
	return strings.NewReplacer("{DIR}", s.dir, "{BASE}", s.base, "{OTHER}", s.other, "{OTHERHOST}", strings.TrimPrefix(s.other, "http://"), "{DATABASE}", s.database, "{PROXY}", proxy,
		"{SCRIPT}", script.secret, "{HASTY}", hasty.secret).Replace(caddyfile)
}

// usualCaddyfile is written the way the documentation shows it.
const usualCaddyfile = `{
	admin off
	persist_config off
	auto_https off
	odoo_gateway {
		store badger {DIR}/grants
		gateway erp {
			issuer {BASE}
			database {DATABASE}
			application wiki {
				name "Team wiki"
				client_id wiki-0123456789abcdef
				client_secret {env.E2E_WIKI_SECRET}
				redirect_uri http://localhost:9/plugins/odoo-connector/callback.action
				model_scheme sales
				compat confluence
			}
			application script {
				client_id script-0123456789abcdef
				client_secret {SCRIPT}
				redirect_uri http://localhost:9/script?fixed=1
				model_scheme sales
			}
			application hasty {
				client_id hasty-0123456789abcdef
				client_secret {HASTY}
				redirect_uri http://localhost:9/hasty
				model_scheme sales
				authorization_code_expiry 1s
				access_token_expiry 1s
			}
			application steady {
				client_id steady-0123456789abcdef
				client_secret the-steady-one-has-a-secret
				redirect_uri http://localhost:9/steady
				model_scheme sales
				connection api_key
			}
			model_scheme sales {
				whitelist customer order
			}
			model_configuration customer {
				model res.partner
				display_name Customer
				fields whitelist name email phone city is_company country_id
			}
			model_configuration order {
				model sale.order
				display_name Order
				fields whitelist name partner_id date_order state amount_total
			}
		}
		gateway elsewhere {
			issuer {OTHER}
			database some-other-database
			application wiki {
				client_id wiki-0123456789abcdef
				client_secret {env.E2E_WIKI_SECRET}
				redirect_uri http://localhost:9/plugins/odoo-connector/callback.action
				model_scheme sales
			}
			model_scheme sales {
				whitelist customer
			}
			model_configuration customer {
				model res.partner
				fields whitelist name
			}
		}
	}
}

{BASE} {
	bind 127.0.0.1
	odoo_gateway erp
	{PROXY}
}

{OTHER} {
	bind 127.0.0.1
	odoo_gateway elsewhere
	{PROXY}
}
`
