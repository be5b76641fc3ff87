package oauth

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Standards §1.4: the strict parser of the legacy form.
func TestHeaderParser(t *testing.T) {
	long := strings.Repeat("a", maxHeader-len(`OAuth a=''`))
	tests := []struct {
		name, line string
		want       map[string]string // nil: refused
	}{
		{"one", `OAuth a='b'`, map[string]string{"a": "b"}},
		{"double quotes", `OAuth a="b"`, map[string]string{"a": "b"}},
		{"both kinds", `OAuth a="b'c", d='e"f'`, map[string]string{"a": "b'c", "d": `e"f`}},
		{"scheme in another case", `oAUTH a='b'`, map[string]string{"a": "b"}},
		{"spaces after the scheme", `OAuth   a='b'`, map[string]string{"a": "b"}},
		{"comma alone", `OAuth a='b',c='d'`, map[string]string{"a": "b", "c": "d"}},
		{"comma and spaces", `OAuth a='b',  c='d'`, map[string]string{"a": "b", "c": "d"}},
		{"fold alone", `OAuth a='b' c='d'`, map[string]string{"a": "b", "c": "d"}},
		{"fold of a proxy", `OAuth a='b'   c='d'`, map[string]string{"a": "b", "c": "d"}},
		{"comma in a value", `OAuth a='b,c=', d='e'`, map[string]string{"a": "b,c=", "d": "e"}},
		{"empty value", `OAuth a=''`, map[string]string{"a": ""}},
		{"percent", `OAuth a='%27%22%2C%5c%20%C3%A9'`, map[string]string{"a": `'",\ é`}},
		{"decoded once", `OAuth a='%252F'`, map[string]string{"a": "%2F"}},
		{"plus is a plus", `OAuth a='b+c'`, map[string]string{"a": "b+c"}},
		{"4 KB", `OAuth a='` + long + `'`, map[string]string{"a": long}},

		{"more than 4 KB", `OAuth a='` + long + `a'`, nil},
		{"nothing", ``, nil},
		{"scheme alone", `OAuth`, nil},
		{"scheme and a space", `OAuth `, nil},
		{"other scheme", `OAuth2 a='b'`, nil},
		{"no scheme", `a='b'`, nil},
		{"tab after the scheme", "OAuth\ta='b'", nil},
		{"tab between pairs", "OAuth a='b'\tc='d'", nil},
		{"tab after a comma", "OAuth a='b',\tc='d'", nil},
		{"nothing between pairs", `OAuth a='b'c='d'`, nil},
		{"space before the comma", `OAuth a='b' ,c='d'`, nil},
		{"two commas", `OAuth a='b',,c='d'`, nil},
		{"comma at the end", `OAuth a='b',`, nil},
		{"comma and space at the end", `OAuth a='b', `, nil},
		{"space at the end", `OAuth a='b' `, nil},
		{"comma first", `OAuth ,a='b'`, nil},
		{"semicolon", `OAuth a='b';c='d'`, nil},
		{"ampersand", `OAuth a='b'&c='d'`, nil},
		{"no quotes", `OAuth a=b`, nil},
		{"no value", `OAuth a`, nil},
		{"nothing after the sign", `OAuth a=`, nil},
		{"no end", `OAuth a='b`, nil},
		{"another quote at the end", `OAuth a='b"`, nil},
		{"one quote", `OAuth a='`, nil},
		{"space before the sign", `OAuth a ='b'`, nil},
		{"space after the sign", `OAuth a= 'b'`, nil},
		{"colon", `OAuth a:'b'`, nil},
		{"no name", `OAuth ='b'`, nil},
		{"name in upper case", `OAuth A='b'`, nil},
		{"name with a hyphen", `OAuth a-b='c'`, nil},
		{"encoded name", `OAuth %61='b'`, nil},
		{"starred name", `OAuth a*='b'`, nil},
		{"name twice", `OAuth a='b', a='b'`, nil},
		{"name twice, once empty", `OAuth a='', a='b'`, nil},
		{"space in a value", `OAuth a='b c'`, nil},
		{"backslash", `OAuth a='b\c'`, nil},
		{"escaped quote", `OAuth a='b\'c'`, nil},
		{"letter beyond ASCII", `OAuth a='é'`, nil},
		{"control character", "OAuth a='b\x01'", nil},
		{"delete", "OAuth a='b\x7f'", nil},
		{"newline", "OAuth a='b'\nc='d'", nil},
		{"encoded newline", `OAuth a='b%0d%0aX: y'`, nil},
		{"encoded zero", `OAuth a='b%00'`, nil},
		{"encoded control of Latin-1", `OAuth a='%C2%85'`, nil},
		{"encoded half a letter", `OAuth a='%C3'`, nil},
		{"percent alone", `OAuth a='%'`, nil},
		{"percent and one digit", `OAuth a='%4'`, nil},
		{"percent over the quote", `OAuth a='%4', b='1'`, nil},
		{"percent and no digits", `OAuth a='%zz'`, nil},
		{"percent and a sign", `OAuth a='%+1'`, nil},
		{"basic behind", `OAuth a='b', Basic d2lraTp4`, nil},
		{"scheme twice", `OAuth OAuth a='b'`, nil},
		{"scheme twice, comma", `OAuth a='b', OAuth c='d'`, nil},
		{"a word behind", `OAuth a='b' c`, nil},
		{"python", `OAuth {'a': 'b'}`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := parseHeader(test.line)
			got := map[string]string{}
			for name := range p {
				got[name] = p.get(name)
			}
			if (err == nil) != (test.want != nil) || err == nil && !maps.Equal(got, test.want) {
				t.Errorf("%q: %q, %v", test.line, got, err)
			}
		})
	}
}

// grammar says the same as the parser, but for what no regular expression can.
var grammar = regexp.MustCompile(`^(?i:oauth) +` + pair + `(?:(?:, *| +)` + pair + `)*$`)

const pair = `(?:[a-z0-9_]+=(?:'(?:[!-$&(-\[\]-~]|%[0-9A-Fa-f]{2})*'|"(?:[!#-$&-\[\]-~]|%[0-9A-Fa-f]{2})*"))`

// FuzzHeaderParser compares the parser with the grammar.
func FuzzHeaderParser(f *testing.F) {
	for _, seed := range []string{
		`OAuth a='b'`, `oauth a="b",c='d' e='%C3%A9'`, `OAuth a='b' , c='d'`, `OAuth a='%2'`, "OAuth a='b'\tc='d'", `OAuth a='%00'`,
		`OAuth a='b', a='c'`, `OAuth a='b\'c'`, `Basic d2lraTp4`, `OAuth client_id='uwCrAHAQbL7D9cvJLIztNaZ0bziEGMDh', ` +
			`redirect_uri='https%3A%2F%2F127.0.0.1%2Fcallback', code='dcee1806d2c50d0fb598' grant_type='authorization_code'`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		p, err := parseHeader(line)
		if err != nil {
			if want, ok := oracle(line); ok {
				t.Fatalf("%q refused, it says %q", line, want)
			}
			return
		}
		want, ok := oracle(line)
		if !ok || len(want) != len(p) {
			t.Fatalf("%q accepted: %q, want %q", line, p, want)
		}
		for name, values := range p {
			if !slices.Equal(values, []string{want[name]}) {
				t.Fatalf("%q: %s is %q, want %q", line, name, values, want[name])
			}
		}
	})
}

// oracle reads a header with regular expressions and net/url.
func oracle(line string) (map[string]string, bool) {
	if len(line) > maxHeader || !grammar.MatchString(line) {
		return nil, false
	}
	out := map[string]string{}
	for _, m := range regexp.MustCompile(`([a-z0-9_]+)=(?:'([^']*)'|"([^"]*)")`).FindAllStringSubmatch(line, -1) {
		value, err := url.PathUnescape(m[2] + m[3])
		if _, twice := out[m[1]]; err != nil || twice || !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
			return nil, false
		}
		out[m[1]] = value
	}
	return out, true
}
