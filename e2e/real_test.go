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

// TestRealKeyRemoval takes back what holds an API key. 16 alone removes a key
// without its person; who has made it is told of what stays, and no key is left
// behind.
func TestRealKeyRemoval(t *testing.T) {
	end := keyRemoval(t, realOdoo(t))
	t.Parallel() // the end is a minute away
	t.Logf("Odoo has removed the key by itself: %v", end())
}
