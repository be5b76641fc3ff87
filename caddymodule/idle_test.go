package caddymodule

import (
	"net"
	"strings"
	"testing"
)

// TestIdleGatewaysAreReported: a site that lacks the directive, and an import
// that matches no file, are no mistakes by themselves; nor is a site of another
// host, before which something may stand that tells Caddy another one.
func TestIdleGatewaysAreReported(t *testing.T) {
	s := newSite(t)
	s.options = "gateway staging {\nissuer http://127.0.0.1:1\ndatabase staging\n}\ngateway archive {\nissuer https://archive.example.com\ndatabase archive\n}"
	_, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		t.Fatal(err)
	}
	p := newMachine(t).start(s.caddyfile()+"\nhttp://old.example.com:"+port+" {\nodoo_gateway archive\n}", s.admin)
	serves(t, s)
	p.await("gateway archive: issuer is https://archive.example.com, and odoo_gateway stands in a site for old.example.com: set issuer to https://old.example.com")
	p.await("gateway staging is served by no site")
	p.await("gateway staging has no application")
	for _, wrong := range []string{"gateway erp is served by no site", "gateway erp has no application", "gateway erp: issuer", "gateway archive is served by no site"} {
		if strings.Contains(p.out.String(), wrong) {
			t.Errorf("it says: %s", wrong)
		}
	}
}
