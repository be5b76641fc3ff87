package gateway

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkRefusal is the gateway's own work on a request by a bad token, of
// which others have come before: when no more lines are written about them.
func BenchmarkRefusal(b *testing.B) {
	w := newWorld(b, 19)
	bearer, _ := w.connect("wiki", "demo")
	up := w.upstream()
	parts := strings.Split(bearer, ".")
	for _, sent := range []struct{ name, token string }{
		{"random", base64.RawURLEncoding.EncodeToString([]byte("random"))},
		{"forged", parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 256))},
	} {
		b.Run(sent.name, func(b *testing.B) {
			serve := func() {
				r := httptest.NewRequest(http.MethodGet, "/restapi/1.0/object/res.partner/1", nil)
				r.Header.Set("Authorization", "Bearer "+sent.token)
				out := &heard{header: http.Header{}}
				if err := w.gw.ServeHTTP(out, r.WithContext(context.Background()), up); err != nil {
					b.Fatal(err)
				}
				if out.status != http.StatusUnauthorized {
					b.Fatal(out.status)
				}
			}
			for range 20_000 {
				serve()
			}
			b.ReportAllocs()
			for b.Loop() {
				serve()
			}
		})
	}
}
