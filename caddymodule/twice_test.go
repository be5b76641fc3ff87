package caddymodule

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

// A site may have the handler twice, in its route and in a block within. To
// the inner one a sub-request must not look like a browser's: it would take
// the gateway's own rotation of a session for one that the browser has seen,
// and the browser's session would be lost.
func TestSecondHandlerLetsSubRequestsPass(t *testing.T) {
	issuer := &url.URL{Scheme: "https", Host: "erp.example.com"}
	reached := 0
	inner := &Handler{} // without a gateway: it can only let pass
	next := caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		return inner.ServeHTTP(w, r, caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
			reached++
			w.WriteHeader(http.StatusOK)
			return nil
		}))
	})
	up := newUpstream(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), next, newDestination(issuer), defaultMaxAnswer, zap.NewNop())
	for _, rt := range []http.RoundTripper{up, up.Browser()} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://erp.example.com/web/dataset/call_kw", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		res, err := rt.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	if reached != 2 {
		t.Errorf("%d of 2 calls have reached Odoo", reached)
	}
}
