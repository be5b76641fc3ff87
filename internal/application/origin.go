package application

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// maxOrigin is longer than any host name with its scheme and port.
const maxOrigin = 300

// ValidateOrigin judges a web origin: scheme, host and a port that is not the
// scheme's own, spelled as browsers spell it in the Origin header. It is
// compared byte for byte, hence another spelling would never match. The
// wildcard and "null", which any page can have, are errors.
func ValidateOrigin(origin string) error {
	if len(origin) > maxOrigin {
		return fmt.Errorf("%q… is too long", origin[:64])
	}
	if err := checkOrigin(origin); err != nil {
		return fmt.Errorf("%q: %w", origin, err)
	}
	return nil
}

func checkOrigin(origin string) error {
	switch {
	case strings.Contains(origin, "*"):
		return errors.New("wildcards are not accepted: name each origin")
	case origin == "null":
		return errors.New("is the origin of any sandboxed page")
	}
	u, err := url.Parse(origin)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return errors.New("is not an origin such as https://app.example.com")
	}
	// What a URL has beside these three is a path, a user, a query, …
	if origin != u.Scheme+"://"+u.Host {
		return errors.New("must be in lower case, and end after host and port")
	}
	if u.Host != strings.ToLower(u.Host) {
		return errors.New("must be in lower case")
	}
	if err := checkHost(u); err != nil {
		return err
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil && addr.String() != u.Hostname() {
		return fmt.Errorf("must be spelled with the address as %s", addr)
	}
	if u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80" {
		return errors.New("must not name the port that the scheme has anyhow: browsers leave it out")
	}
	return nil
}
