package application

import (
	"strconv"
	"strings"
)

// FindRedirectURI returns the registered redirect URI that is uri byte for
// byte, or nil. Nothing is normalized; every other spelling of the same
// address is another URI (RFC 9700 section 2.1). The one exception is the port
// of a public client on loopback, as [sameButPort] says: then the URI of the
// result is the registered one, and uri the one to send the browser to.
//
// An archived one is found too: the caller looks at Active, and can tell
// people why it no longer serves.
func (a *Application) FindRedirectURI(uri string) *RedirectURI {
	for i := range a.RedirectURIs {
		if a.RedirectURIs[i].URI == uri {
			return &a.RedirectURIs[i]
		}
	}
	if !a.Public {
		return nil
	}
	for i := range a.RedirectURIs {
		if sameButPort(a.RedirectURIs[i].URI, uri) {
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

// sameButPort tells whether a request may use uri for the registered one: a
// program on somebody's machine listens on whichever port is free when it
// asks (RFC 8252 section 7.3). Both are plain http on the same loopback
// address, the request names a port, and all but the port is the same byte for
// byte.
func sameButPort(registered, uri string) bool {
	_, port, _ := cutLoopback(uri)
	return port != "" && sameLoopback(registered, uri)
}

// sameLoopback tells whether two URIs are on loopback and differ in the port at
// most, which one of them may leave out.
func sameLoopback(a, b string) bool {
	host, _, rest := cutLoopback(a)
	otherHost, _, otherRest := cutLoopback(b)
	return host != "" && host == otherHost && rest == otherRest
}

// cutLoopback cuts a plain http URI on loopback around its port, which is ""
// where there is none; the host is "" where the URI is no such one. Only these
// three spellings of loopback have the port left open, and a port is written in
// one way.
func cutLoopback(uri string) (host, port, rest string) {
	for _, host := range []string{"http://127.0.0.1", "http://[::1]", "http://localhost"} {
		rest, ok := strings.CutPrefix(uri, host)
		if !ok {
			continue
		}
		// Whatever else follows the host would make it another one.
		authority := rest
		if end := strings.IndexAny(rest, "/?"); end >= 0 {
			authority = rest[:end]
		}
		port, named := strings.CutPrefix(authority, ":")
		if authority != "" && !(named && validPort(port)) {
			return "", "", ""
		}
		rest = rest[len(authority):]
		return host, port, rest
	}
	return "", "", ""
}

// validPort tells whether text is a port from 1 to 65535, without leading zeros.
func validPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil && text[0] != '0'
}
