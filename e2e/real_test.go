//go:build realodoo

package e2e

import "testing"

// TestReal runs the suite against a real Odoo.
func TestReal(t *testing.T) {
	suite(t, startSite(t, realOdoo(t)))
}

// TestRealRestapi writes over /restapi to a real Odoo, and leaves nothing behind.
func TestRealRestapi(t *testing.T) {
	writes(t, startSiteWith(t, realOdoo(t), writingCaddyfile))
}
