package gateway

import (
	"mime"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/connect"
	"github.com/caddy-odoo/gateway/internal/console"
	"github.com/caddy-odoo/gateway/internal/oauth"
)

const download = console.DownloadPath + "?name=wiki&format="

// Administrators download each format as a file that no browser runs, without
// a secret.
func TestConnectDownloads(t *testing.T) {
	w := consoleWorld(t, 19)
	w.apps[0].Title = "Team \"wiki\"\r\nSet-Cookie: x=y"
	w.reload()
	admin := w.insider("admin")
	for _, f := range connect.All() {
		w.events()
		status, h, text := admin.send(http.MethodGet, download+f.Name, "", "Accept", "application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
		kind, parameters, err := mime.ParseMediaType(h.Get("Content-Disposition"))
		if status != http.StatusOK || text == "" || err != nil || kind != "attachment" || !strings.HasPrefix(parameters["filename"], "wiki-") ||
			h.Get("Content-Type") != f.Type || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" ||
			h.Get("Content-Security-Policy") != "default-src 'none'; sandbox" || slices.Contains(h.Values("Set-Cookie"), "x=y") {
			t.Errorf("%s: %d %v", f.Name, status, h)
		}
		for _, secret := range []string{"wiki-secret", "own-secret", "robot-key"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %q", f.Name, secret)
			}
		}
		if got := w.events(); len(got) == 0 || got[len(got)-1].Kind != audit.AdministrationRead || got[len(got)-1].Detail["what"] != "connect" || got[len(got)-1].Application != "wiki" {
			t.Errorf("%s leaves %+v", f.Name, got)
		}
	}
	for _, path := range []string{console.DownloadPath, console.DownloadPath + "?name=nonsense", download + "nonsense", console.DownloadPath + "?format=openapi"} {
		if status, h, _ := admin.send(http.MethodGet, path, ""); status != http.StatusNotFound || h.Get("Content-Disposition") != "" {
			t.Errorf("%s: %d %v", path, status, h)
		}
	}
}

// Nobody else gets a file, and a script of Odoo's own pages none either.
func TestConnectRefuses(t *testing.T) {
	w := consoleWorld(t, 19)
	admin := w.insider("admin")
	for name, tt := range map[string]struct {
		who    insider
		want   int
		header []string
	}{
		"an internal user": {w.insider("demo"), http.StatusForbidden, nil},
		"a portal user":    {w.insider("portal"), http.StatusForbidden, nil},
		"nobody":           {insider{w: w}, http.StatusSeeOther, nil},
		"a script":         {admin, http.StatusForbidden, []string{"Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Site", "same-origin"}},
		"a frame":          {admin, http.StatusForbidden, []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe", "Sec-Fetch-Site", "same-origin"}},
	} {
		for _, f := range connect.All() {
			status, h, text := tt.who.send(http.MethodGet, download+f.Name, "", tt.header...)
			if status != tt.want || strings.Contains(text, "wiki-id") || strings.Contains(text, "Team") || h.Get("Content-Disposition") != "" {
				t.Errorf("%s: %s: %d %.300s", name, f.Name, status, text)
			}
		}
	}
	if status, _, _ := admin.send(http.MethodPost, download+"openapi", "x=y"); status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", status)
	}
	want, _, wantText := admin.send(http.MethodGet, "/restapi/1.0/nonsense", "")
	for name, c := range map[string]*Console{"off": nil, "another network": {Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}} {
		w.console = c
		w.reload()
		if status, _, text := admin.send(http.MethodGet, download+"openapi", ""); status != want || text != wantText {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
}

// All addresses that the settings and the description name are there, and what
// Odoo has described since stands in the description.
func TestConnectAddresses(t *testing.T) {
	w := consoleWorld(t, 19)
	admin := w.insider("admin")
	const undescribed = "has not described"
	_, _, before := admin.send(http.MethodGet, download+"openapi", "")
	bearer, _ := w.connect("wiki", "demo")
	if status, _, answer := w.get(recordPath+"?fields=name", bearer); status != http.StatusOK {
		t.Fatalf("%d %v", status, answer)
	}
	_, _, after := admin.send(http.MethodGet, download+"openapi", "")
	if !strings.Contains(before, undescribed) || strings.Contains(after, undescribed) || !strings.Contains(after, `"title": "Email"`) {
		t.Errorf("before: %v, after: %v", strings.Contains(before, undescribed), strings.Contains(after, undescribed))
	}
	g, err := w.gw.service.Load().guide(t.Context(), &w.apps[0])
	if err != nil {
		t.Fatal(err)
	}
	s := g.Settings()
	for _, at := range []string{s.Metadata, s.Authorization, s.Token, s.Revocation, s.Introspection, s.Userinfo, s.JWKS, w.url + oauth.OrestAuthorizePath, w.url + oauth.OrestTokenPath} {
		r := httptest.NewRequest(http.MethodGet, at, nil)
		if e, ok := endpoints[r.URL.Path]; !ok || !strings.HasPrefix(at, w.url+"/") || e.serve == nil {
			t.Errorf("nothing is at %s", at)
		}
	}
}
