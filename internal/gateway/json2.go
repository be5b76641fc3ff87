package gateway

import (
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/dialect/json2"
)

// ours tells whether a request is the gateway's to answer. What is below
// /json/2 belongs to Odoo 19 as well, with its own API keys: there a request
// is ours where it carries one of our tokens, or where the configuration
// leaves that door to us alone.
func (g *Gateway) ours(r *http.Request) bool {
	if owned(r.URL.Path) {
		return true
	}
	if g.config.JSON2OnlyOurs && (readsAsJSON2(r.URL.Path) || readsAsJSON2(path.Clean(r.URL.Path))) {
		return true
	}
	return strings.HasPrefix(r.URL.Path, json2.Prefix) && (g.presentsToken(r) || g.asksForScript(r))
}

// readsAsJSON2 tells whether Odoo may take a path for one of its /json/2. Its
// server drops slashes in front, its router a language there: /en/json/2 is
// the same door.
func readsAsJSON2(p string) bool {
	segments := strings.FieldsFunc(p, func(c rune) bool { return c == '/' })
	for range min(2, len(segments)) {
		if strings.HasPrefix("/"+strings.Join(segments, "/")+"/", json2.Prefix) {
			return true
		}
		segments = segments[1:]
	}
	return false
}

// asksForScript tells whether a browser asks if a script of a listed origin
// may send one of our tokens. The answer opens nothing of Odoo's: without
// credentials no cookie comes along.
func (g *Gateway) asksForScript(r *http.Request) bool {
	if r.Method != http.MethodOptions {
		return false
	}
	origin := originOf(r)
	for _, app := range g.config.Applications {
		if app.Active && slices.Contains(app.CORSOrigins, origin) {
			return true
		}
	}
	return false
}
