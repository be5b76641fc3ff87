//go:build browser

package e2e

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

const (
	authorizationsPath = "/restapi/1.0/authorizations"

	stayPassword = chromedp.CSS(`#password`)
	arrived      = chromedp.CSS(`#arrived`)
	revokeForm   = chromedp.CSS(`.connection form button`)
)

// pagesCaddyfile has three applications that show all that a page can show.
const pagesCaddyfile = `{
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
				description "Shows customers and their orders in the pages of your team"
				logo LOGO
				client_id wiki
				client_secret wiki-secret
				redirect_uri CALLBACK
			}
			application reports {
				name "Quarterly reports for the sales department"
				client_id reports
				client_secret reports-secret
				redirect_uri CALLBACK
				connection session
			}
			application ledger {
				name Ledger
				client_id ledger
				client_secret ledger-secret
				redirect_uri CALLBACK
				connection api_key
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

// newPages opens a browser that is logged in to Odoo.
func newPages(t *testing.T, name string, o odoo) *pages {
	t.Helper()
	return newPagesOf(t, name, o, pagesCaddyfile)
}

// newPagesOf is newPages for another Caddyfile of the same applications.
func newPagesOf(t *testing.T, name string, o odoo, caddyfile string) *pages {
	t.Helper()
	callback := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "<!DOCTYPE html><title>Back</title><p id=arrived>code %v error %s", r.URL.Query().Has("code"), url.QueryEscape(r.URL.Query().Get("error")))
	}))
	t.Cleanup(callback.Close)
	logo := filepath.Join(t.TempDir(), "logo.png")
	if err := os.WriteFile(logo, drawLogo(t), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startSiteWith(t, o, strings.NewReplacer("LOGO", logo, "CALLBACK", callback.URL+"/back").Replace(caddyfile))
	b := openBrowser(t, name, s.base+"/restapi/")
	b.open(s.base+"/web/login", loginForm)
	b.fill(map[string]string{"login": o.login, "password": o.password})
	b.run("log in", chromedp.Click(chromedp.CSS(`form[action^="/web/login"] button[type="submit"]`)), chromedp.WaitNotPresent(loginForm))
	return &pages{b, s, callback.URL + "/back"}
}

// drawLogo is a green ring.
func drawLogo(t *testing.T) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 96, 96))
	for x := range 96 {
		for y := range 96 {
			if d := (x-48)*(x-48) + (y-48)*(y-48); d < 44*44 && d > 24*24 {
				m.Set(x, y, color.NRGBA{R: 20, G: 120, B: 90, A: 255})
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// pages is a browser before the pages of a gateway.
type pages struct {
	*browser
	site *site
	back string // redirect URI
}

// ask goes where an application sends people.
func (p *pages) ask(client string) {
	p.t.Helper()
	p.open(p.site.base+authorizePath+"?response_type=code&state=s&client_id="+client+"&redirect_uri="+url.QueryEscape(p.back), allowButton)
}

func TestBrowserPages(t *testing.T) {
	sim := odootest.Start(odootest.Options{Version: 18})
	t.Cleanup(sim.Close)
	at, err := url.Parse(sim.URL)
	if err != nil {
		t.Fatal(err)
	}
	newPages(t, "pages", odoo{url: at, database: sim.Database(), login: "demo", password: "demo"}).walk()
}

// walk walks through the page that offers to stay connected, and the list of
// what is connected.
func (p *pages) walk() {
	p.t.Helper()
	p.open(p.site.base+authorizationsPath, "h1")
	p.reads("Your connected applications", "No application may use Odoo as you")
	p.ownPage("list-empty")

	p.ask("wiki")
	p.reads("Team wiki", "Shows customers and their orders")
	p.tabs("Not you? Use another account", "your connected applications", "Deny", "Allow")
	p.ownPage("consent-with-logo")
	p.click(allowButton, stayPassword)
	p.tabs("Your Odoo password", "Not now", "Stay connected")
	p.ownPage("stay")
	p.fill(map[string]string{"password": p.site.password + " is not it"})
	p.run("press Enter", chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(chromedp.CSS(`.trouble`)))
	p.reads("does not accept this password")
	p.ownPage("stay-wrong-password")
	p.fill(map[string]string{"password": p.site.password})
	p.run("press Enter", chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(arrived))
	p.reads("code true")

	p.ask("reports")
	p.click(allowButton, arrived)
	p.reads("code true")
	p.ask("ledger")
	p.click(allowButton, stayPassword)
	p.reads("needs a connection that lasts")
	p.ownPage("stay-must")
	p.click(`button[value="later"]`, arrived)
	p.reads("code false", "access_denied")

	p.open(p.site.base+authorizationsPath, revokeForm)
	p.reads("Team wiki", "By an API key of yours", "Team wiki (Odoo gateway)", "Quarterly reports", "As long as you are signed in", "Ledger")
	p.run("open what it may do", chromedp.Click(chromedp.CSS(`.may summary`)), chromedp.WaitVisible(chromedp.CSS(`.may li`)))
	p.ownPage("list")
	p.run("press Revoke", chromedp.Click(chromedp.CSS(`button[aria-label="Revoke: Team wiki"]`)),
		chromedp.WaitNotPresent(chromedp.CSS(`button[aria-label="Revoke: Team wiki"]`)), chromedp.WaitVisible(revokeForm))
	p.reads("Team wiki can no longer act for you", "Quarterly reports", "Ledger")
	p.ownPage("list-revoked")
	p.open(p.site.base+authorizationsPath, revokeForm)
	p.lacks("Team wiki")
	p.tabs("What it may do", "Revoke: Ledger", "What it may do", "Revoke: Quarterly reports for the sales department", "Revoke all")
	p.run("press Revoke all", chromedp.Click(chromedp.CSS(`button.danger`)), chromedp.WaitNotPresent(revokeForm), chromedp.WaitVisible(chromedp.CSS("h1")))
	p.reads("No application can act for you any more", "No application may use Odoo as you")

	p.ask("wiki")
	p.click(allowButton, stayPassword)
	p.click(`button[value="later"]`, arrived)
	p.open(p.site.base+authorizationsPath, revokeForm)
	p.tabs("What it may do", "Stay connected", "Revoke: Team wiki", "Revoke all")
	p.ownPage("list-offers-to-stay")
	p.click(`.connection a.button`, stayPassword)
	p.reads("you go back to your connected applications")
	p.ownPage("stay-from-list")
	p.fill(map[string]string{"password": p.site.password})
	p.run("press Enter", chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(chromedp.CSS(`.done`)))
	p.reads("Team wiki stays connected", "By an API key of yours")
}
