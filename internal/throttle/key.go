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
func ClientKey(clientID string, addr netip.Addr) string {
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
	return id + "|" + network(addr)
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
