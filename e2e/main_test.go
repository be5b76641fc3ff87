package e2e

import (
	"os"
	"testing"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddy-odoo/gateway"
)

// asCaddy makes this test binary be Caddy with the gateway, as cmd/caddy is:
// what is tested runs in a process of its own, under the race detector where
// the tests do, and nothing has to be built besides.
const asCaddy = "ODOO_GATEWAY_E2E_AS_CADDY"

func TestMain(m *testing.M) {
	if os.Getenv(asCaddy) != "" {
		caddycmd.Main()
		return
	}
	// Programs that the race detector watches wait for a second before they end,
	// and the tests start many.
	os.Setenv("GORACE", "atexit_sleep_ms=0")
	code := m.Run()
	if stopRealOdoo != nil {
		stopRealOdoo()
	}
	os.Exit(code)
}

// stopRealOdoo is set where these tests started a real Odoo themselves.
var stopRealOdoo func()
