//go:build realodoo

package e2e

import "testing"

// TestReal runs the suite against a real Odoo.
func TestReal(t *testing.T) {
	suite(t, startSite(t, realOdoo(t)))
}
