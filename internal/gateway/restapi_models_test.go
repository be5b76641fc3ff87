package gateway

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// TestRestapiModelsOfOdoo: Odoo's models about itself are models like others to
// whom a configuration opens them as sensitive, as far as the person may read
// them; without that word no configuration does.
func TestRestapiModelsOfOdoo(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		for model, domain := range map[string]string{
			"ir.model": "[('model','=','res.partner')]", "ir.actions.report": "[('report_name','=','sale.report_saleorder')]",
		} {
			path := "GET /restapi/1.0/object/" + model + "?fields=['name']&domain=" + domain
			w.model = scheme.Configuration{Name: "models", Model: model, Sensitive: true}
			w.reload()
			admin, _ := w.connect("wiki", "admin")
			if status, _, body := w.rest(admin, path, ""); status != http.StatusOK || !strings.HasPrefix(body, `{"`+model+`":[{"id":`) {
				t.Errorf("%s: %d %s", model, status, body)
			}
			portal, _ := w.connect("wiki", "portal")
			if status, _, body := w.rest(portal, path, ""); status != http.StatusForbidden {
				t.Errorf("%s for somebody else: %d %s", model, status, body)
			}
			if _, err := scheme.Compile(scheme.Definition{Name: "sales", Configurations: []scheme.Configuration{{Name: "models", Model: model}}}); err == nil {
				t.Errorf("%s opens without a word", model)
			}
		}
	})
}
