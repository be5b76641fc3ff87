//go:build browser

package e2e

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// TestBrowserLanguages: each page in each language that it is written in, as
// long words and other scripts change what fits.
func TestBrowserLanguages(t *testing.T) {
	for code, says := range map[string]struct{ accept, consent, stay, list, unknown string }{
		"de_DE": {"de", "Mit Odoo verbinden", "Verbunden bleiben", "Ihre verbundenen Anwendungen", "Anwendung nicht registriert"},
		"fr_FR": {"fr", "Se connecter à Odoo", "Rester connecté", "Vos applications connectées", "Application non enregistrée"},
		"hu_HU": {"hu", "Csatlakozás az Odoohoz", "Csatlakozva maradás", "Az Ön csatlakoztatott alkalmazásai", "Az alkalmazás nincs regisztrálva"},
		"es_MX": {"es", "Conectar con Odoo", "Seguir conectado", "Sus aplicaciones conectadas", "Aplicación no registrada"},
	} {
		t.Run(code, func(t *testing.T) {
			sim := odootest.Start(odootest.Options{Version: 18})
			t.Cleanup(sim.Close)
			sim.SetLanguage("demo", code)
			at, err := url.Parse(sim.URL)
			if err != nil {
				t.Fatal(err)
			}
			p := newPages(t, "language-"+says.accept, odoo{url: at, database: sim.Database(), login: "demo", password: "demo"})
			p.ask("wiki")
			p.titled(says.accept, says.consent)
			p.ownPage("consent")
			p.click(allowButton, stayPassword)
			p.titled(says.accept, says.stay)
			p.ownPage("stay")
			p.fill(map[string]string{"password": "demo"})
			p.click(`button.primary`, arrived)
			p.open(p.site.base+authorizationsPath, revokeForm)
			p.titled(says.accept, says.list)
			p.ownPage("list")

			// Whom nobody knows is asked by the browser's own language.
			p.run("ask for the language", send(network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": says.accept}}))
			p.open(p.site.base+authorizePath+"?response_type=code&client_id=nobody&redirect_uri=http://localhost:9/", "h1")
			p.titled(says.accept, says.unknown)
			p.ownPage("unknown-application")
		})
	}
}

// titled fails where a page is not in a language, with its title.
func (p *pages) titled(language, title string) {
	p.t.Helper()
	if got := value(p.browser, "read the language", chromedp.Evaluate[string](`document.documentElement.lang`)); got != language {
		p.t.Errorf("the page at %s is in %q, want %q", p.at(), got, language)
	}
	if got := value(p.browser, "read the title", chromedp.Evaluate[string](`document.title + "\n" + document.querySelector("h1").innerText`)); !strings.Contains(got, title) {
		p.t.Errorf("the page at %s is titled %q, want %q", p.at(), got, title)
	}
}

// send is a command of the browser's protocol as a step.
func send[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	})
}

// TestBrowserWithoutScript: connecting, staying connected and revoking work
// where the browser runs no script.
func TestBrowserWithoutScript(t *testing.T) {
	sim := odootest.Start(odootest.Options{Version: 18})
	t.Cleanup(sim.Close)
	at, err := url.Parse(sim.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := newPages(t, "without-script", odoo{url: at, database: sim.Database(), login: "demo", password: "demo"})
	p.run("turn scripts off", send(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	p.ask("wiki")
	p.click(allowButton, stayPassword)
	p.fill(map[string]string{"password": "demo"})
	p.click(`button.primary`, arrived)
	p.reads("code true")
	p.open(p.site.base+authorizationsPath, revokeForm)
	p.run("press Revoke all", chromedp.Click(chromedp.CSS(`button.danger`)), chromedp.WaitNotPresent(revokeForm), chromedp.WaitVisible(chromedp.CSS("h1")))
	p.reads("No application may use Odoo as you")
}
