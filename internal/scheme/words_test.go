package scheme_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// say puts what a scheme opens into plain words, so that tests can be read.
func say(s *scheme.Scheme, ctx context.Context, src odoo.FieldSource, scopes []string) []string {
	var out []string
	for _, w := range s.Words(ctx, src, scopes) {
		names := strings.Join(w.Names, ", ")
		fields := map[scheme.Extent]string{
			scheme.ExtentAll: "all fields", scheme.ExtentExcept: "all fields except " + names, scheme.ExtentThese: names,
			scheme.ExtentID: "the ID alone", scheme.ExtentNone: "no field",
		}[w.Fields]
		line := map[scheme.Act]string{
			scheme.ActRead: "read " + w.Model + ": " + fields, scheme.ActCreate: "create " + w.Model + ": " + fields,
			scheme.ActChange: "change " + w.Model + ": " + fields, scheme.ActCreateChange: "create and change " + w.Model + ": " + fields,
			scheme.ActDelete: "delete " + w.Model, scheme.ActRun: "run on " + w.Model + ": " + names,
			scheme.ActPrint: "print " + w.Model + ": " + names, scheme.ActReadOthers: "read every other model except " + names + ": all fields",
		}[w.Act]
		if w.Act == scheme.ActReadOthers && len(w.Names) == 0 {
			line = "read every other model: all fields"
		}
		if w.Selected {
			line += " (only the records that your administrator selected)"
		}
		out = append(out, line)
	}
	return out
}

// namer is a source that knows what models are called, too.
type namer struct {
	odoo.FieldSource
	asked *[]string
	err   error
}

func (n namer) Names(_ context.Context, models []string) (map[string]string, error) {
	*n.asked = models
	return map[string]string{"sale.order": "Verkaufsauftrag", "res.partner": "Kontakt"}, n.err
}

// Odoo's name of a model stands where none is configured.
func TestNamesFromOdoo(t *testing.T) {
	c := customer
	c.DisplayName = "Customer"
	s := compile(t, c, scheme.Configuration{Model: "sale.order"}, scheme.Configuration{Model: "res.country"})
	var asked []string
	models := func(err error) (out []string) {
		for _, w := range s.Words(t.Context(), namer{erp(), &asked, err}, nil) {
			out = append(out, w.Model)
		}
		return out
	}
	if got := models(nil); !slices.Equal(got, []string{"Customer", "Verkaufsauftrag", "res.country"}) || !slices.Equal(asked, []string{"sale.order", "res.country"}) {
		t.Errorf("%q, asked for %q", got, asked)
	}
	if got := models(errors.New("away")); !slices.Equal(got, []string{"Customer", "sale.order", "res.country"}) {
		t.Errorf("%q", got)
	}
	asked = nil
	s = compile(t, c)
	if models(nil); asked != nil {
		t.Errorf("asked for %q", asked)
	}
}
