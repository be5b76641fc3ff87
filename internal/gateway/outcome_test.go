package gateway

import (
	"net/http"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

func TestDecisions(t *testing.T) {
	for _, c := range []struct {
		status   int
		reason   string
		answered bool
		want     Decision
	}{
		{200, "", true, Allowed},
		{303, "", false, Allowed},
		{404, "record_not_found", true, Allowed}, // Odoo has none
		{404, "", false, Invalid},
		{303, "access_denied", false, Refused},
		{302, "temporarily_unavailable", false, Failed},
		{303, codeStore, false, Failed},
		{401, "", false, Refused},
		{403, "", true, Refused},
		{429, "", false, Limited},
		{400, "", false, Invalid},
		{400, "invalid_request", false, Invalid},
		{400, "invalid_grant", false, Refused}, // RFC 6749 has no other status for it
		{405, "", false, Invalid},
		{500, "", false, Failed},
		{503, "", false, Failed},
		{0, "", false, Failed}, // nothing was written: the handler has panicked
	} {
		if got := decide(c.status, c.reason, c.answered); got != c.want {
			t.Errorf("%d %s: %s, want %s", c.status, c.reason, got, c.want)
		}
	}
}

func TestOperations(t *testing.T) {
	for method, want := range map[string]string{
		"": "read", "search_read": "read", "read": "read", "create": "create", "write": "write", "unlink": "unlink",
		"action_confirm": "call", "report": "report",
	} {
		if got := operationOf(odoo.Call{Model: "res.partner", Method: method}); got != want {
			t.Errorf("%s: %s, want %s", method, got, want)
		}
	}
}

// The outcome tells apart what Odoo takes and what the gateway takes, and how
// many requests Odoo has failed to answer.
func TestOutcomeOfOdoo(t *testing.T) {
	w := newWorld(t, 19)
	bearer, a := w.connect("wiki", "demo")
	if status, _, _ := w.get(recordPath, bearer); status != http.StatusOK {
		t.Fatalf("%d", status)
	}
	w.outcomes = nil
	w.between = func(_ *http.Request, resp *http.Response) *http.Response {
		w.clock.Advance(2 * time.Second)
		return resp
	}
	if status, _, _ := w.get(recordPath, bearer); status != http.StatusOK {
		t.Fatalf("%d", status)
	}
	want := Outcome{
		Gateway: "erp", Application: "wiki", Subject: a.Subject, Login: "demo", Dialect: DialectRestapi, Operation: "read",
		Model: "res.partner", Decision: Allowed, Status: 200, Duration: 2 * time.Second, Odoo: 2 * time.Second, OdooCalls: 1,
	}
	if len(w.outcomes) != 1 || w.outcomes[0] != want {
		t.Errorf("got %+v\nwant %+v", w.outcomes, want)
	}
	w.outcomes, w.between = nil, func(_ *http.Request, resp *http.Response) *http.Response {
		resp.StatusCode = http.StatusBadGateway
		return resp
	}
	w.get(recordPath, bearer)
	if o := w.outcomes[0]; o.Decision != Failed || o.Code != "odoo_unavailable" || o.OdooCalls != 1 || o.OdooFailed != 1 || o.GatewayTime() != 0 {
		t.Errorf("%+v", o)
	}
}

// Each path has its dialect, and what is handed on to Odoo has no outcome.
func TestDialects(t *testing.T) {
	w := newWorld(t, 19)
	for path, want := range map[string]string{
		recordPath: DialectRestapi, "/orestapi/record/read": DialectOrestapi, "/json/2/res.partner/read": "", "/web/login": "",
		oauth.TokenPath: DialectOAuth, oauth.OrestTokenPath: DialectOAuth, oauth.MetadataPath: DialectOAuth, oauth.MePath: DialectOAuth,
		oauth.AuthorizationsPath: DialectPage, oauth.StayPath: DialectPage, "/restapi/1.0/admin": DialectPage, "/restapi/1.0/admin/x": DialectPage,
		"/restapi/1.0/nothing": DialectNone, oauth1Prefix + "x": DialectOAuth,
	} {
		w.outcomes = nil
		w.raw(http.MethodGet, path, "")
		got := ""
		if len(w.outcomes) > 0 {
			got = w.outcomes[0].Dialect
		}
		if got != want || len(w.outcomes) > 1 {
			t.Errorf("%s: %+v, want %q", path, w.outcomes, want)
		}
	}
}
