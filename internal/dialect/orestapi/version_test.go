package orestapi_test

import (
	"context"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/dialect/dialecttest"
	"github.com/caddy-odoo/gateway/internal/dialect/orestapi"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// The version is for everybody: nobody is asked who they are.
func TestVersion(t *testing.T) {
	away := &dialect.Failure{Kind: dialect.Unavailable, Message: "Odoo can not be reached", RetryAfter: 5 * time.Second}
	tests := []struct {
		name, odoo string
		err        error
		status     int
		body       string
	}{
		{"Odoo's own words, and ours", `[{"server_version":"12.0","server_version_info":[12,0,0,"final",0,""],"server_serie":"12.0","protocol_version":1}]`, nil, 200,
			`{"server_version":"12.0","server_version_info":[12,0,0,"final",0,""],"server_serie":"12.0","protocol_version":1,"orestapi_version":"12.0.1.6.4"}`},
		{"no series", `[{"server_version":"12.0"}]`, nil, 200, `{"server_version":"12.0","orestapi_version":"1.6.4"}`},
		{"Odoo is away", ``, away, 503, `{"orestapi_code":"OrestapiGateway-0503","orestapi_message":"Odoo can not be reached"}`},
	}
	for _, tt := range tests {
		runner := &dialecttest.Runner{AuthErr: &dialect.Failure{Kind: dialect.Unauthorized}}
		send := dialecttest.Serve(t, orestapi.New(orestapi.Config{Auth: runner, Version: func(context.Context) (odoo.Record, error) {
			if tt.err != nil {
				return nil, tt.err
			}
			records, err := odoo.Records([]byte(tt.odoo))
			if err != nil {
				return nil, err
			}
			return records[0], nil
		}}))
		for _, line := range []string{"GET /orestapi/version", "POST /orestapi/version", "GET /orestapi/version/"} {
			got := send(line, "", "")
			if got.Status != tt.status || got.Body != tt.body {
				t.Errorf("%s, %s: %d %s", tt.name, line, got.Status, got.Body)
			}
			if (got.Header.Get("Retry-After") == "5") != (tt.status == 503) {
				t.Errorf("%s: Retry-After %q", tt.name, got.Header.Get("Retry-After"))
			}
		}
		if got := send("DELETE /orestapi/version", "", ""); got.Status != 405 || got.Header.Get("Allow") == "" {
			t.Errorf("DELETE: %d %v", got.Status, got.Header)
		}
	}
}
