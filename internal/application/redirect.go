package application

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// MaxRedirectURI is the longest redirect URI that can be registered, in bytes.
const MaxRedirectURI = 2000

// FindRedirectURI returns the registered redirect URI that is uri byte for
// byte, or nil. An archived one is found too: the caller looks at Active, and
// can tell people why it no longer serves. Nothing is normalized; every other
// spelling of the same address is another URI (RFC 9700 section 2.1).
func (a *Application) FindRedirectURI(uri string) *RedirectURI {
	for i := range a.RedirectURIs {
		if a.RedirectURIs[i].URI == uri {
			return &a.RedirectURIs[i]
		}
	}
	return nil
}

// ActiveRedirectURI is FindRedirectURI for one that is in use.
func (a *Application) ActiveRedirectURI(uri string) (RedirectURI, bool) {
	u := a.FindRedirectURI(uri)
	if u == nil || !u.Active {
		return RedirectURI{}, false
	}
	return *u, true
}

func checkRedirectURIs(uris []RedirectURI) error {
	seen := make(map[string]bool, len(uris))
	for _, u := range uris {
		if seen[u.URI] {
			return fmt.Errorf("redirect_uri %q is listed twice", u.URI)
		}
		seen[u.URI] = true
		if err := ValidateRedirectURI(u.URI); err != nil {
			return err
		}
	}
	return nil
}

// ValidateRedirectURI judges a redirect URI at configuration time: absolute,
// https (or http on a loopback host), without fragment, user info, dot
// segments and characters that programs read differently. The error quotes the
// URI and names the rule.
func ValidateRedirectURI(uri string) error {
	if len(uri) > MaxRedirectURI {
		return fmt.Errorf("redirect_uri %q… is longer than %d characters", uri[:64], MaxRedirectURI)
	}
	if err := checkRedirectURI(uri); err != nil {
		return fmt.Errorf("redirect_uri %q: %w", uri, err)
	}
	return nil
}

func checkRedirectURI(uri string) error {
	for i := 0; i < len(uri); i++ {
		// A backslash is a slash to browsers and a letter to net/url; quotes and
		// angle brackets have no business in a header or page.
		if c := uri[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\\\"<>^`{|}", c) >= 0 {
			return errors.New("must be printable ASCII without spaces, backslashes, quotes and brackets; percent-encode the rest")
		}
	}
	if strings.Contains(uri, "#") {
		return errors.New("must not have a fragment")
	}
	scheme, _, _ := strings.Cut(uri, "://")
	if scheme != "https" && scheme != "http" {
		return errors.New("must begin with https:// (or http:// on a loopback address)")
	}
	u, err := url.Parse(uri)
	if err != nil {
		return errors.New("is not a URL")
	}
	if u.User != nil {
		return errors.New("must not have a user or password")
	}
	if err := checkHost(u); err != nil {
		return err
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return errors.New("must not have dot segments")
		}
	}
	if scheme == "http" && !loopback(u.Hostname()) {
		return errors.New("must use https; http is for loopback addresses only")
	}
	return nil
}

func checkHost(u *url.URL) error {
	host := u.Hostname()
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Zone() != "" {
			return errors.New("must not have an address zone")
		}
	} else if host == "" || strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789-._") != "" {
		return errors.New("must have a host name or IP address (international names in their xn-- form)")
	}
	if strings.HasSuffix(u.Host, ":") {
		return errors.New("must have a port behind its colon, or no colon")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return errors.New("must have a port from 1 to 65535")
		}
	}
	return nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
