package gateway

import (
	"net/http"
	"path"
	"strings"

	"github.com/caddy-odoo/gateway/internal/oauth"
)

// owned tells whether a path belongs to the gateway, in any reading: what is
// ours in disguise is then refused, for not being clean or for not existing.
func owned(p string) bool {
	return read(p, func(p string) bool {
		return within(p, "/restapi/1.0") || within(p, "/orestapi") ||
			strings.HasPrefix(p, oauth.MetadataPath) || within(p, oauth.OpenIDPath) || within(p, oauth.ProtectedResourcePath)
	})
}

// read tells whether a decoded path is one of those looked for in any way that
// what is behind us may read it: with dot segments and doubled slashes
// resolved or not, without slashes in front, and without a language there,
// which Odoo's router drops: /en/json/2 is /json/2.
func read(p string, is func(string) bool) bool {
	if !strings.HasPrefix(p, "/") {
		return false
	}
	if whole := path.Clean(p); whole != p && read(whole, is) {
		return true
	}
	p = strings.TrimLeft(p, "/")
	_, rest, _ := strings.Cut(p, "/")
	return is("/"+p) || is("/"+strings.TrimLeft(rest, "/"))
}

// within tells whether p is a path or one below it.
func within(p, of string) bool {
	return strings.HasPrefix(p, of) && (len(p) == len(of) || p[len(of)] == '/')
}

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
