package doctor_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/caddy-odoo/gateway/internal/doctor"
)

// Reports have a line where a model scheme names one, and methods have none.
func TestReportsThatOdooLacks(t *testing.T) {
	s := server{"/web/webclient/version_info": {}, "/web/login": {body: loginPage}, "/web//login": {}, "/robots.txt": {}, "/jsonrpc": {body: hasDatabase}}
	const where, name = "model_configuration order", "sale.report_saleorder"
	lacks := doctor.ReportDoubt{Where: where, Name: name, Model: "sale.order"}
	other := doctor.ReportDoubt{Where: where, Name: name, Model: "sale.order", Of: "account.move"}
	for what, test := range map[string]struct {
		reports doctor.Reports
		err     error
		want    []doctor.Finding
	}{
		"none named": {want: nil},
		"right":      {doctor.Reports{Looked: 2}, nil, []doctor.Finding{{Status: doctor.OK, Text: "Odoo has what the model schemes name: 2 reports"}}},
		"one":        {doctor.Reports{Looked: 1}, nil, []doctor.Finding{{Status: doctor.OK, Text: "Odoo has what the model schemes name: 1 report"}}},
		"missing": {doctor.Reports{Looked: 2, Doubts: []doctor.ReportDoubt{lacks}}, nil, []doctor.Finding{
			{Status: doctor.Warning, Text: where + ": Odoo lists no report " + name, Advice: "mend the name, or install the module in Odoo that has it"},
		}},
		"of another model": {doctor.Reports{Looked: 2, Doubts: []doctor.ReportDoubt{other}}, nil, []doctor.Finding{
			{Status: doctor.Problem, Text: where + ": Odoo prints " + name + " for records of account.move, and the rules for sale.order judge them", Advice: "name it in a model_configuration of account.move"},
		}},
		"nobody sees them": {doctor.Reports{Looked: 1, Untold: []string{name, "a.b"}}, nil, []doctor.Finding{
			{Status: doctor.Unknown, Text: "nobody could be asked to whom Odoo shows its list of reports: it may have " + name + ", a.b, or not", Advice: "compare with Settings → Technical → Reports in Odoo's developer mode"},
		}},
		"cut off": {doctor.Reports{}, context.DeadlineExceeded, nil},
	} {
		_, all := patient(t, "https://erp.example.com").Odoo(t.Context(), doctor.Asking{
			Transport: s,
			Version:   func(context.Context, http.RoundTripper) (string, error) { return "18.0", nil },
			Models: func(context.Context, http.RoundTripper) (doctor.Models, error) {
				return doctor.Models{Looked: 1, Reports: test.reports}, test.err
			},
		})
		var got []doctor.Finding
		for _, f := range all {
			if f.Part == "reports" {
				got = append(got, f)
			}
		}
		if len(got) != len(test.want) {
			t.Errorf("%s: %+v", what, got)
			continue
		}
		for i, want := range test.want {
			if want.Part = "reports"; got[i] != want {
				t.Errorf("%s: %+v\nwant %+v", what, got[i], want)
			}
		}
	}
}
