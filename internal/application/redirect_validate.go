package application

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// MaxRedirectURI is the longest redirect URI that can be registered, in bytes.
const MaxRedirectURI = 2000

// ValidateRedirectURI judges a redirect URI at configuration time, for a
// public or a confidential client. It must be absolute, without fragment, user
// info, asterisk, dot segments and characters that programs read differently,
// and one of
//
//   - https
//   - http on loopback, or on any host where it is marked Insecure
//   - for public clients, a private-use scheme with a dot, as in
//     com.example.app:/callback (RFC 8252 section 7.1)
//
// The error quotes the URI and names the rule.
func ValidateRedirectURI(u RedirectURI, public bool) error {
	if len(u.URI) > MaxRedirectURI {
		return fmt.Errorf("redirect_uri %q… is longer than %d characters", u.URI[:64], MaxRedirectURI)
	}
	if err := checkRedirectURI(u, public); err != nil {
		return fmt.Errorf("redirect_uri %q: %w", u.URI, err)
	}
	return nil
}

func checkRedirectURIs(a *Application) error {
	for i, u := range a.RedirectURIs {
		for _, other := range a.RedirectURIs[:i] {
			if other.URI == u.URI {
				return fmt.Errorf("redirect_uri %q is listed twice", u.URI)
			}
			if a.Public && sameLoopback(other.URI, u.URI) {
				return fmt.Errorf("redirect_uri %q is listed twice: any port matches %q, too", u.URI, other.URI)
			}
		}
		if err := ValidateRedirectURI(u, a.Public); err != nil {
			return err
		}
	}
	return nil
}

func checkRedirectURI(r RedirectURI, public bool) error {
	uri := r.URI
	for i := 0; i < len(uri); i++ {
		// A backslash is a slash to browsers and a letter to net/url; quotes and
		// angle brackets have no business in a header or page.
		if c := uri[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\\\"<>^`{|}", c) >= 0 {
			return errors.New("must be printable ASCII without spaces, backslashes, quotes and brackets; percent-encode the rest")
		}
	}
	if strings.Contains(uri, "*") {
		// It could only ever mean itself, which nobody who writes it expects.
		return errors.New("must not have an asterisk: it is compared letter by letter, and nothing in it stands for anything else; list each one by itself")
	}
	if strings.Contains(uri, "#") {
		return errors.New("must not have a fragment")
	}
	scheme, rest, _ := strings.Cut(uri, ":")
	private := public && privateUse(scheme)
	switch {
	case private && strings.HasPrefix(rest, "/"):
	case private:
		return errors.New("must have a path that begins with a slash, as in com.example.app:/callback")
	case (scheme == "https" || scheme == "http") && strings.HasPrefix(rest, "//"):
	case public:
		return errors.New("must begin with https://, with http:// on a loopback address, or with a scheme of its own that contains a dot and is in lower case")
	default:
		return errors.New("must begin with https:// (or http:// on a loopback address)")
	}
	u, err := url.Parse(uri)
	if err != nil {
		return errors.New("is not a URL")
	}
	if u.User != nil {
		return errors.New("must not have a user or password")
	}
	if strings.HasPrefix(rest, "//") {
		if err := checkHost(u); err != nil {
			return err
		}
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return errors.New("must not have dot segments")
		}
	}
	if scheme == "http" && !loopback(u.Hostname()) && !r.Insecure {
		return errors.New("must use https; http is for loopback addresses only, unless the URI is marked insecure")
	}
	return nil
}

// privateUse tells whether a scheme is a reversed domain name, which is what
// keeps it apart from javascript, data and the like.
func privateUse(scheme string) bool {
	return scheme != "" && scheme[0] >= 'a' && strings.Contains(scheme, ".") &&
		strings.Trim(scheme, "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
}

func checkHost(u *url.URL) error {
	host := u.Hostname()
	if addr, err := netip.ParseAddr(host); err == nil {
		switch {
		case addr.Zone() != "":
			return errors.New("must not have an address zone")
		case addr.Is4In6():
			return errors.New("must have its host as an IPv4 address, not as one mapped into IPv6")
		}
	} else if host == "" || strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789-._") != "" || strings.Contains("."+host, "..") {
		return errors.New("must have a host name or IP address (international names in their xn-- form)")
	} else if endsInNumber(host) {
		return errors.New("must have its host as a complete IP address: browsers read numbers in other ways")
	}
	if strings.HasSuffix(u.Host, ":") {
		return errors.New("must have a port behind its colon, or no colon")
	}
	if port := u.Port(); port != "" && !validPort(port) {
		return errors.New("must have a port from 1 to 65535, without leading zeros")
	}
	return nil
}

// endsInNumber tells whether browsers take a host for an IPv4 address, as in
// 127.1 or 0x7f.1 (URL Standard, "ends in a number checker").
func endsInNumber(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if strings.HasPrefix(strings.ToLower(last), "0x") {
		return strings.Trim(strings.ToLower(last[2:]), "0123456789abcdef") == ""
	}
	return strings.Trim(last, "0123456789") == ""
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, _ := netip.ParseAddr(host) // where it is none: the zero Addr, which is not on loopback
	return addr.IsLoopback()
}
