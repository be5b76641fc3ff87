package caddymodule

import (
	"net/http"
	"testing"
)

// Caddy's placeholders speak of one request, by its address in memory: where
// the rest of the route was handed a copy, they would tell the path from
// before a rewrite, and the header with our tokens.
func TestPlaceholdersBehindTheHandler(t *testing.T) {
	base := runCaddy(t, `
	odoo_gateway {
		store badger `+t.TempDir()+`
		gateway erp {
			issuer http://ADDR
			database prod
		}
	}
	`, `http://ADDR {
		odoo_gateway
		route {
			uri strip_prefix /erp
			rewrite * /seen{uri}
			reverse_proxy `+echo(t)+` {
				header_up X-Cookie "{http.request.header.Cookie}"
			}
		}
	}`)
	for _, cookie := range []string{
		"", "a=1", "session_id=AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEf", "a=1; __Host-odoo_gateway_pending=secret",
	} {
		t.Run(cookie, func(t *testing.T) {
			req := request(t, "GET", base+"/erp/web?x=1", "")
			if cookie != "" {
				req.Header.Set("Cookie", cookie)
			}
			res, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			s := decodeSeen(t, res)
			if s.URI != "/seen/web?x=1" {
				t.Errorf("Odoo was asked for %s", s.URI)
			}
			if s.Header.Get("X-Cookie") != s.Header.Get("Cookie") {
				t.Errorf("a placeholder tells %q", s.Header.Get("X-Cookie"))
			}
		})
	}
}
