package oauth

import (
	"html"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/page"
)

func TestLogo(t *testing.T) {
	w := newWorld(t)
	drawing := []byte("\x89PNG\r\n\x1a\n<script>alert(1)</script>")
	plain := w.browser("demo-session").get(authorizeURL(query()))
	if strings.Contains(plain.text, "<img") || strings.Contains(plain.Header.Get("Content-Security-Policy"), "img-src") {
		t.Errorf("no logo is configured: %s", plain.text)
	}
	w.change("wiki", func(a *application.Application) {
		a.ClientID, a.Description = `wiki/ä "&`, "Pages with <b>customers</b>"
		a.Logo = application.Logo{Type: "image/png", Data: drawing}
	})
	got := w.browser("demo-session").get(authorizeURL(query("client_id", `wiki/ä "&`)))
	_, rest, _ := strings.Cut(got.text, `<img class="logo" src="`)
	src, _, _ := strings.Cut(rest, `"`)
	src = html.UnescapeString(src)
	if !strings.HasPrefix(src, page.LogoPath+"?") || !strings.Contains(got.Header.Get("Content-Security-Policy"), "; img-src 'self'; ") {
		t.Fatalf("logo at %q, policy %s", src, got.Header.Get("Content-Security-Policy"))
	}
	if !strings.Contains(got.text, "Pages with &lt;b&gt;customers") {
		t.Errorf("no description: %s", got.text)
	}

	image := w.browser("").get(src) // whoever asks
	if image.StatusCode != http.StatusOK || image.text != string(drawing) {
		t.Fatalf("%d %s", image.StatusCode, image.text)
	}
	for name, want := range map[string]string{
		"Content-Type": "image/png", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "default-src 'none'; sandbox",
		"Cache-Control":           "public, max-age=31536000, immutable", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if v := image.Header.Get(name); v != want {
			t.Errorf("%s is %q, want %q", name, v, want)
		}
	}
	r := w.request(http.MethodGet, src, "")
	r.Header.Set("If-None-Match", image.Header.Get("ETag"))
	if again := w.do(r); again.StatusCode != http.StatusNotModified {
		t.Errorf("status %d", again.StatusCode)
	}
	other, _, _ := strings.Cut(src, "&v=")
	if v := w.browser("").get(other + "&v=0").Header.Get("Cache-Control"); v != "no-cache" {
		t.Errorf("another version is kept: %s", v)
	}

	for name, change := range map[string]func(*application.Application){
		"archived": func(a *application.Application) { a.Active = false },
		"no logo":  func(a *application.Application) { a.Logo = application.Logo{} },
	} {
		w.change("wiki", func(a *application.Application) {
			a.ClientID, a.Logo = `wiki/ä "&`, application.Logo{Type: "image/png", Data: drawing}
			change(a)
		})
		got := w.browser("").get(src)
		if got.StatusCode != http.StatusNotFound || strings.Contains(got.text, "PNG") || got.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s: %d %v %s", name, got.StatusCode, got.Header, got.text)
		}
	}
	if got := w.browser("").get(page.LogoPath); got.StatusCode != http.StatusNotFound {
		t.Errorf("status %d", got.StatusCode)
	}
}
