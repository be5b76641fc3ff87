package gateway

import (
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/dialect/json2"
)

// ours tells whether a request is the gateway's to answer. What is below
// /json/2 belongs to Odoo 19 as well, with its own API keys: there a request
// is ours where it carries one of our tokens, or where the configuration
// leaves that door to us alone. So is a request for a file or a report at
// Odoo's own address, by one of our tokens as a bearer: see asOurs.
func (g *Gateway) ours(r *http.Request) bool {
	if owned(r.URL.Path) {
		return true
	}
	if g.config.JSON2OnlyOurs && read(r.URL.Path, belowJSON2) {
		return true
	}
	if len(r.Header["Authorization"]) > 0 && asOurs(r) != nil {
		sent, refused := present(r)
		return refused == nil && g.issued(sent.token)
	}
	return strings.HasPrefix(r.URL.Path, json2.Prefix) && (g.presentsToken(r) || g.asksForScript(r))
}

func belowJSON2(p string) bool { return within(p, strings.TrimSuffix(json2.Prefix, "/")) }

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
