package gateway

import (
	"reflect"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/doctor"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// Whether Odoo has the reports that schemes name is asked in the name of
// somebody to whom it shows its list; there is no asking for methods.
func TestDoubtsOfReports(t *testing.T) {
	const order, invoice = "sale.report_saleorder", "sale.report_saleorder_pro_forma"
	lacks := func(name string) doctor.ReportDoubt {
		return doctor.ReportDoubt{Where: "model_configuration printed", Name: name, Model: "sale.order"}
	}
	for name, tt := range map[string]struct {
		model   string
		reports []string
		who     string
		want    doctor.Reports
	}{
		"none":                     {"sale.order", nil, "demo", doctor.Reports{}},
		"by their technical names": {"sale.order", []string{order, invoice}, "demo", doctor.Reports{Looked: 2}},
		"by an external id":        {"sale.order", []string{"sale.action_report_saleorder"}, "demo", doctor.Reports{Looked: 1}},
		"a slip": {"sale.order", []string{"sale.report_saleordr", order}, "demo", doctor.Reports{
			Looked: 2, Doubts: []doctor.ReportDoubt{lacks("sale.report_saleordr")},
		}},
		"of another model": {"res.partner", []string{order}, "demo", doctor.Reports{
			Looked: 1, Doubts: []doctor.ReportDoubt{{Where: "model_configuration printed", Name: order, Model: "res.partner", Of: "sale.order"}},
		}},
		"an external id of another model": {"res.partner", []string{"sale.action_report_saleorder"}, "demo", doctor.Reports{
			Looked: 1, Doubts: []doctor.ReportDoubt{{Where: "model_configuration printed", Name: "sale.action_report_saleorder", Model: "res.partner", Of: "sale.order"}},
		}},
		"somebody who sees no reports": {"sale.order", []string{"sale.report_saleordr", order}, "portal", doctor.Reports{Untold: []string{"sale.report_saleordr", order}}},
		"nobody":                       {"sale.order", []string{order}, "", doctor.Reports{Untold: []string{order}}},
	} {
		t.Run(name, func(t *testing.T) {
			versions(t, func(t *testing.T, version int) {
				w := newWorld(t, version)
				w.model = scheme.Configuration{Name: "printed", Model: tt.model, Reports: tt.reports, Methods: []scheme.Method{{Name: "action_nowhere"}}}
				w.reload()
				if tt.who != "" {
					w.connect("wiki", tt.who)
				}
				if got := w.doubts(); !reflect.DeepEqual(got.Reports, tt.want) {
					t.Errorf("got  %+v\nwant %+v", got.Reports, tt.want)
				}
			})
		})
	}
}

// Who sees no reports does not end the asking, and a key asks as a session does.
func TestWhoIsAskedAboutReports(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		w.model = scheme.Configuration{Name: "printed", Model: "sale.order", Reports: []string{"sale.report_saleorder", "sale.report_nowhere"}}
		w.reload()
		w.connect("wiki", "demo")
		w.connect("wiki", "portal") // the latest is asked first
		want := []doctor.ReportDoubt{{Where: "model_configuration printed", Name: "sale.report_nowhere", Model: "sale.order"}}
		if got := w.doubts().Reports; !reflect.DeepEqual(got.Doubts, want) || got.Untold != nil {
			t.Errorf("after somebody who sees none: %+v", got)
		}
		w = newWorld(t, version)
		w.model = scheme.Configuration{Name: "printed", Model: "sale.order", Reports: []string{"sale.report_saleorder", "sale.report_nowhere"}}
		w.apps[0].Service = &application.Service{Login: "demo", APIKey: application.Hide(w.odoo.NewAPIKey("demo", "nightly", w.clock.Now().AddDate(0, 1, 0)))}
		w.reload()
		if got := w.doubts().Reports; !reflect.DeepEqual(got.Doubts, want) || got.Untold != nil {
			t.Errorf("with a key: %+v", got)
		}
	})
}

// A configuration that two schemes share is told of once, and by the people of
// either.
func TestReportDoubtsOfTwoSchemes(t *testing.T) {
	shared := scheme.NamedReport{Name: "sale.report_nowhere", Model: "sale.order", Configuration: "order"}
	for name, tt := range map[string]struct {
		told []bool // of the schemes, in turn
		want doctor.Reports
	}{
		"neither": {[]bool{false, false}, doctor.Reports{Untold: []string{shared.Name}}},
		"first":   {[]bool{true, false}, doctor.Reports{Looked: 1, Doubts: []doctor.ReportDoubt{{Where: "model_configuration order", Name: shared.Name, Model: "sale.order"}}}},
		"second":  {[]bool{false, true}, doctor.Reports{Looked: 1, Doubts: []doctor.ReportDoubt{{Where: "model_configuration order", Name: shared.Name, Model: "sale.order"}}}},
		"both":    {[]bool{true, true}, doctor.Reports{Looked: 1, Doubts: []doctor.ReportDoubt{{Where: "model_configuration order", Name: shared.Name, Model: "sale.order"}}}},
	} {
		var r reportDoubts
		for _, told := range tt.told {
			r.note([]scheme.NamedReport{shared}, nil, told)
		}
		if got := r.all(); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got  %+v\nwant %+v", name, got, tt.want)
		}
	}
}
