package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// A scheme without a whitelist lists what the person may read, but for the
// sensitive models; configurations come first, under their names.
func TestModelsOfAnOpenScheme(t *testing.T) {
	for version := 16; version <= 20; version++ {
		w := newWorld(t, version)
		w.limit = scheme.LimitNone
		w.reload()
		bearer, _ := w.connect("wiki", "demo")
		status, _, body := w.get("/orestapi/application/model", bearer)
		text := fmt.Sprint(body)
		if status != http.StatusOK || strings.Count(text, "res.partner ") > 1 {
			t.Errorf("%d: %d %v", version, status, body)
		}
		for model, listed := range map[string]bool{"res.partner": true, "Customer": true, "sale.order": true, "res.country": true, "res.users": false, "ir.rule": false, "ir.model": false, "mail.message": false} {
			if strings.Contains(text, model) != listed {
				t.Errorf("%d: %s: listed %v: %v", version, model, !listed, text)
			}
		}
	}
}
