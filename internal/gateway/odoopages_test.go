package gateway

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// TestPagesOfOdoo: pages are what Odoo, and whatever stands before it, answer
// to people. Whichever comes in place of an answer, an application is told in
// its own interface's JSON what it can do about it, and sees nothing of the
// page, nor is it sent to where that would send a browser.
func TestPagesOfOdoo(t *testing.T) {
	const page = "<!DOCTYPE html>\n<html><head><title>Odoo Server Error</title></head><body><pre>Traceback (most recent call last): SECRET</pre></body></html>"
	const report, record, read, json2 = "report", "record", "read", "json2"
	lines := map[string][2]string{
		report: {"GET " + orderReport + "/1", ""},
		record: {"GET /restapi/1.0/object/sale.order/1", ""},
		read:   {"GET /orestapi/record/read?model=sale.order&ids=[1]&fields=['name']", ""},
		json2:  {"POST /json/2/sale.order/read", `{"ids":[1],"fields":["name"]}`},
	}
	var (
		away    = map[string]int{report: 503, record: 503, read: 503, json2: 503}
		refused = map[string]int{report: 403, record: 503, read: 503, json2: 503} // a call never fails in this way
		wrong   = map[string]int{report: 403, record: 403, read: 400, json2: 422}
	)
	for _, version := range []int{16, 19} {
		w, bearer, a := reporting(t, version)
		bearer = w.granted(bearer, scheme.ScopeRead, scheme.ScopeCall)
		for what, tt := range map[string]struct {
			status   int
			location string
			want     map[string]int
		}{
			"that says all is well": {200, "", refused},
			"a login page":          {303, "/web/login?redirect=%2Fweb", away},
			"identity, asked again": {303, "/web/session/identity?redirect=%2Freport", map[string]int{report: 401, record: 503, read: 503, json2: 503}},
			"elsewhere":             {302, "https://elsewhere.example.com/", away},
			"a bad request":         {400, "", wrong},
			"a proxy's login":       {401, "", away},
			"forbidden":             {403, "", refused},
			"no such page":          {404, "", refused},
			"too large":             {413, "", map[string]int{report: 503, record: 403, read: 400, json2: 422}},
			"no engine for PDF":     {422, "", refused},
			"too many":              {429, "", away},
			"a server error":        {500, "", refused},
			"a bad gateway":         {502, "", away},
			"maintenance":           {503, "", away},
			"too slow":              {504, "", away},
		} {
			for name, line := range lines {
				w.between = func(r *http.Request, resp *http.Response) *http.Response {
					if name == report && !strings.HasPrefix(r.URL.Path, "/report/pdf/") || name != report && !strings.Contains(r.URL.Path, "/sale.order/search_read") {
						return resp
					}
					resp.Body.Close()
					header := http.Header{"Content-Type": {"text/html; charset=utf-8"}, "Set-Cookie": {"session_id=; Max-Age=0", "frontend_lang=en_US"}}
					if tt.location != "" {
						header.Set("Location", tt.location)
					}
					return &http.Response{StatusCode: tt.status, Header: header, ContentLength: int64(len(page)), Body: io.NopCloser(strings.NewReader(page)), Request: r}
				}
				status, h, body := w.rest(bearer, line[0], line[1], "Content-Type", "application/json")
				shape := map[string]string{report: `{"error":{"code":403,"message":"`, record: `{"error":{"code":403,"message":"`, read: `{"orestapi_code":"Orestapi`, json2: `{"name":"werkzeug.exceptions.`}[name]
				if status != 403 && (name == report || name == record) {
					shape = fmt.Sprintf(`{"code":%d,"message":"`, status)
				}
				if status != tt.want[name] || !strings.HasPrefix(body, shape) || h.Get("Content-Type") != "application/json" ||
					(status == 503) != (h.Get("Retry-After") != "") || h.Get("Location") != "" || h.Get("Set-Cookie") != "" {
					t.Errorf("%d, %s, %s: %d %v %s", version, what, name, status, h, body)
				}
				if strings.Contains(body, "<") || strings.Contains(body, "SECRET") || strings.Contains(body, "Traceback") {
					t.Errorf("%d, %s, %s: shows the page: %s", version, what, name, body)
				}
			}
		}
		// None of them is a proof that the connection has ended.
		w.between = nil
		for name, line := range lines {
			if status, _, body := w.rest(bearer, line[0], line[1], "Content-Type", "application/json"); status != 200 {
				t.Errorf("%d, %s afterwards: %s", version, name, fmt.Sprint(status, " ", body))
			}
		}
		if _, err := w.store.Authorization(t.Context(), a.ID); err != nil {
			t.Error(err)
		}
	}
}
