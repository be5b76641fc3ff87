package caddymodule

import (
	"strings"
	"testing"
)

// TestIdleGatewaysAreReported: a site that lacks the directive, and an import
// that matches no file, are no mistakes by themselves.
func TestIdleGatewaysAreReported(t *testing.T) {
	s := newSite(t)
	s.options = "gateway staging {\nissuer http://127.0.0.1:1\ndatabase staging\n}"
	p := newMachine(t).start(s.caddyfile(), s.admin)
	serves(t, s)
	p.await("gateway staging is served by no site")
	p.await("gateway staging has no application")
	for _, wrong := range []string{"gateway erp is served by no site", "gateway erp has no application"} {
		if strings.Contains(p.out.String(), wrong) {
			t.Errorf("it says: %s", wrong)
		}
	}
}
