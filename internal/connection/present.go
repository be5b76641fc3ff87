package connection

import (
	"net/http"
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// SessionID returns the Odoo session id that a browser presents, or "" where
// it presents none. Of several Odoo takes the first, and so does this.
func SessionID(r *http.Request) string {
	id := ""
	_ = eachSession(r, func(value string) string {
		id = value
		return value
	})
	if !rpc.ValidSession(id) {
		return ""
	}
	return id
}

// Present looks at the session id that a browser presents. Where that is
// exactly one which a call of the gateway's own has rotated away, the id in
// r's Cookie header is replaced by the current one, and the cookie for the
// browser is returned; it belongs into the answer unless Odoo sets its own.
// Else r is left alone and the result is nil.
func (m *Manager) Present(r *http.Request) *http.Cookie {
	id := SessionID(r)
	if id == "" {
		return nil
	}
	set := m.table.serve(id)
	if set == nil {
		return nil
	}
	r.Header["Cookie"] = eachSession(r, func(string) string { return set.Value })
	return set
}

// eachSession returns the Cookie header of r with the value of its first
// session cookie replaced. All else keeps its bytes.
func eachSession(r *http.Request, replace func(value string) string) []string {
	lines := make([]string, len(r.Header["Cookie"]))
	found := false
	for i, line := range r.Header["Cookie"] {
		parts := strings.Split(line, ";")
		for j, part := range parts {
			name, value, ok := strings.Cut(part, "=")
			if found || !ok || strings.TrimSpace(name) != rpc.CookieName {
				continue
			}
			found = true
			trimmed := strings.TrimSpace(value)
			parts[j] = name + "=" + replace(trimmed)
		}
		lines[i] = strings.Join(parts, ";")
	}
	return lines
}
