//go:build browser && realodoo

package e2e

import "testing"

// TestBrowserReal walks the whole way before a real Odoo.
func TestBrowserReal(t *testing.T) {
	o := realOdoo(t)
	d := startDemo(t, "--odoo", o.url.String(), "--database", o.database)
	newVisit(t, "real", d).walk(o.login, o.password)
}
