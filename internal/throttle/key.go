package throttle

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"
	"unicode"
)

// maxClientID is the longest client id that stands in a key as it is.
const maxClientID = 64

// ClientKey names a client as seen from one network. The client id is folded:
// spellings that differ in case or white space share a key, or variants would
// earn fresh tries. The address counts with its /24 (IPv4, also where mapped
// into IPv6) or /64 (IPv6), so one network's failures leave others alone.
func ClientKey(clientID string, addr netip.Addr) string { return fold(clientID) + "|" + network(addr) }

// SiteKey names a client as seen from one IPv6 site, its /48: whoever has one
// has 65,536 networks, and fresh tries in each. It is "" for IPv4, where
// networks are not given away by the thousand.
func SiteKey(clientID string, addr netip.Addr) string {
	addr = addr.Unmap().WithZone("")
	if !addr.Is6() {
		return ""
	}
	prefix, err := addr.Prefix(48)
	if err != nil {
		return ""
	}
	return fold(clientID) + "|" + prefix.String()
}

func fold(clientID string) string {
	id := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) || r == '|' {
			return -1
		}
		return unicode.ToLower(r)
	}, clientID)
	if len(id) > maxClientID {
		sum := sha256.Sum256([]byte(id))
		id = hex.EncodeToString(sum[:])
	}
	return id
}

func network(addr netip.Addr) string {
	if !addr.IsValid() {
		return "unknown"
	}
	addr = addr.Unmap().WithZone("")
	bits := 64
	if addr.Is4() {
		bits = 24
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return "unknown"
	}
	return prefix.String()
}
