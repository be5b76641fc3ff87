package restapi_test

import (
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/dialect/dialecttest"
	"github.com/caddy-odoo/gateway/internal/dialect/restapi"
)

func TestReports(t *testing.T) {
	const base = "/restapi/1.0/report/sale.report_saleorder"
	one := `{"id":12,"state":true,"format":"pdf","result":"JVBERi0x","exception":null}`
	other := `{"id":17,"state":true,"format":"pdf","result":"JVBERi0y","exception":null}`
	print12, print17 := `sale.report_saleorder.report [12] {} null`, `sale.report_saleorder.report [17] {} null`
	pdf := "Accept: application/pdf\r\n"
	run(t, []exchange{
		{name: "one", line: "GET " + base + "/12", answers: []string{"%PDF-1"}, calls: []string{print12}, status: 200, want: `{"report":` + one + `}`},
		{name: "one by POST", line: "POST " + base, headers: jsonType, body: `{"ids":[12]}`, answers: []string{"%PDF-1"}, calls: []string{print12}, status: 200, want: `{"report":` + one + `}`},
		{name: "one of ids is an object", line: "GET " + base + "?ids=12", answers: []string{"%PDF-1"}, calls: []string{print12}, status: 200, want: `{"report":` + one + `}`},
		{name: "two", line: "GET " + base + "?ids=12,17", answers: []string{"%PDF-1", "%PDF-2"}, calls: []string{print12, print17}, status: 200, want: `{"report":[` + one + `,` + other + `]}`},
		{name: "two in one", line: "GET " + base + "?ids=12,17&group=1", answers: []string{"%PDF-1"}, calls: []string{`sale.report_saleorder.report [12,17] {} null`}, status: 200,
			want: `{"report":{"id":[12,17],"state":true,"format":"pdf","result":"JVBERi0x","exception":null}}`},
		{name: "not in one", line: "GET " + base + "?ids=12,17&group=False", answers: []string{"%PDF-1", "%PDF-2"}, calls: []string{print12, print17}, status: 200, want: `{"report":[` + one + `,` + other + `]}`},
		{name: "plain", line: "GET " + base + "/12", headers: pdf, answers: []string{"%PDF-1"}, calls: []string{print12}, status: 200, want: "%PDF-1"},
		{name: "plain, two in one", line: "GET " + base + "?ids=12,17&group=True", headers: pdf, answers: []string{"%PDF-1"}, calls: []string{`sale.report_saleorder.report [12,17] {} null`}, status: 200, want: "%PDF-1"},
		{name: "JSON before PDF", line: "GET " + base + "/12", headers: "Accept: application/json, application/pdf;q=0.5\r\n", answers: []string{"%PDF-1"}, calls: []string{print12}, status: 200, want: `{"report":` + one + `}`},
		{name: "no PDF", line: "GET " + base + "/12", headers: "Accept: application/pdf;q=0, */*\r\n", answers: []string{"%PDF-1"}, calls: []string{print12}, status: 200, want: `{"report":` + one + `}`},
		{name: "plain, two", line: "GET " + base + "?ids=12,17", headers: pdf, status: 400, want: `{"error":{"code":400,"message":"several documents cannot be one PDF: ask for one record, or with group=1"}}`},
		{name: "none", line: "GET " + base, status: 400, want: `{"error":{"code":400,"message":"ids are missing"}}`},
		{name: "too many", line: "GET " + base + "?ids=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21", status: 400, want: `{"error":{"code":400,"message":"a request prints at most 20 documents"}}`},
		{name: "a method", line: "GET " + base + "/12/print", status: 404, want: `{"code":404,"message":"Not found"}`},
		{name: "unknown parameter", line: "GET " + base + "/12?converter=html", status: 400, want: `{"error":{"code":400,"message":"parameter \"converter\" is not known here"}}`},
		{name: "PUT", line: "PUT " + base + "/12", status: 405, want: `{"code":405,"message":"Method not allowed"}`},
		{name: "HEAD", line: "HEAD " + base + "/12", status: 405, want: ""},
	})
	runner := &dialecttest.Runner{Answers: []string{"%PDF-1"}}
	got := dialecttest.Serve(t, restapi.New(restapi.Config{Auth: runner}))("GET "+base+"/12", pdf, "")
	for name, want := range map[string]string{
		"Content-Type": "application/pdf", "Content-Disposition": "attachment; filename=sale.report_saleorder-12.pdf",
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Length": "6",
	} {
		if v := got.Header.Get(name); v != want {
			t.Errorf("%s is %q, want %q", name, v, want)
		}
	}
}

// TestReportsTooLarge: what one answer holds is bounded, beyond what one
// document may have.
func TestReportsTooLarge(t *testing.T) {
	runner := &dialecttest.Runner{Answers: []string{strings.Repeat("x", 300)}} // 400 in base64
	ask := dialecttest.Serve(t, restapi.New(restapi.Config{Auth: runner, MaxAnswer: 1200}))
	if got := ask("GET /restapi/1.0/report/a.b?ids=1,2,3", "", ""); got.Status != 200 {
		t.Errorf("three: %d %.200s", got.Status, got.Body)
	}
	runner.Calls = nil
	got := ask("GET /restapi/1.0/report/a.b?ids=1,2,3,4,5,6", "", "")
	if got.Status != 403 || got.Body != `{"error":{"code":403,"message":"The answer is larger than 1200 bytes; ask for fewer records or fields"}}` {
		t.Errorf("%d %.200s", got.Status, got.Body)
	}
	if len(runner.Calls) != 4 {
		t.Errorf("%d documents were printed", len(runner.Calls))
	}
}
