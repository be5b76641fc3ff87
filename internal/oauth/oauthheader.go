package oauth

import (
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// headerScheme is the scheme of the documented legacy form, which puts the
// parameters of a request into its Authorization header.
const headerScheme = "OAuth"

// maxHeader bounds an Authorization header with parameters.
const maxHeader = 4 << 10

var (
	errHeaderTwice     = errors.New("the Authorization header was sent twice")
	errHeaderMalformed = errors.New("the Authorization header is malformed: it must be OAuth name='percent-encoded value', …")
)

// isHeaderForm tells whether a request uses the legacy form, well-formed or not.
func isHeaderForm(r *http.Request) bool {
	for _, line := range r.Header.Values("Authorization") {
		scheme := line
		if i := strings.IndexAny(line, " \t,"); i >= 0 {
			scheme = line[:i]
		}
		if strings.EqualFold(scheme, headerScheme) {
			return true
		}
	}
	return false
}

// readHeader reads parameters from the Authorization header. It returns nil
// where the only such header has another scheme, or there is none.
func readHeader(r *http.Request) (params, error) {
	switch lines := r.Header.Values("Authorization"); {
	case len(lines) > 1:
		return nil, errHeaderTwice
	case !isHeaderForm(r):
		return nil, nil
	default:
		return parseHeader(lines[0])
	}
}

// parseHeader reads the legacy form, of which no standard knows:
//
//	OAuth client_id='abc', redirect_uri='https%3A%2F%2Fa.example%2Fcb'
//	      response_type="code"
//
// The scheme is followed by pairs. A comma separates them, or only the white
// space that a folded line leaves (net/http has made it one space; proxies may
// leave more), because the documentation forgets a comma there. A value stands
// between two quotes of one kind, in printable ASCII without blanks (a fold
// could be one) and backslashes (they escape in other headers), and is
// percent-decoded once. A plus is a plus. Everything else is an error.
func parseHeader(line string) (params, error) {
	scheme, rest, _ := strings.Cut(line, " ")
	if len(line) > maxHeader || !strings.EqualFold(scheme, headerScheme) {
		return nil, errHeaderMalformed
	}
	p := params{}
	rest = strings.TrimLeft(rest, " ")
	for {
		name, value, tail, ok := headerPair(rest)
		if !ok || len(p[name]) > 0 {
			return nil, errHeaderMalformed
		}
		p[name] = []string{value}
		if tail == "" {
			return p, nil
		}
		rest = strings.TrimLeft(strings.TrimPrefix(tail, ","), " ")
		if rest == tail { // neither comma nor space
			return nil, errHeaderMalformed
		}
	}
}

// headerPair takes one pair off the front of s.
func headerPair(s string) (name, value, rest string, ok bool) {
	name, s, ok = strings.Cut(s, "=")
	if !ok || !headerName(name) || s == "" || s[0] != '\'' && s[0] != '"' {
		return "", "", "", false
	}
	raw, rest, ok := strings.Cut(s[1:], s[:1])
	if !ok {
		return "", "", "", false
	}
	value, ok = percentDecode(raw)
	return name, value, rest, ok
}

func headerName(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return s != ""
}

// percentDecode decodes a value once. What comes out is text without control
// characters.
func percentDecode(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c <= ' ' || c == '\\' || c >= 0x7f:
			return "", false
		case c == '%':
			if i+2 >= len(s) {
				return "", false
			}
			high, low := hexDigit(s[i+1]), hexDigit(s[i+2])
			if high < 0 || low < 0 {
				return "", false
			}
			c = byte(high<<4 | low)
			i += 2
		}
		b.WriteByte(c)
	}
	out := b.String()
	return out, utf8.ValidString(out) && strings.IndexFunc(out, unicode.IsControl) < 0
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
