// Package e2e holds the end-to-end tests: the real gateway, in a process of
// its own, between a client and an Odoo.
//
//	go test ./e2e                        against the simulated Odoo 16–20
//	go test -tags realodoo ./e2e         also against a real Odoo
//	go test -tags browser ./e2e          also in headless Chromium
//	go test -tags clients ./e2e          also with client libraries of npm and Python
//
// The real Odoo is named by ODOO_GATEWAY_E2E_URL, ODOO_GATEWAY_E2E_DB,
// ODOO_GATEWAY_E2E_LOGIN and ODOO_GATEWAY_E2E_PASSWORD; where the first is not
// set, odoo19/up.sh builds one from Debian's packages, which needs root.
package e2e
