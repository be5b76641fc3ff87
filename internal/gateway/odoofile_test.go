package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// TestA55_FilesOfOdooAreOurs: Odoo's own addresses of files lead a bearer of
// our tokens through the rules, and nowhere else, whatever cookie comes along.
func TestA55_FilesOfOdooAreOurs(t *testing.T) {
	w, bearer := picture(t, 19)
	session := "session_id=" + w.odoo.NewSession("admin")
	w.odoo.ForgetRequests()
	refused := `{"error":{"code":403,"message":`
	nothing := `{"code":404,"message":"there is no such endpoint`
	for path, want := range map[string]struct {
		status int
		body   string
	}{
		"/web/image/res.partner/1/image_1920":                                   {200, logo},
		"/web/image/res.partner/1/image_1920/64x64":                             {200, logo},
		"/web/image/res.partner/1/image_1920/azure.png":                         {200, logo},
		"/web/image/res.partner/1/image_1920/64x64/Azure%20%C3%A4.png":          {200, logo},
		"/web/image/res.partner/1/image_1920?unique=8f&width=64&height=64&crop": {200, logo},
		"/web/content/res.partner/1/image_1920":                                 {200, logo},
		"/web/content/res.partner/1/image_1920/a.png?download=true":             {200, logo},
		"/web/image/res.partner/2/image_1920":                                   {404, absence}, // no placeholder
		"/web/image/res.partner/3/image_1920":                                   {404, absence},
		"/web/image/res.partner/1/avatar_128":                                   {403, refused},
		"/web/image/res.company/1/logo":                                         {403, refused}, // anybody's, but not by a token
		"/web/content/res.partner/1/image_1920/64x64":                           {200, logo},    // its name
		"/web/content/1":                        {403, refused},
		"/web/content/1/a.pdf":                  {403, refused},
		"/web/image/1-8f3a/64x64":               {403, refused},
		"/report/pdf/sale.report_saleorder/1":   {403, refused},
		"/report/pdf/sale.report_saleorder/1,2": {403, refused},
		// These are no address of ours, and Odoo's are closed.
		"/web/image": {404, nothing},
		"/web/image?model=res.partner&id=1&field=image_1920":        {404, nothing},
		"/web/image/base.main_company":                              {404, nothing},
		"/web/content/res.partner/1":                                {404, nothing},
		"/web/content/res.partner/1/image_1920/a/b/c":               {404, nothing},
		"/web/image/res.partner/01/image_1920":                      {404, nothing},
		"/web/image/res.partner/1/image_1920?access_token=x":        {404, nothing},
		"/web/content/res.partner/1/image_1920?mimetype=text/html":  {404, nothing},
		"/web/content/res.partner/1/image_1920?filename_field=name": {404, nothing},
		"/web/content/res.partner/1/image_1920?a=%zz":               {404, nothing},
		"/web/content/res.partner/1/image_1920/64x64/a.png":         {404, nothing},
		"/web/content/res.partner/1/image_1920/a/b":                 {404, nothing},
		"/web/image/res.partner/1/image_1920/a/b":                   {404, nothing},
		"/web/content/1-8f3a":                                       {404, nothing},
		"/web/content/res.partner%2f1/image_1920":                   {404, nothing},
		"/web/content/res.partner/1/image_1920/..":                  {404, nothing},
		"/web/imagery/res.partner/1/image_1920":                     {404, nothing},
		"//web/image/res.partner/1/image_1920":                      {404, nothing},
		"/en/web/image/res.partner/1/image_1920":                    {404, nothing},
		"/report/html/sale.report_saleorder/1":                      {404, nothing},
		"/report/pdf/sale.report_saleorder/1?context={}":            {404, nothing},
		"/report/pdf/sale.report_saleorder/1,x":                     {404, nothing},
		"/report/pdf/sale.report_saleorder":                         {404, nothing},
	} {
		for _, cookie := range []string{"", session} {
			headers := []string{"Accept", "image/*"}
			if cookie != "" {
				headers = append(headers, "Cookie", cookie)
			}
			status, h, body := w.rest(bearer, "GET "+path, "", headers...)
			if status != want.status || !strings.HasPrefix(body, want.body) || h.Get("Cache-Control") != "no-store" || h.Get("Set-Cookie") != "" {
				t.Errorf("%s: %d %.200q", path, status, body)
			}
		}
	}
	for _, line := range []string{"POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"} {
		if status, _, body := w.rest(bearer, line+" /web/image/res.partner/1/image_1920", ""); status != 404 {
			t.Errorf("%s: %d %.200q", line, status, body)
		}
	}
	if status, _, body := w.rest(bearer, "HEAD /web/image/res.partner/1/image_1920", ""); status != 200 || body != "" {
		t.Errorf("HEAD: %d %q", status, body)
	}
	if status, _, body := w.rest(bearer+"x", "GET /web/image/res.partner/1/image_1920", ""); status != 401 {
		t.Errorf("a token that is none: %d %.200q", status, body)
	}
	for _, asked := range w.odoo.Requests() {
		if !strings.HasPrefix(asked.Path, "/web/dataset/call_kw/") || asked.Header.Get("Cookie") == session {
			t.Errorf("Odoo was asked for %s with %s", asked.Path, asked.Header.Get("Cookie"))
		}
	}
	// A token of ours that is no bearer opens nothing there, of neither.
	w.apps[0].Compat.Restapi = true
	w.reload()
	for _, path := range []string{"/web/image/res.partner/1/image_1920", "/report/pdf/sale.report_saleorder/1"} {
		status, _, body := w.get(path, "", func(r *http.Request) { r.Header.Set("Authorization", "Basic "+bearer) })
		if answer, _ := body.(map[string]any); status != 404 || !strings.HasPrefix(fmt.Sprint(answer["message"]), "there is no such endpoint") {
			t.Errorf("%s, as the original took tokens: %d %v", path, status, body)
		}
	}
	// Another issuer's bearer is Odoo's business.
	if status, _, body := w.get("/web/image/res.partner/3/image_1920", "", func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer somebody-else")
		r.Header.Set("Cookie", session)
	}); status != 200 || body != logo {
		t.Errorf("another's token: %d %.100q", status, body)
	}
	// Without a token of ours they are Odoo's: a picture for a session, a
	// placeholder for others.
	for cookie, want := range map[string]string{session: logo, "": "\x89PNG"} {
		status, _, body := w.get("/web/image/res.partner/3/image_1920", "", func(r *http.Request) {
			if cookie != "" {
				r.Header.Set("Cookie", cookie)
			}
		})
		if text, _ := body.(string); status != 200 || !strings.HasPrefix(text, want) || cookie == "" && text == logo {
			t.Errorf("Odoo itself: %d %.100q", status, body)
		}
	}
}

// TestReportsAtOdoosAddress: the document itself, as Odoo gives it there.
func TestReportsAtOdoosAddress(t *testing.T) {
	w, bearer, _ := reporting(t, 19)
	w.granted(bearer, scheme.ScopeCall)
	status, h, body := w.rest(bearer, "GET /report/pdf/sale.report_saleorder/1", "", "Accept", "*/*")
	if status != 200 || !strings.HasPrefix(body, "%PDF-") || h.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment;") {
		t.Errorf("%d %v %.100q", status, h, body)
	}
	if status, _, body := w.rest(bearer, "GET /report/pdf/sale.report_saleorder/3", ""); status != 404 || body != absence {
		t.Errorf("outside of the filter: %d %s", status, body)
	}
	if status, _, _ := w.rest(bearer, "HEAD /report/pdf/sale.report_saleorder/1", ""); status != 404 {
		t.Errorf("HEAD: %d", status)
	}
}
