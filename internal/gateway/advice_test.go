package gateway

import (
	"fmt"
	"strings"
	"testing"
)

// What only Odoo shows to be wrong in a configuration is told once, not at
// every request.
func TestAdvice(t *testing.T) {
	const path = "/orestapi/record/read?model=res.partner&ids=[1]"
	for name, tt := range map[string]struct {
		field, filter string
		want          string // of the warning
		says          string // to the application
	}{
		"right":          {field: "email"},
		"unknown field":  {field: "emial", want: "customer: fields are named that do not exist map[fields:[emial] gateway:erp model:res.partner model_configuration:customer]"},
		"unknown filter": {field: "email", filter: `[["nope", "=", 1]]`, want: "customer: a filter names a field that does not exist map[field:nope gateway:erp model:res.partner model_configuration:customer]", says: "is closed by its configuration"},
		"filter by path": {field: "email", filter: `[["country_id.nope", "=", 1]]`, want: "customer: a filter names a field that does not exist map[field:country_id.nope gateway:erp model:res.partner model_configuration:customer]", says: "is closed by its configuration"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 19)
			w.model.Fields, w.model.Filter = []string{"name", tt.field}, tt.filter
			w.reload()
			var got []string
			for _, login := range []string{"admin", "demo"} {
				bearer, _ := w.connect("wiki", login)
				_, _, body := w.get(path, bearer)
				if says := fmt.Sprint(body); !strings.Contains(says, tt.says) || tt.says == "" && strings.Contains(says, "orestapi_code") {
					t.Errorf("it answers %s", says)
				}
			}
			for _, e := range w.logs.All() {
				if rest, ok := strings.CutPrefix(e.Message, "model configuration "); ok {
					text, _, _ := strings.Cut(rest, ",")
					got = append(got, text+" "+fmt.Sprint(e.ContextMap()))
				}
			}
			if all := strings.Join(got, "|"); all != tt.want {
				t.Errorf("got  %s\nwant %s", all, tt.want)
			}
		})
	}
}
