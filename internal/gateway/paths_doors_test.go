package gateway

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// doors are the ways to Odoo's data that are not the gateway's, of all
// versions. A request with one of our tokens gets through none of them. Those
// of files and reports lead to our own: see TestA55_FilesOfOdooAreOurs.
var doors = []string{
	"/web/dataset/call_kw", "/web/dataset/call_kw/res.partner/read", "/web/dataset/call_button", "/web/dataset/search_read", "/web/dataset/call",
	"/web/dataset/resequence", "/web/action/load", "/web/action/run", "/web/model/get_definitions",
	"/jsonrpc", "/jsonrpc/", "/xmlrpc/2/common", "/xmlrpc/2/object", "/xmlrpc/2/db", "/xmlrpc/object", "/xmlrpc/common", "/xmlrpc/db",
	"/json/1/res.partner", "/json/1/contacts/1", "/json/res.partner", "/json/version", "/json/2", "/web/version",
	"/web/content?model=res.partner&id=1&field=name", "/web/binary/saveas",
	"/web/image?model=res.users&id=2&field=avatar_128", "/web/partner_image/3",
	"/report/html/sale.report_saleorder/1", "/report/download", "/report/barcode/QR/x",
	"/web/export/csv", "/web/export/xlsx", "/web/export/get_fields", "/web/export/formats", "/web/export/namelist", "/web/pivot/export_xlsx",
	"/longpolling/poll", "/longpolling/im_status", "/websocket", "/websocket/peek_notifications", "/websocket/health", "/bus/has_missed_notifications",
	"/web/database/manager", "/web/database/selector", "/web/database/list", "/web/database/backup", "/web/database/drop", "/web/database/restore",
	"/web/session/get_session_info", "/web/session/authenticate", "/web/session/modules", "/web/session/logout", "/web/login", "/web/become",
	"/mail/message/1", "/mail/data", "/discuss/search", "/my", "/my/orders/1", "/odoo", "/odoo/contacts/1", "/web", "/", "/doc/res.partner",
	"/doc-bearer/index.json", "/web/assets/debug/web.assets_web.js", "/en/web/dataset/call_kw", "/en/jsonrpc", "//jsonrpc", "/web/../jsonrpc",
}

// TestA55_BearerOpensNoDoorOfOdoo: neither alone nor beside a session, by no
// method, in no place where a token may stand. Odoo is not even asked.
func TestA55_BearerOpensNoDoorOfOdoo(t *testing.T) {
	w := newWorld(t, 19)
	bearer, _ := w.connect("wiki", "admin")
	session := "session_id=" + w.odoo.NewSession("admin")
	w.odoo.ForgetRequests()
	for _, door := range doors {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodHead, http.MethodPut, http.MethodDelete, "PROPFIND"} {
			for name, header := range map[string]http.Header{
				"alone":              {"Authorization": {"Bearer " + bearer}},
				"beside a session":   {"Authorization": {"Bearer " + bearer}, "Cookie": {session}},
				"under another word": {"Authorization": {"Basic " + bearer}},
				"in a second line":   {"Authorization": {"Basic YTpi", "bearer " + bearer}},
				"in the URL":         {},
			} {
				r := httptest.NewRequestWithContext(t.Context(), method, "http://erp.example.com/", strings.NewReader(`{"jsonrpc":"2.0","params":{}}`))
				at, err := url.ParseRequestURI(door)
				if err != nil {
					t.Fatal(err)
				}
				if r.URL, r.Header = at, header; len(header) == 0 {
					r.URL.RawQuery += "&access_token=" + bearer
				}
				r.Header.Set("Content-Type", "application/json")
				rw := httptest.NewRecorder()
				if err := w.gw.ServeHTTP(rw, r, w.upstream()); err != nil {
					t.Fatal(err)
				}
				if rw.Code != http.StatusNotFound && rw.Code != http.StatusUnauthorized || rw.Header().Get("Cache-Control") != "no-store" {
					t.Errorf("%s %s, the token %s: status %d %v", method, door, name, rw.Code, rw.Header())
				}
			}
		}
	}
	if asked := w.odoo.Requests(); len(asked) > 0 {
		t.Errorf("Odoo was asked %d times, first for %s", len(asked), asked[0].Path)
	}
	// Without the token the same doors are Odoo's to guard.
	for _, door := range doors {
		w.get(door, "")
	}
	if asked := w.odoo.Requests(); len(asked) < len(doors) {
		t.Errorf("only %d of %d doors are Odoo's without our token: the test proves nothing", len(asked), len(doors))
	}
}
