//go:build browser

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// What a person finds on the pages.
const (
	loginForm     = chromedp.CSS(`form[action^="/web/login"] input[name="password"]`)
	allowButton   = chromedp.CSS(`button[value="allow"]`)
	denyButton    = chromedp.CSS(`button[value="deny"]`)
	connected     = chromedp.CSS(`.banner.good`)
	lapsed        = chromedp.CSS(`.banner.lapsed`)
	connectButton = chromedp.CSS(`.banner button`)
	menu          = chromedp.CSS(`.menu summary`)
)

// visit is a demo with a browser before it.
type visit struct {
	*browser
	demo *demo
}

func newVisit(t *testing.T, name string, d *demo) *visit {
	t.Helper()
	v := &visit{browser: openBrowser(t, name, d.WikiURL+"/", d.GatewayURL+"/restapi/"), demo: d}
	v.open(d.WikiURL, "h1")
	return v
}

// logIn fills Odoo's own login page in.
func (v *visit) logIn(login, password string, then chromedp.CSS) {
	v.t.Helper()
	v.fill(map[string]string{"login": login, "password": password})
	v.click(`form[action^="/web/login"] button[type="submit"]`, then)
}

// TestBrowserSimulated walks the whole way before every simulated version.
func TestBrowserSimulated(t *testing.T) {
	for version := 16; version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			d := startDemo(t, "--odoo-version", fmt.Sprint(version))
			v := newVisit(t, fmt.Sprintf("simulated-%d", version), d)
			v.walk(d.Login, d.Password)
		})
	}
}

// walk is the main job, and what surrounds it.
func (v *visit) walk(login, password string) {
	v.t.Helper()
	v.reads("Customer visit", "Need to authenticate to server!", "Connect to see them as yourself")
	v.ownPage("wiki-not-connected")
	v.click(menu, `.panel button`)
	v.reads("Odoo servers", "not connected")
	v.ownPage("wiki-menu")
	v.click(`.panel button`, loginForm)
	v.odooPage("odoo-login")
	v.logIn(login, password, allowButton)
	v.reads("Team wiki", login)
	v.ownPage("consent")

	v.click(allowButton, connected)
	if at := v.at().String(); at != v.demo.WikiURL+"/pages/customer-visit" {
		v.t.Errorf("back on %s", at)
	}
	v.reads("Gemini Furniture", "Customer", "Sales order")
	v.lacks("Need to authenticate", "can not be reached")
	v.ownPage("wiki-connected")

	v.openInOdoo()

	v.open(v.demo.WikiURL+"/pages/meeting-notes", "h1")
	v.lacks("Connected to", "Connect to see")
	v.ownPage("wiki-page-without-macros")
	v.click(menu, `.panel button`)
	v.reads("connected")
	v.ownPage("wiki-menu-connected")
	v.run("disconnect", chromedp.Click(chromedp.CSS(`.panel button`)), chromedp.WaitReady(chromedp.CSS(`.panel .state:not(.good)`)))

	// Disconnected here; the consent is remembered and Odoo still knows the
	// person, so the next connect shows no page at all.
	v.open(v.demo.WikiURL, connectButton)
	v.reads("Need to authenticate to server!")
	v.click(connectButton, connected)

	// The session ends in Odoo: the page says so, and one click mends it.
	v.logOut()
	v.open(v.demo.WikiURL, lapsed)
	v.reads("needs re-authentication", "Need to authenticate to server!")
	v.ownPage("wiki-needs-re-authentication")
	v.click(connectButton, loginForm)
	v.logIn(login, password, connected)
}

// logOut ends the session in Odoo, as its own menu does.
func (v *visit) logOut() {
	v.t.Helper()
	v.open(v.demo.GatewayURL+"/web/login", "body")
	status := value(v.browser, "log out of Odoo", chromedp.Evaluate[int](
		`fetch("/web/session/destroy", {method: "POST", headers: {"Content-Type": "application/json"}, body: '{"params":{}}'}).then(r => r.status)`, chromedp.EvalAwaitPromise))
	if status != http.StatusOK {
		v.t.Fatalf("logout: status %d", status)
	}
}

// openInOdoo follows the link of each macro to the record in Odoo.
func (v *visit) openInOdoo() {
	v.t.Helper()
	for _, m := range []struct{ name, title, link string }{
		{"customer", ".record dd", ".record .open a"},
		{"order", ".list tbody td", ".list tbody .open a"},
	} {
		v.open(v.demo.WikiURL, connected)
		title := value(v.browser, "read the title", chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q).innerText`, m.title)))
		link := value(v.browser, "read the link", chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q).href`, m.link)))
		if !strings.HasPrefix(link, v.demo.GatewayURL+"/web#id=") {
			v.t.Errorf("the link of the %s is %s", m.name, link)
		}
		v.open(link, "body")
		v.await(title)
		v.odooPage("odoo-" + m.name)
	}
}

// await waits until a text is on the page, in its fields too. Odoo's web
// client builds its pages itself and may load more than one on the way.
func (v *visit) await(text string) {
	v.t.Helper()
	seen := chromedp.Evaluate[bool](fmt.Sprintf(`document.body.innerText.includes(%q) ||
		[...document.querySelectorAll("input, textarea")].some(e => e.value.includes(%q))`, text, text))
	v.run("wait for "+text, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			if ok, err := seen(ctx, t); err == nil && ok {
				return nil
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-tick.C:
			}
		}
	}))
}

// TestBrowserTOTP: the way back survives Odoo's second factor.
func TestBrowserTOTP(t *testing.T) {
	v := newVisit(t, "totp", startDemo(t))
	v.click(connectButton, loginForm)
	v.logIn(odootest.TOTPLogin, odootest.TOTPPassword, `input[name="totp_token"]`)
	v.odooPage("odoo-totp")
	v.fill(map[string]string{"totp_token": odootest.TOTPCode(odootest.TOTPSecret, time.Now())})
	v.click(`form button[type="submit"]`, allowButton)
	v.click(allowButton, connected)
	v.reads("Gemini Furniture")
}

// TestBrowserProvider: the person logs in at the company's login provider.
func TestBrowserProvider(t *testing.T) {
	v := newVisit(t, "provider", startDemo(t))
	v.click(connectButton, loginForm)
	v.click(`.o_auth_oauth_providers a`, `input[name="password"]`)
	v.odooPage("provider")
	v.fill(map[string]string{"login": "demo", "password": "demo"})
	v.click(`form button[type="submit"]`, allowButton)
	v.click(allowButton, connected)
	v.reads("Gemini Furniture")
}

// TestBrowserRefused: Deny, a mistaken application, and an Odoo without the
// person's rights are said in words.
func TestBrowserRefused(t *testing.T) {
	d := startDemo(t)
	v := newVisit(t, "refused", d)
	v.click(connectButton, loginForm)
	v.logIn(d.Login, d.Password, denyButton)
	v.click(denyButton, `.notice`)
	v.reads("access was denied", "Need to authenticate to server!")
	v.ownPage("wiki-denied")
	v.open(d.GatewayURL+authorizePath+"?response_type=code&client_id=nobody&redirect_uri=http://localhost:9/", "h1")
	v.ownPage("unknown-application")
	v.open(d.GatewayURL+authorizePath+"?response_type=code&client_id="+d.ClientID+"&redirect_uri=http://localhost:9/", "h1")
	v.ownPage("wrong-redirect-uri")
}

// TestBrowserPortal: who may not connect is told so, and can come back as
// somebody else.
func TestBrowserPortal(t *testing.T) {
	v := newVisit(t, "portal", startDemo(t))
	v.click(connectButton, loginForm)
	v.logIn("portal", "portal", `.badge.problem`)
	v.reads("This account can not connect the application", "Use another account")
	v.ownPage("not-an-internal-user")
	v.click(`a.primary`, loginForm)
	v.logIn("demo", "demo", allowButton)
	v.reads("Marc Demo")
	v.click(allowButton, connected)
	v.reads("Gemini Furniture")
}
