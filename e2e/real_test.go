//go:build realodoo

package e2e

import "testing"

// TestReal runs the suite against a real Odoo.
func TestReal(t *testing.T) {
	suite(t, startSite(t, realOdoo(t)))
}

// TestRealInterfaces asks every endpoint of a real Odoo, and leaves nothing behind.
func TestRealInterfaces(t *testing.T) {
	interfaces(t, realOdoo(t))
}
