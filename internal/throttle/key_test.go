package throttle_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/throttle"
)

func TestClientKey(t *testing.T) {
	key := func(id, addr string) string {
		var a netip.Addr
		if addr != "" {
			a = netip.MustParseAddr(addr)
		}
		return throttle.ClientKey(id, a)
	}
	long := strings.Repeat("x", 1000)
	for _, same := range [][2]string{
		{key("Wiki", "192.0.2.1"), key("wiki", "192.0.2.1")},
		{key(" w i\tk\ni\u00a0", "192.0.2.1"), key("wiki", "192.0.2.1")},
		{key("wiki\x00", "192.0.2.1"), key("wiki", "192.0.2.1")},
		{key("WIKÏ", "192.0.2.1"), key("wikï", "192.0.2.1")},
		{key("wiki", "192.0.2.1"), key("wiki", "192.0.2.254")},
		{key("wiki", "::ffff:192.0.2.1"), key("wiki", "192.0.2.7")},
		{key("wiki", "2001:db8:1:2::1"), key("wiki", "2001:db8:1:2:ffff::9")},
		{key("wiki", "fe80::1%eth0"), key("wiki", "fe80::2%eth1")},
		{key(long, "192.0.2.1"), key(strings.ToUpper(long), "192.0.2.1")},
	} {
		if same[0] != same[1] {
			t.Errorf("%q and %q should be one key", same[0], same[1])
		}
	}
	for _, different := range [][2]string{
		{key("wiki", "192.0.2.1"), key("wiki", "192.0.3.1")},
		{key("wiki", "192.0.2.1"), key("shop", "192.0.2.1")},
		{key("wiki", "2001:db8:1:2::1"), key("wiki", "2001:db8:1:3::1")},
		{key("wiki", ""), key("wiki", "192.0.2.1")},
		{key("", "192.0.2.1"), key("wiki", "192.0.2.1")},
		{key("wiki|192.0.2.0/24", ""), key("wiki", "192.0.2.1")},
		{key(long, "192.0.2.1"), key(long+"y", "192.0.2.1")},
	} {
		if different[0] == different[1] {
			t.Errorf("%q stands for two", different[0])
		}
	}
	if got, want := key(" Wiki", "192.0.2.77"), "wiki|192.0.2.0/24"; got != want {
		t.Errorf("key %q, want %q", got, want)
	}
	if n := len(key(long, "2001:db8::1")); n > 100 {
		t.Errorf("a key of %d bytes", n)
	}
}

func TestSiteKey(t *testing.T) {
	for addr, want := range map[string]string{
		"2001:db8:1:2::1": "wiki|2001:db8:1::/48", "fe80::1%eth0": "wiki|fe80::/48", "192.0.2.1": "", "::ffff:192.0.2.1": "",
	} {
		if got := throttle.SiteKey(" Wiki", netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
	if got := throttle.SiteKey("wiki", netip.Addr{}); got != "" {
		t.Errorf("an unknown address: %q", got)
	}
}
