package rpc_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

type reportServer struct {
	status int
	header http.Header
	body   string
	err    error
	asked  []*http.Request
}

func (s *reportServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked = append(s.asked, r)
	if s.err != nil {
		return nil, s.err
	}
	return &http.Response{StatusCode: s.status, Header: s.header, Body: io.NopCloser(strings.NewReader(s.body))}, nil
}

func TestReport(t *testing.T) {
	issuer, err := url.Parse("https://erp.example.com")
	if err != nil {
		t.Fatal(err)
	}
	client := rpc.New(rpc.Config{Issuer: issuer, Database: "prod", MaxAnswer: 100})
	session := rpc.Session{ID: strings.Repeat("s", 84), UserAgent: "wiki"}
	pdf := http.Header{"Content-Type": {"application/pdf"}}
	page := http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	to := func(location string) http.Header { return http.Header{"Location": {location}} }
	for _, tt := range []struct {
		name   string
		server reportServer
		kind   odoo.Kind // -1: none
	}{
		{"a document", reportServer{status: 200, header: pdf, body: "%PDF-1.4"}, -1},
		{"a page", reportServer{status: 200, header: page, body: "%PDF-1.4"}, odoo.User},
		{"a page that is called a document", reportServer{status: 200, header: pdf, body: "<html>"}, odoo.User},
		{"compressed", reportServer{status: 200, header: http.Header{"Content-Type": {"application/pdf"}, "Content-Encoding": {"gzip"}}, body: "%PDF-1.4"}, odoo.Unavailable},
		{"too large", reportServer{status: 200, header: pdf, body: "%PDF-" + strings.Repeat("x", 100)}, odoo.TooLarge},
		{"announced too large", reportServer{status: 200, header: http.Header{"Content-Type": {"application/pdf"}, "Content-Length": {"101"}}, body: "%PDF-"}, odoo.TooLarge},
		{"cut short", reportServer{status: 200, header: http.Header{"Content-Type": {"application/pdf"}, "Content-Length": {"50"}}, body: "%PDF-"}, odoo.Unavailable},
		{"no right", reportServer{status: 403, header: page}, odoo.AccessError},
		{"no engine on 16", reportServer{status: 400, header: page}, odoo.User},
		{"no engine on 19", reportServer{status: 422, header: page}, odoo.User},
		{"no such report", reportServer{status: 500, header: page}, odoo.User},
		{"no such route", reportServer{status: 404, header: page}, odoo.User},
		{"logged out", reportServer{status: 303, header: to("/web/login?redirect=%2Freport")}, odoo.Unavailable},
		{"locked on 20", reportServer{status: 303, header: to("https://erp.example.com/web/session/identity?redirect=%2Freport")}, odoo.CheckIdentity},
		{"locked on 19", reportServer{status: 303, header: to("/auth-timeout/check-identity?redirect=%2Freport")}, odoo.CheckIdentity},
		{"down", reportServer{status: 502, header: page}, odoo.Unavailable},
		{"cancelled on the way", reportServer{status: 499}, odoo.Unavailable},
		{"no answer", reportServer{err: errors.New("refused")}, odoo.Unavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := client.Report(t.Context(), &tt.server, session, "sale.report_saleorder", []int64{12, 17})
			var e *odoo.Error
			if tt.kind < 0 {
				if err != nil || string(got) != tt.server.body {
					t.Fatalf("%q %v", got, err)
				}
			} else if !errors.As(err, &e) || e.Kind != tt.kind || got != nil {
				t.Fatalf("%q %v", got, err)
			}
			r := tt.server.asked[0]
			if r.Method != "GET" || r.URL.String() != "https://erp.example.com/report/pdf/sale.report_saleorder/12,17" || r.Host != "erp.example.com" ||
				r.Header.Get("Cookie") != "session_id="+session.ID || r.Header.Get("User-Agent") != "wiki" {
				t.Errorf("asked %s %s %v", r.Method, r.URL, r.Header)
			}
		})
	}
	server := &reportServer{status: 200, header: http.Header{"Content-Type": {"application/pdf"}, "Set-Cookie": {"session_id=" + strings.Repeat("n", 84) + "; Path=/"}}, body: "%PDF-"}
	if _, rotated, err := client.Report(t.Context(), server, session, "a.b", []int64{1}); err != nil || rotated == nil || rotated.Value != strings.Repeat("n", 84) {
		t.Errorf("a rotation: %v %v", rotated, err)
	}
}

// TestReportNames: nothing but names and numbers gets into a path.
func TestReportNames(t *testing.T) {
	issuer, err := url.Parse("https://erp.example.com")
	if err != nil {
		t.Fatal(err)
	}
	client := rpc.New(rpc.Config{Issuer: issuer, Database: "prod"})
	server := &reportServer{status: 200}
	session := rpc.Session{ID: strings.Repeat("s", 84)}
	for _, name := range []string{"", "report", "a/b.c", "../a.b", "a.b/1", "a.b?x", "a.b%2f", "a..b", "a.b\n", "a.b.c.d"} {
		if _, _, err := client.Report(t.Context(), server, session, name, []int64{1}); err == nil {
			t.Errorf("%q was printed", name)
		}
	}
	for _, ids := range [][]int64{nil, make([]int64, 201)} {
		if _, _, err := client.Report(t.Context(), server, session, "a.b", ids); err == nil {
			t.Errorf("%d records were printed", len(ids))
		}
	}
	if _, _, err := client.Report(t.Context(), server, rpc.Session{ID: "x; y"}, "a.b", []int64{1}); err == nil {
		t.Error("a malformed session was sent")
	}
	if len(server.asked) != 0 {
		t.Error("Odoo was asked")
	}
}
