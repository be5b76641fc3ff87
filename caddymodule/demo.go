package caddymodule

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/console"
	wiki "github.com/caddy-odoo/gateway/internal/demo"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

// demo is what stands around the gateway: a folder for what it stores, an
// Odoo behind it and a wiki that is its client. The last two have listeners
// of their own, to which Caddy proxies.
type demo struct {
	announcement
	address netip.AddrPort // where Caddy listens
	title   string         // of the Odoo
	odoo    *url.URL
	real    bool // not the simulated one
	dir     string
	wikiAt  string // address of the wiki's own listener
	closers []func() error
}

// newDemo starts the wiki and, where no real Odoo is given, the simulated one.
func newDemo(address netip.AddrPort, version int, odoo *url.URL, database string) (_ *demo, err error) {
	d := &demo{address: address, odoo: odoo, real: odoo != nil, title: "Odoo"}
	d.Database = database
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if d.dir, err = os.MkdirTemp("", "odoo-gateway-demo-"); err != nil {
		return nil, err
	}
	d.closers = append(d.closers, func() error { return os.RemoveAll(d.dir) })
	if odoo == nil {
		d.simulate(version)
	}
	d.WikiURL = fmt.Sprintf("http://localhost:%d", address.Port())
	d.GatewayURL = "http://" + address.String()
	d.OdooURL = d.odoo.String()
	d.ConsoleURL = d.GatewayURL + console.Path
	d.ClientID, d.ClientSecret = "team-wiki", rand.Text()
	d.RedirectURI = d.WikiURL + wiki.CallbackPath
	return d, d.startWiki()
}

// simulate starts an Odoo with a login provider.
func (d *demo) simulate(version int) {
	provider := odootest.StartProvider()
	d.closers = append(d.closers, func() error { provider.Close(); return nil })
	sim := odootest.Start(odootest.Options{Version: version, Provider: provider})
	d.closers = append(d.closers, func() error { sim.Close(); return nil })
	d.odoo = &url.URL{Scheme: "http", Host: sim.URL[len("http://"):]}
	d.Database = sim.Database()
	d.title = fmt.Sprintf("Odoo %d (simulated)", version)
	d.Login, d.Password = "demo", "demo"
	d.AdminLogin, d.AdminPassword = "admin", "admin"
	d.APIKey = sim.NewAPIKey(d.Login, "Demo", time.Time{})
}

// startWiki serves the wiki on a port of its own.
func (d *demo) startWiki() error {
	at, err := url.Parse(d.WikiURL)
	if err != nil {
		return err
	}
	gateway, err := url.Parse(d.GatewayURL)
	if err != nil {
		return err
	}
	handler, err := wiki.New(wiki.Config{
		URL:    at,
		Logger: caddy.Log().Named("demo.wiki"),
		Servers: []wiki.Server{{
			Name: "erp", Title: d.title, URL: gateway, ClientID: d.ClientID, ClientSecret: d.ClientSecret,
		}},
	})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	d.wikiAt = l.Addr().String()
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // ends with Close
	d.closers = append(d.closers, server.Close)
	return nil
}

// close ends what was started, last first, and removes the folder.
func (d *demo) close() error {
	var err error
	for i := len(d.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, d.closers[i]())
	}
	d.closers = nil
	return err
}
