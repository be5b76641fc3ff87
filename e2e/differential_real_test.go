//go:build realodoo

package e2e

import "testing"

// TestRealDifferential asks a real Odoo the questions of TestDifferential, fewer
// of them.
func TestRealDifferential(t *testing.T) {
	differ(t, realOdoo(t), *inquiries*2/5)
}
