package gateway

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/oauth"
)

// What has come before the handshake was complete goes nowhere, whatever it asks
// for, and leaves no trace.
func TestEarlyDataIsRefused(t *testing.T) {
	w := newWorld(t, 19)
	bearer, _ := w.connect("wiki", "demo")
	early, complete := &tls.ConnectionState{}, &tls.ConnectionState{HandshakeComplete: true}
	for _, tt := range []struct {
		name, method, path string
		tls                *tls.ConnectionState
		proxy              string // what a proxy says in Early-Data
		refused            bool
	}{
		{"a call", "POST", "/json/2/res.partner/search_read", early, "", true},
		{"a read", "GET", "/restapi/1.0/object/res.partner/1", early, "", true},
		{"a token request", "POST", oauth.AccessTokenPath, early, "", true},
		{"a page of the gateway's", "GET", oauth.AuthorizationsPath, early, "", true},
		{"a login in Odoo", "POST", "/web/login", early, "", true},
		{"a page of Odoo's", "GET", "/web/login", early, "", true},
		{"a WebSocket", "CONNECT", "/websocket", early, "", true},
		{"a page of Odoo's afterwards", "GET", "/web/login", complete, "", false},
		{"a read afterwards", "GET", "/restapi/1.0/object/res.partner/1", complete, "", false},
		{"a page that a proxy has received early", "GET", "/web/login", complete, "1", false},
		{"a login that a proxy has received early", "POST", "/web/login", complete, "1", true},
		{"the same without TLS behind it", "POST", "/web/login", nil, "1", true},
		{"a login that it has received in time", "POST", "/web/login", complete, "0", false},
	} {
		w.logs.TakeAll()
		outcomes, passed := len(w.outcomes), 0
		r := httptest.NewRequest(tt.method, "https://erp.example.com"+tt.path, strings.NewReader("{}"))
		r.TLS = tt.tls
		if tt.proxy != "" {
			r.Header.Set("Early-Data", tt.proxy)
		}
		if strings.HasPrefix(tt.path, "/restapi") || strings.HasPrefix(tt.path, "/json") {
			r.Header.Set("Authorization", "Bearer "+bearer)
		}
		res := httptest.NewRecorder()
		if err := w.gw.ServeHTTP(res, r, passes{w.upstream(), &passed}); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if refused := res.Code == http.StatusTooEarly; refused != tt.refused {
			t.Errorf("%s: status %d", tt.name, res.Code)
		}
		if tt.refused && (passed > 0 || len(w.outcomes) != outcomes || w.logs.Len() > 0) {
			t.Errorf("%s: %d passed on, %d outcomes, log %v", tt.name, passed, len(w.outcomes)-outcomes, w.logs.All())
		}
	}
}

// passes counts what passes on.
type passes struct {
	Upstream
	passed *int
}

func (p passes) Pass(w http.ResponseWriter, r *http.Request) error {
	*p.passed++
	return p.Upstream.Pass(w, r)
}
