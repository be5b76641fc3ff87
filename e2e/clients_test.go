package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// The applications that client libraries nobody here wrote are registered as.
// Their callbacks are never listened on: the test's browser stops there.
var (
	// library is confidential, with characters in its secret that every way
	// of sending one treats differently.
	library = app{id: "library-0123456789abcdef", secret: "a library's secret: 50% / more+é", redirect: "http://localhost:9/library"}
	// native is public: PKCE stands in for the secret.
	native = app{id: "native-0123456789abcdef", redirect: "http://127.0.0.1/native"}
	// brief has access tokens of one second.
	brief = app{id: "brief-0123456789abcdef", secret: "brief-has-a-secret-0123456789", redirect: "http://localhost:9/brief"}
	// forge, nango and fivetran are services with fixed callbacks.
	forge = app{id: "confluence", secret: "forge-has-a-secret-0123456789", redirect: "https://id.atlassian.com/outboundAuth/finish"}
	nango = app{id: "nango-0123456789abcdef", secret: "nango-has-a-secret-0123456789", redirect: "https://api.nango.dev/oauth/callback"}
	// batch acts as an account of its own, and is what Nango calls odoo-cc.
	batch    = app{id: "batch-0123456789abcdef", secret: "batch-has-a-secret-0123456789"}
	fivetran = app{id: "fivetran-0123456789abcdef", secret: "fivetran-has-a-secret-012345", redirect: "https://fivetran.com/integrations/odoo/oauth2/return"}
)

// clientsCaddyfile registers them.
const clientsCaddyfile = `{
	admin off
	persist_config off
	auto_https off
	odoo_gateway {
		store badger {DIR}/grants
		gateway erp {
			issuer {BASE}
			database {DATABASE}
			application library {
				name "A library"
				client_id library-0123456789abcdef
				client_secret "a library's secret: 50% / more+é"
				redirect_uri http://localhost:9/library
				model_scheme sales
			}
			application native {
				client_id native-0123456789abcdef
				public true
				redirect_uri http://127.0.0.1/native
				model_scheme sales
			}
			application hasty {
				client_id hasty-0123456789abcdef
				client_secret {HASTY}
				redirect_uri http://localhost:9/hasty
				model_scheme sales
				access_token_expiry 9s
			}
			application brief {
				client_id brief-0123456789abcdef
				client_secret brief-has-a-secret-0123456789
				redirect_uri http://localhost:9/brief
				model_scheme sales
				access_token_expiry 1s
			}
			application forge {
				client_id confluence
				client_secret forge-has-a-secret-0123456789
				redirect_uri https://id.atlassian.com/outboundAuth/finish
				model_scheme sales
			}
			application nango {
				client_id nango-0123456789abcdef
				client_secret nango-has-a-secret-0123456789
				redirect_uri https://api.nango.dev/oauth/callback
				model_scheme sales
			}
			application fivetran {
				client_id fivetran-0123456789abcdef
				client_secret fivetran-has-a-secret-012345
				redirect_uri https://fivetran.com/integrations/odoo/oauth2/return
				model_scheme sales
				compat restapi
			}
			application batch {
				client_id batch-0123456789abcdef
				client_secret batch-has-a-secret-0123456789
				model_scheme sales
				validity_format seconds
				service_connection {
					login demo
					api_key {env.E2E_BATCH_KEY}
				}
			}
			model_scheme sales {
				whitelist customer
			}
			model_configuration customer {
				model res.partner
				display_name Customer
				fields whitelist name email country_id
			}
		}
	}
}

{BASE} {
	bind 127.0.0.1
	odoo_gateway erp
	{PROXY}
}
`

// startClientsSite starts a gateway with the libraries' applications.
func startClientsSite(t *testing.T) *site {
	t.Helper()
	sim := odootest.Start(odootest.Options{Version: 19})
	t.Cleanup(sim.Close)
	at, err := url.Parse(sim.URL)
	if err != nil {
		t.Fatal(err)
	}
	return startSiteWith(t, odoo{url: at, database: sim.Database(), login: "demo", password: "demo"}, clientsCaddyfile,
		"E2E_BATCH_KEY="+sim.NewAPIKey("demo", "batch", time.Now().AddDate(0, 0, 30)))
}

// visit is the person's part: it follows an address that a client sends them
// to, logs in where Odoo asks, allows where the gateway asks, and returns the
// address outside of the site where that ends.
func (p *person) visit(o odoo, at string) (string, error) {
	p.t.Helper()
	for range 12 {
		a := p.get(at)
		if a.location() == "" && a.StatusCode == http.StatusOK && strings.Contains(a.text, `value="allow"`) {
			a = p.allow(a, "allow")
		}
		if a.location() == "" {
			return "", fmt.Errorf("the way to the application ends at %s with %s:\n%s", at, a.Status, a.text)
		}
		to, err := a.Request.URL.Parse(a.location())
		if err != nil {
			return "", err
		}
		if to.Path == "/web/login" {
			if to, err = to.Parse(p.logIn(o, to.String()).location()); err != nil {
				return "", err
			}
		}
		if to.Scheme+"://"+to.Host != p.base {
			return to.String(), nil
		}
		at = to.String()
	}
	return "", fmt.Errorf("going round in circles at %s", at)
}
