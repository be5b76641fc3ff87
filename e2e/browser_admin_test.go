//go:build browser

package e2e

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

const adminPath = "/restapi/1.0/admin"

// adminCaddyfile has a console, and more to show in it.
var adminCaddyfile = strings.NewReplacer(
	"odoo_gateway {\n\t\tstore", "odoo_gateway {\n\t\tchanged_by \"Jane Doe, ticket 42\"\n\t\tstore",
	"database {DATABASE}", `database {DATABASE}
			admin_console on {
				networks private_ranges
			}
			model_scheme sales {
				name "Sales and customers"
				description "For the wiki of the sales team"
				whitelist customer order
			}
			model_scheme open {
				name "Everything but people"
				blacklist hr.* res.users
			}
			model_configuration customer {
				model res.partner
				display_name Customer
				description "Customers with at least one order"
				fields whitelist name email phone country_id
				filter `+"`[[\"customer_rank\", \">\", 0]]`"+`
			}
			model_configuration order {
				model sale.order
				display_name "Sales order"
				fields blacklist margin
				operations read write
				reports sale.report_saleorder
			}
			application former {
				name "Former intranet"
				client_id former
				client_secret former-secret
				redirect_uri CALLBACK
				model_scheme open
				active false
			}`,
	"client_id wiki", "client_id wiki\n\t\t\t\tauthorization_code_retain 30d\n\t\t\t\tcompat confluence\n\t\t\t\tmodel_scheme sales",
	"client_id reports", "client_id reports\n\t\t\t\tmodel_scheme open",
	"client_id ledger", "client_id ledger\n\t\t\t\tmodel_scheme sales",
).Replace(pagesCaddyfile)

// TestBrowserAdmin walks through the console for administrators.
func TestBrowserAdmin(t *testing.T) {
	sim := odootest.Start(odootest.Options{Version: 18})
	t.Cleanup(sim.Close)
	at, err := url.Parse(sim.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := newPagesOf(t, "admin", odoo{url: at, database: sim.Database(), login: "admin", password: "admin"}, adminCaddyfile)
	for _, client := range []string{"wiki", "reports"} {
		p.ask(client)
		p.run("allow", chromedp.Click(allowButton), chromedp.WaitNotPresent(allowButton))
		if client == "wiki" {
			p.run("not now", chromedp.WaitVisible(stayPassword), chromedp.Click(chromedp.CSS(`button[value="later"]`)), chromedp.WaitVisible(arrived))
		}
	}
	p.administer()
}

func (p *pages) administer() {
	p.t.Helper()
	admin := p.site.base + adminPath
	p.open(admin, "h2")
	p.reads("Gateway administration", "Team wiki", "Ledger", "Quarterly reports")
	p.lacks("Former intranet")
	p.tabs("Applications", "Model schemes", "Authorizations", "Authorization codes", "Audit trail", "Gateway", "Name, title or client ID", "State", "Show")
	p.ownPage("applications")
	p.open(admin+"?state=archived", "h2")
	p.reads("Former intranet")
	p.lacks("Team wiki")
	p.open(admin+"/application?name=wiki", "h2")
	p.reads("Team wiki", "One is set; it is not shown", "change Sales order", "Added by Jane Doe, ticket 42")
	p.lacks("wiki-secret")
	p.ownPage("application")
	p.open(admin+"/connect?name=wiki", "h2")
	p.reads("Team wiki", "/restapi/1.0/common/oauth2/authorize", "OpenAPI 3.1", "Confluence Data Center", "The part of manifest.yml")
	p.lacks("wiki-secret")
	p.run("unfold", chromedp.Click(chromedp.CSS(".snippet summary")), chromedp.WaitVisible(chromedp.CSS(".snippet[open] pre")))
	p.reads("read -r code")
	p.ownPage("connect")
	p.open(admin+"/connect?name=former", "h2")
	p.ownPage("archived-connect")
	p.open(admin+"/application?name=former", "h2")
	p.ownPage("archived-application")
	p.open(admin+"/schemes", "h2")
	p.reads("Sales and customers", "Everything but people", "Customer", "Sales order")
	p.ownPage("schemes")
	p.open(admin+"/scheme?name=sales", "h2")
	p.ownPage("scheme")
	p.open(admin+"/configuration?name=customer", "h2")
	p.reads("customer_rank")
	p.ownPage("configuration")
	p.open(admin+"/codes", "h2")
	p.reads("Team wiki", "Record kept until")
	p.ownPage("codes")
	p.open(admin+"/settings", "h2")
	p.ownPage("gateway")
	p.open(admin+"/scheme?name=nonsense", "h1")
	p.reads("Nothing of that name is configured")
	p.ownPage("not-configured")

	p.open(admin+"/authorizations", "h2")
	p.reads("Team wiki", "Quarterly reports", "Mitchell Admin", "By their Odoo session", "Revoke all authorizations")
	p.ownPage("authorizations")
	const wiki = `button[aria-label="Revoke: Team wiki, admin"]`
	p.run("revoke one", chromedp.Click(chromedp.CSS(wiki)), chromedp.WaitNotPresent(chromedp.CSS(wiki)), chromedp.WaitVisible(chromedp.CSS("h2")))
	p.reads("Quarterly reports")
	p.open(admin+"/authorizations?application=reports", ".mass summary")
	p.run("unfold", chromedp.Click(chromedp.CSS(".mass summary")), chromedp.WaitVisible(chromedp.CSS("button.danger")))
	p.reads("Revoke all of Quarterly reports", "It can not be undone")
	p.ownPage("revoke-all")
	p.open(admin+"/authorizations?application=reports", ".mass summary")
	p.run("revoke all", chromedp.Click(chromedp.CSS(".mass summary")), chromedp.WaitVisible(chromedp.CSS("button.danger")),
		chromedp.Click(chromedp.CSS("button.danger")), chromedp.WaitNotPresent(chromedp.CSS("button.danger")), chromedp.WaitVisible(chromedp.CSS(".nothing")))
	p.reads("Nothing fits.")
	p.open(admin+"/authorizations?revoked=true", "h2")
	p.reads("Revoked on")
	p.ownPage("revoked-authorizations")
	p.open(admin+"/audit", "h2")
	p.reads("Authorization revoked", "authorization_revoked", "admin_login: admin", "via: console", "code_issued")
	p.ownPage("audit")
}
