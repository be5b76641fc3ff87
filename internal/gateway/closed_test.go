package gateway

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// A scope is named only where it would help: not for what the scheme opens to
// nobody, and not where the application cannot have it.
func TestScopeThatWouldNotHelp(t *testing.T) {
	w := newWorld(t, 19)
	w.model.Operations = []scheme.Operation{scheme.Read, scheme.Write}
	w.model.Methods = []scheme.Method{{Name: "action_archive"}}
	w.apps[1].Scopes = []string{scheme.ScopeRead, scheme.ScopeWrite}
	w.reload()
	reader, _ := w.connect("wiki", "demo")
	narrow, _ := w.connect("other", "demo")
	for _, test := range []struct{ bearer, call, code, scope string }{
		{reader, "res.partner/action_archive", "insufficient_scope", scheme.ScopeCall},
		{reader, "res.partner/write", "insufficient_scope", scheme.ScopeWrite},
		{reader, "res.partner/unlink", scheme.CodeOperation, ""},
		{reader, "res.partner/create", scheme.CodeOperation, ""},
		{reader, "res.partner/message_post", scheme.CodeOperation, ""},
		{reader, "res.partner/_write", scheme.CodeOperation, ""},
		{reader, "res.users/write", scheme.CodeModel, ""},
		{reader, "res.users/action_archive", scheme.CodeModel, ""},
		{narrow, "res.partner/action_archive", scheme.CodeOperation, ""},
		{narrow, "res.partner/write", "insufficient_scope", scheme.ScopeWrite},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/json/2/"+test.call, strings.NewReader(`{"ids":[1],"vals":{},"vals_list":[]}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+test.bearer)
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		challenge := resp.Header.Get("WWW-Authenticate")
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusForbidden || !strings.Contains(string(body), `"code":"`+test.code+`"`) ||
			(test.scope == "") != (challenge == "") || test.scope != "" && !strings.Contains(challenge, `scope="`+test.scope+`"`) {
			t.Errorf("%s: %d %q %s", test.call, resp.StatusCode, challenge, body)
		}
	}
	// A report that no model of the scheme has.
	status, header, body := w.get("/restapi/1.0/report/sale.report_saleorder/1", reader)
	if status != http.StatusForbidden || header.Get("WWW-Authenticate") != "" {
		t.Errorf("report: %d %q %v", status, header.Get("WWW-Authenticate"), body)
	}
}
