package doctor

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// login is what Odoo's login page tells.
type login struct {
	chooser bool // Odoo lets people choose a database instead
	// providerURI is where auth_oauth has providers send people back to, and
	// providerDatabase the one that they log in to; "" without a provider.
	providerURI, providerDatabase string
}

var (
	providerURI   = regexp.MustCompile(`[?&;]redirect_uri=([^&"'\s]+%2[Ff]auth_oauth%2[Ff]signin)[&"']`)
	providerState = regexp.MustCompile(`[?&;]state=([^&"'\s]+)[&"']`)
)

// lookAtLogin reads the login page.
func (p Patient) lookAtLogin(ctx context.Context, rt http.RoundTripper) (l login, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.at("/web/login").String(), nil)
	if err != nil {
		return l, err
	}
	res, body, err := p.page(r, rt)
	if err != nil {
		return l, err
	}
	l.chooser = strings.Contains(res.Header.Get("Location"), "/web/database/selector")
	if found := providerURI.FindSubmatch(body); found != nil {
		if l.providerURI, err = url.QueryUnescape(string(found[1])); err != nil {
			l.providerURI = ""
		}
	}
	for _, found := range providerState.FindAllSubmatch(body, -1) {
		text, err := url.QueryUnescape(string(found[1]))
		var state struct {
			Database string `json:"d"`
		}
		if err == nil && json.Unmarshal([]byte(text), &state) == nil && state.Database != "" {
			l.providerDatabase = state.Database
		}
	}
	return l, nil
}

var sitemap = regexp.MustCompile(`(?im)^sitemap:\s*(\S+)`)

// seen is the origin that Odoo takes for its own, "" where it does not tell.
// Odoo says it in three places: where its router takes a doubled slash out of a
// path, unless a module for pages answers instead; in the links of login
// providers; and in the robots.txt of a website.
func (p Patient) seen(ctx context.Context, rt http.RoundTripper, l login) string {
	ask := func(path string) (string, string) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.at(path).String(), nil)
		if err != nil {
			return "", ""
		}
		res, body, err := p.page(r, rt)
		if err != nil {
			return "", ""
		}
		return res.Header.Get("Location"), string(body)
	}
	location, _ := ask("/web//login")
	for _, candidate := range []string{location, l.providerURI} {
		if origin := originOf(candidate); origin != "" {
			return origin
		}
	}
	_, robots := ask("/robots.txt")
	if found := sitemap.FindStringSubmatch(robots); found != nil {
		return originOf(found[1])
	}
	return ""
}

// originOf is the origin of an absolute URL, "" of anything else.
func originOf(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// proxyMode tells whether Odoo knows the address that people see.
func (p Patient) proxyMode(ctx context.Context, rt http.RoundTripper, l login) Finding {
	f := Finding{Part: "proxy mode", Status: OK, Text: "Odoo knows that it is " + p.Issuer.String()}
	seen := p.seen(ctx, rt, l)
	switch {
	case seen == "":
		f.Status, f.Text = Unknown, "Odoo does not tell which address it takes for its own"
		if p.Issuer.Scheme == "https" {
			f.Advice = "see that Odoo's configuration has proxy_mode = True"
		}
	case seen == p.Issuer.String():
	case strings.TrimPrefix(seen, "http:") == strings.TrimPrefix(p.Issuer.String(), "https:"):
		f.Status, f.Text = Problem, "Odoo takes itself for "+seen+": it does not see that people come by https"
		f.Advice = "set proxy_mode = True in Odoo's configuration and restart it; a proxy between Caddy and Odoo must hand X-Forwarded-Proto on"
	default:
		f.Status, f.Text = Problem, "Odoo takes itself for "+seen
		f.Advice = "let reverse_proxy send Host and X-Forwarded-Host as they come, and set proxy_mode = True in Odoo's configuration"
	}
	return f
}
