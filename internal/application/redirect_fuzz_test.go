package application

import (
	"net/url"
	"regexp"
	"strconv"
	"testing"
)

// program is a redirect URI whose port is the program's own affair, cut around
// that port.
var program = regexp.MustCompile(`\A(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::([1-9][0-9]{0,4}))?((?s:[/?].*)?)\z`)

// obviouslyMatches is the reference for FindRedirectURI: the same text or, for
// public clients, the same program on another port.
func obviouslyMatches(registered, uri string, public bool) bool {
	if registered == uri {
		return true
	}
	a, b := program.FindStringSubmatch(registered), program.FindStringSubmatch(uri)
	if !public || a == nil || b == nil || b[2] == "" {
		return false
	}
	for _, port := range []string{a[2], b[2]} {
		if n, _ := strconv.Atoi(port); n > 65535 {
			return false
		}
	}
	return a[1] == b[1] && a[3] == b[3]
}

// FuzzRedirectURI compares the matcher with the reference. What matches leads a
// browser to the same place, but for the port of a program; and of several
// registered URIs the one that is the same text is found.
func FuzzRedirectURI(f *testing.F) {
	f.Fuzz(func(t *testing.T, registered, uri string, public bool) {
		for _, list := range [][]string{{registered}, {registered, "https://other.example/cb"}, {"http://127.0.0.1/other", registered}, {registered, uri}} {
			a := Application{Public: public}
			want, matches := "", false
			for _, one := range list {
				a.RedirectURIs = append(a.RedirectURIs, RedirectURI{URI: one, Active: true})
				if one == uri || !matches && obviouslyMatches(one, uri, public) {
					want, matches = one, true
				}
			}
			found := a.FindRedirectURI(uri)
			if (found != nil) != matches || found != nil && found.URI != want {
				t.Fatalf("%q of %q, public %v: found %+v, want %v %q", uri, list, public, found, matches, want)
			}
			if _, ok := a.ActiveRedirectURI(uri); ok != (found != nil) {
				t.Fatalf("%q of %q: ActiveRedirectURI says %v", uri, list, ok)
			}
		}
		u := RedirectURI{URI: registered, Active: true}
		if ValidateRedirectURI(u, public) != nil {
			return // nobody registers it
		}
		a := Application{Public: public, RedirectURIs: []RedirectURI{u}}
		if a.FindRedirectURI(uri) == nil {
			return
		}
		before, err := url.Parse(registered)
		if err != nil {
			t.Fatal(err)
		}
		after, err := url.Parse(uri)
		if err != nil {
			t.Fatalf("%q is taken for %q: %v", uri, registered, err)
		}
		if before.Scheme != after.Scheme || before.Hostname() != after.Hostname() || before.User.String() != after.User.String() || before.EscapedPath() != after.EscapedPath() ||
			before.RawQuery != after.RawQuery || after.Fragment != "" || before.Port() != after.Port() && (!public || before.Scheme != "http") {
			t.Fatalf("%q is taken for %q", uri, registered)
		}
	})
}
