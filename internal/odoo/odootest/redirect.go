package odootest

import (
	"net/url"
	"strings"
)

// localRedirect makes a redirect target local as Odoo's request.redirect
// does: scheme and host fall away, everything else stays byte for byte.
// Versions 16 and 17 leave a backslash after the first slash standing, which
// browsers read as another host.
func (t traits) localRedirect(location string) string {
	path := "/" + strings.TrimLeft(withoutOrigin(location), t.leading())
	if t.version < 20 {
		return path
	}
	// 20 normalises once more: control characters vanish.
	path = strings.Map(func(r rune) rune {
		if r == '\t' || r == '\r' || r == '\n' {
			return -1
		}
		return r
	}, path)
	return "/" + strings.TrimLeft(path, t.leading())
}

func (t traits) leading() string {
	if t.stripBackslash {
		return `/\`
	}
	return "/"
}

// withoutOrigin drops scheme and authority as werkzeug's url_parse sees them.
func withoutOrigin(s string) string {
	if i := strings.IndexByte(s, ':'); i > 0 && isScheme(s[:i]) {
		rest := s[i+1:]
		if rest == "" || strings.Trim(rest, "0123456789") != "" {
			s = rest
		}
	}
	if strings.HasPrefix(s, "//") {
		s = s[2:]
		if i := strings.IndexAny(s, "/?#"); i >= 0 {
			s = s[i:]
		} else {
			s = ""
		}
	}
	return s
}

func isScheme(s string) bool {
	for i, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		case i > 0 && (r >= '0' && r <= '9' || strings.ContainsRune("+-.", r)):
		default:
			return false
		}
	}
	return s != ""
}

// fullPath is the path with its query as werkzeug's full_path: the question
// mark is there even without a query.
func fullPath(u *url.URL) string { return u.Path + "?" + u.RawQuery }

// withRedirect appends redirect=to to a path.
func withRedirect(path, to string) string { return path + "?redirect=" + url.QueryEscape(to) }
