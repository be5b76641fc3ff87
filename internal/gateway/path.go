package gateway

import (
	"net/http"
	"path"
	"strings"

	"github.com/caddy-odoo/gateway/internal/oauth"
)

// owned tells whether a path belongs to the gateway. It is decided on the
// decoded path as it is when dot segments and doubled slashes are resolved,
// because somebody behind us may resolve them: what is ours in disguise is
// then refused for not being clean.
func owned(p string) bool {
	if strings.HasPrefix(p, "/") {
		p = path.Clean(p)
	}
	return strings.HasPrefix(p, "/restapi/1.0/") || p == "/restapi/1.0" ||
		strings.HasPrefix(p, "/orestapi/") || p == "/orestapi" ||
		strings.HasPrefix(p, "/.well-known/oauth-authorization-server") ||
		within(p, oauth.OpenIDPath) || within(p, oauth.ProtectedResourcePath)
}

// within tells whether p is a path or one below it.
func within(p, of string) bool { return p == of || strings.HasPrefix(p, of+"/") }

// clean tells whether a path means one thing only: it stays what it is when
// dot segments and doubled slashes are resolved, hides no separator behind
// percent-encoding, and holds only visible ASCII. One trailing slash is fine.
func clean(r *http.Request) bool {
	p := r.URL.Path
	if p == "" || p[0] != '/' {
		return false
	}
	for i := range len(p) {
		if c := p[i]; c <= ' ' || c >= 0x7f || c == '\\' || c == ';' || c == '%' {
			return false
		}
	}
	if trimmed := strings.TrimSuffix(p, "/"); trimmed != "" && path.Clean(trimmed) != trimmed {
		return false
	}
	return !strings.Contains(strings.ToLower(r.URL.EscapedPath()), "%2f")
}
