package scheme_test

import (
	"context"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// Where the names of two models show each other, what one of them shows besides
// is shown by the other, too, whichever of them is judged first.
func TestDisplayNamesInACircle(t *testing.T) {
	shows := func(paths ...string) odoo.Field {
		return odoo.Field{Name: "display_name", Type: "char", Searchable: true, Readonly: true, Depends: paths}
	}
	src := source{
		"x.site": fields(stored("name", "Name", "char"), stored("x_secret", "Secret", "char"), relation("x_unit", "many2one", "x.unit"),
			shows("name", "x_unit.display_name", "x_secret")),
		"x.unit":  fields(stored("name", "Name", "char"), relation("x_site", "many2one", "x.site"), shows("name", "x_site.display_name")),
		"x.visit": fields(stored("name", "Name", "char"), relation("x_site", "many2one", "x.site"), relation("x_unit", "many2one", "x.unit")),
	}
	s := compile(t,
		scheme.Configuration{Model: "x.site", Limit: scheme.LimitBlacklist, Fields: []string{"x_secret"}},
		scheme.Configuration{Model: "x.unit", Limit: scheme.LimitBlacklist, Fields: []string{"create_uid"}},
		scheme.Configuration{Model: "x.visit", Limit: scheme.LimitBlacklist, Fields: []string{"create_uid"}})
	for _, order := range [][]any{{"x_site", "x_unit"}, {"x_unit", "x_site"}} {
		checked, err := s.Check(context.Background(), src, searchRead("x.visit", map[string]any{"fields": order}))
		if err != nil {
			t.Fatal(err)
		}
		answer := `[{"id":1,"x_site":[5,"SENTINEL of a site"],"x_unit":[6,"a unit of SENTINEL"]}]`
		got, err := s.Filter(context.Background(), src, checked, odoo.Result{Value: []byte(answer)})
		if err != nil || strings.Contains(string(got.Value), sentinel) {
			t.Errorf("%v: %s, %v", order, got.Value, err)
		}
	}
}
