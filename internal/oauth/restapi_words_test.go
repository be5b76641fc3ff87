package oauth

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
)

// Clients of the original /restapi look at code and message of a failure;
// beside them stands what RFC 6749 wants.
func TestWordsOfRestapi(t *testing.T) {
	w := newWorld(t)
	w.robot(func(a *application.Application) { a.Compat.Restapi = true })
	b := w.browser("demo-session")
	used := b.code(query())
	w.token(redeemForm(used)).tokens(t)
	for _, test := range []struct {
		name    string
		got     reply
		status  int
		word    string
		message string // "" is the description
	}{
		{"unknown client", w.token(redeemForm("x", "client_id", "nobody")), 401, "invalid_client", "Invalid Credentials."},
		{"no client", w.token(url.Values{}), 401, "invalid_client", "Invalid Credentials."},
		{"unknown code", w.token(redeemForm("x")), 400, "invalid_grant", "Invalid Authentication Code."},
		{"used code", w.token(redeemForm(used)), 400, "invalid_grant", "Invalid Authentication Code."},
		{"no code", w.token(redeemForm("")), 400, "invalid_request", ""},
		{"refresh token", w.token(refreshForm("x")), 400, "invalid_grant", "Invalid Refresh Token."},
		{"another grant", w.token(redeemForm("x", "grant_type", "password")), 400, "unsupported_grant_type", ""},
		{"basic, wrong secret", w.basicToken(with(serviceForm(), "client_secret", "x")), 401, "invalid_client", "Invalid Credentials."},
	} {
		var e struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
			Code        int    `json:"code"`
			Message     string `json:"message"`
		}
		if err := json.Unmarshal([]byte(test.got.text), &e); err != nil {
			t.Fatalf("%s: %s", test.name, test.got.text)
		}
		if test.message == "" {
			test.message = e.Description
		}
		if test.got.StatusCode != test.status || e.Error != test.word || e.Description == "" || e.Code != test.status || e.Message != test.message {
			t.Errorf("%s: %d %s", test.name, test.got.StatusCode, test.got.text)
		}
	}
	// Where a member called code is an authorization code, a failure has none;
	// nor has it where the original had no endpoint.
	r := w.request(http.MethodPost, RevokePath, "token=x")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, got := range []reply{w.program("demo-session", query("client_id", "nobody")), w.do(r)} {
		var e map[string]any
		if err := json.Unmarshal([]byte(got.text), &e); err != nil || len(e) != 2 || got.StatusCode != 401 {
			t.Errorf("%d %s", got.StatusCode, got.text)
		}
	}
}
