package gateway

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

const orderReport = "/restapi/1.0/report/sale.report_saleorder"

func reporting(t *testing.T, version int) (*world, string, grant.Authorization) {
	w := newWorld(t, version)
	w.model = scheme.Configuration{
		Name: "order", Model: "sale.order", Limit: scheme.LimitWhitelist, Fields: []string{"name"},
		Filter: `[["id","<",3]]`, Reports: []string{"sale.report_saleorder", "sale.report_nowhere"},
	}
	w.reload()
	bearer, a := w.connect("wiki", "admin")
	return w, w.granted(bearer, scheme.ScopeCall), a
}

// TestReports prints on every version, and tells every failure as JSON.
func TestReports(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w, bearer, _ := reporting(t, version)
		status, _, body := w.rest(bearer, "GET "+orderReport+"/1", "")
		var answer struct {
			Report struct {
				ID     int64
				State  bool
				Format string
				Result []byte
			}
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil || status != 200 || !strings.HasPrefix(string(answer.Report.Result), "%PDF-") ||
			answer.Report.ID != 1 || !answer.Report.State || answer.Report.Format != "pdf" {
			t.Fatalf("%d %.300s", status, body)
		}
		status, header, body := w.rest(bearer, "GET "+orderReport+"/1", "", "Accept", "application/pdf")
		if status != 200 || body != string(answer.Report.Result) || header.Get("Content-Type") != "application/pdf" || header.Get("Set-Cookie") != "" {
			t.Errorf("plain: %d %v", status, header)
		}
		if status, _, body := w.rest(bearer, "GET "+orderReport+"?ids=1,2", ""); status != 200 || strings.Count(body, base64.StdEncoding.EncodeToString([]byte("%PDF-1"))) != 2 {
			t.Errorf("two: %d %.300s", status, body)
		}
		missing, refused := `{"code":404,"message":"Record not found"}`, `{"error":{"code":403,"message":`
		for line, want := range map[string]struct {
			status int
			body   string
		}{
			orderReport + "/999999":                     {404, missing},
			orderReport + "/3":                          {404, missing}, // outside of the filter
			orderReport + "?ids=1,3":                    {404, missing},
			orderReport + "?ids=1,2&group=1":            {403, refused}, // needs an engine that is not there
			"/restapi/1.0/report/sale.report_nowhere/1": {403, refused},
			"/restapi/1.0/report/sale.report_invoice/1": {403, refused + `"report \"sale.report_invoice\" is not allowed"}}`},
			"/restapi/1.0/report/..%2fweb/1":            {400, ""},
		} {
			if status, header, body := w.rest(bearer, "GET "+line, ""); status != want.status || !strings.HasPrefix(body, want.body) ||
				header.Get("Content-Type") != "application/json" {
				t.Errorf("%s: %d %s", line, status, body)
			}
		}
		before := len(w.odoo.Requests())
		status, header, _ = w.rest(w.granted(bearer, scheme.ScopeRead, scheme.ScopeWrite), "GET "+orderReport+"/1", "")
		if status != 403 || !strings.Contains(header.Get("WWW-Authenticate"), `scope="odoo.call"`) || len(w.odoo.Requests()) != before {
			t.Errorf("without the scope: %d %v", status, header)
		}
	})
}

// TestReportAsThePerson: the report is printed as the person, whose rights in
// Odoo hold.
func TestReportAsThePerson(t *testing.T) {
	w, _, _ := reporting(t, 19)
	bearer, _ := w.connect("wiki", "portal")
	status, _, body := w.rest(w.granted(bearer, scheme.ScopeCall), "GET "+orderReport+"/1", "")
	if status != 403 && status != 404 {
		t.Errorf("%d %.200s", status, body)
	}
	for _, r := range w.odoo.RequestsTo("/report/") {
		t.Errorf("printed for somebody who may not read: %s", r.Path)
	}
}

// TestReportWithoutFilter: a missing record is told from a missing engine
// before anything is printed.
func TestReportWithoutFilter(t *testing.T) {
	w, bearer, _ := reporting(t, 17)
	w.model.Filter = ""
	w.reload()
	if status, _, body := w.rest(bearer, "GET "+orderReport+"/999999", ""); status != 404 {
		t.Errorf("%d %s", status, body)
	}
	if status, _, body := w.rest(bearer, "GET "+orderReport+"/3", ""); status != 200 {
		t.Errorf("%d %.200s", status, body)
	}
}

// TestReportNeedsSession: with an API key Odoo has no way to print.
func TestReportNeedsSession(t *testing.T) {
	w, bearer, a := reporting(t, 19)
	key := w.odoo.NewAPIKey("admin", "rpc", time.Time{})
	stored, err := w.store.Authorization(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	to := w.gw.service.Load().connections.AttachKey(key, stored, time.Time{}, 0)
	if err := w.store.UpdateConnection(t.Context(), a.ID, stored.Connection.Hash, to); err != nil {
		t.Fatal(err)
	}
	status, _, body := w.rest(bearer, "GET "+orderReport+"/1", "")
	if status != 403 || !strings.Contains(body, "Odoo prints reports for sessions only") {
		t.Errorf("%d %.200s", status, body)
	}
}

// TestReportOfTheLoggedOut: a session that has ended is told by the call
// before, and ends as it does everywhere.
func TestReportOfTheLoggedOut(t *testing.T) {
	w, bearer, _ := reporting(t, 19)
	w.odoo.ExpireSessions()
	status, header, body := w.rest(bearer, "GET "+orderReport+"/1", "")
	if status != 401 || !strings.Contains(header.Get("WWW-Authenticate"), "invalid_token") {
		t.Errorf("%d %s", status, body)
	}
}

// TestReportAfterRotation: the call before the report rotates the session, and
// the report is printed over the new one.
func TestReportAfterRotation(t *testing.T) {
	w, bearer, a := reporting(t, 19)
	if status, _, body := w.rest(bearer, "GET "+orderReport+"/1", ""); status != 200 {
		t.Fatalf("before: %d %.200s", status, body)
	}
	before := sessionOf(t, w, a)
	w.odoo.AgeSessions(4 * time.Hour)
	if status, _, body := w.rest(bearer, "GET "+orderReport+"/1", ""); status != 200 {
		t.Errorf("%d %.200s", status, body)
	}
	after := sessionOf(t, w, a)
	if after == before {
		t.Fatal("the session was not rotated: this test shows nothing")
	}
	asked := w.odoo.RequestsTo("/report/")
	if got := asked[len(asked)-1].Header.Get("Cookie"); got != "session_id="+after {
		t.Error("the report was asked for over the old session")
	}
}
