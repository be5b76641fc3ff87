package caddymodule

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"

	"github.com/caddy-odoo/gateway/internal/gateway"
)

// AdminConsole is the console for administrators of Odoo, at
// `/restapi/1.0/admin` of the issuer: applications, model schemes, what people
// have authorized, codes and the audit trail, to look at and to revoke. They
// use it with their Odoo session; who no longer administers Odoo is out at the
// next request.
//
// In a Caddyfile:
//
//	admin_console on|off {
//		group    <xml_id>
//		networks <networks...>
//	}
//
// The block may be left out.
type AdminConsole struct {
	// Whether there is a console. Default: `false`; its addresses are then like
	// any that nothing is at.
	Enabled bool `json:"enabled,omitempty"`

	// The XML id of an Odoo group whose internal users may use the console, too,
	// such as `base.group_erp_manager`. Default: none, which leaves it to those
	// who may change Odoo's settings (`base.group_system`).
	Group string `json:"group,omitempty"`

	// The networks from which the console can be reached, such as `10.0.0.0/8`
	// or `2001:db8::/32`; `private_ranges` are all private networks and this
	// machine. Behind another proxy this needs Caddy's `trusted_proxies`.
	// Default: everywhere that Odoo's own login page can be reached from.
	Networks []string `json:"networks,omitempty"`
}

// privateRanges is the word for all private networks, as in Caddy's remote_ip.
const privateRanges = "private_ranges"

var privateNetworks = []string{"192.168.0.0/16", "172.16.0.0/12", "10.0.0.0/8", "127.0.0.0/8", "fd00::/8", "::1/128"}

var xmlID = regexp.MustCompile(`^[A-Za-z0-9_]+\.[A-Za-z0-9_.-]+$`)

// console turns the configuration into the internal type, nil for none.
func (a *AdminConsole) console() (*gateway.Console, error) {
	if a == nil {
		return nil, nil
	}
	if a.Group != "" && !xmlID.MatchString(a.Group) {
		return nil, fmt.Errorf("group: %q is not an XML id, as in base.group_erp_manager", a.Group)
	}
	c := &gateway.Console{Group: a.Group}
	words := a.Networks
	if i := slices.Index(words, privateRanges); i >= 0 {
		words = slices.Concat(words[:i], privateNetworks, words[i+1:])
	}
	for _, word := range words {
		network, err := parseNetwork(word)
		if err != nil {
			return nil, fmt.Errorf("networks: %q is not a network, as in 10.0.0.0/8, nor an address", word)
		}
		c.Networks = append(c.Networks, network)
	}
	if a.Networks != nil && len(c.Networks) == 0 {
		return nil, errors.New("networks: at least one is required")
	}
	if !a.Enabled {
		return nil, nil
	}
	return c, nil
}

// parseNetwork parses a network, or an address as a network of one. An IPv4
// network that is written as an IPv6 one would never fit.
func parseNetwork(word string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(word); err == nil {
		addr = addr.Unmap()
		return addr.Prefix(addr.BitLen())
	}
	network, err := netip.ParsePrefix(word)
	if err == nil && network.Addr().Is4In6() {
		err = errors.New("write it as IPv4")
	}
	return network, err
}
