package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParameters compares what is read of a body with what a slow reference
// reads, and reads what it has read once more: written as a form, as JSON and
// as multipart it is the same.
func FuzzParameters(f *testing.F) {
	f.Fuzz(func(t *testing.T, kind, body string) {
		p, err := readBody(bodyRequest(kind, body))
		if err != nil {
			if !errors.Is(err, errMalformed) && !errors.Is(err, errContentType) && !errors.Is(err, errBodyTooLarge) {
				t.Fatalf("another error: %v", err)
			}
			if p != nil {
				t.Fatalf("an error, and %q", p)
			}
		}
		want, sure := slowly(kind, body)
		if sure && (err == nil) != (want != nil) || err == nil && want != nil && !maps.EqualFunc(p, want, slices.Equal) {
			t.Fatalf("%q %q: read %q, %v; want %q", kind, body, p, err, want)
		}
		if err != nil {
			return
		}
		for name, values := range p {
			if p.twice(name) != (len(values) > 1) || p.get(name) != strings.Join(values, "") && len(values) == 1 || !p.names(name) {
				t.Fatalf("%q of %q", name, p)
			}
		}
		again(t, p)
	})
}

func bodyRequest(kind, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	return r
}

// again writes parameters in every way, and reads them back.
func again(t *testing.T, p params) {
	t.Helper()
	form := url.Values(p).Encode()
	if form == "" || len(form) > maxBody {
		return
	}
	if got, err := readBody(bodyRequest("application/x-www-form-urlencoded", form)); err != nil || !maps.EqualFunc(got, p, slices.Equal) {
		t.Fatalf("as a form %q: %q, %v; want %q", form, got, err, p)
	}
	object, plain := map[string]string{}, true
	var parts bytes.Buffer
	w := multipart.NewWriter(&parts)
	for name, values := range p {
		plain = plain && len(values) == 1 && utf8.ValidString(name) && utf8.ValidString(values[0])
		object[name] = strings.Join(values, "")
		for _, value := range values {
			if err := w.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = w.Close()
	if text, err := json.Marshal(object); plain && err == nil && len(text) <= maxBody {
		if got, err := readBody(bodyRequest("application/json", string(text))); err != nil || !maps.EqualFunc(got, p, slices.Equal) {
			t.Fatalf("as JSON %s: %q, %v; want %q", text, got, err, p)
		}
	}
	for name := range p { // a part's name has characters of a header only
		if name == "" || strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c >= 0x7f || c == '%' || c == '\\' || c == '"' }) {
			return
		}
	}
	if parts.Len() <= maxBody {
		if got, err := readBody(bodyRequest(w.FormDataContentType(), parts.String())); err != nil || !maps.EqualFunc(got, p, slices.Equal) {
			t.Fatalf("as multipart %q: %q, %v; want %q", parts.String(), got, err, p)
		}
	}
}

// slowly is the reference: nil where a body is none to be read. It is not sure
// of all.
func slowly(kind, body string) (want map[string][]string, sure bool) {
	if body == "" {
		return map[string][]string{}, true
	}
	media, attributes, err := mime.ParseMediaType(kind)
	if err != nil || len(body) > 32768 {
		return nil, true
	}
	switch media {
	case "application/x-www-form-urlencoded":
		return slowForm(body), strings.Count(body, "&") < 1000 // net/url has a bound
	case "application/json":
		// What is no Unicode becomes U+FFFD in the reference.
		return slowJSON(body), utf8.ValidString(body) && !strings.Contains(strings.ToLower(body), `\ud`)
	case "multipart/form-data":
		if attributes["boundary"] == "" {
			return nil, true
		}
		want = slowMultipart(kind, body)
		return want, false
	}
	return nil, true
}

func slowForm(body string) map[string][]string {
	all := map[string][]string{}
	for _, pair := range strings.Split(body, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, ok := slowUnescape(name)
		value, also := slowUnescape(value)
		if !ok || !also || strings.Contains(pair, ";") {
			return nil
		}
		all[name] = append(all[name], value)
	}
	return all
}

func slowUnescape(s string) (string, bool) {
	const digits = "0123456789abcdef"
	var out []byte
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '+':
			out = append(out, ' ')
		case '%':
			if i+2 >= len(s) {
				return "", false
			}
			high, low := strings.IndexByte(digits, s[i+1]|0x20), strings.IndexByte(digits, s[i+2]|0x20)
			if s[i+1] < '0' || s[i+2] < '0' || high < 0 || low < 0 {
				return "", false
			}
			out, i = append(out, byte(high<<4|low)), i+2
		default:
			out = append(out, s[i])
		}
	}
	return string(out), true
}

func slowJSON(body string) map[string][]string {
	d := json.NewDecoder(strings.NewReader(body))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil
	}
	all, named := map[string][]string{}, map[string]bool{}
	for d.More() {
		name, err := d.Token()
		if err != nil || named[name.(string)] {
			return nil
		}
		named[name.(string)] = true
		value, err := d.Token()
		if err != nil {
			return nil
		}
		switch v := value.(type) {
		case string:
			all[name.(string)] = []string{v}
		case nil:
		default:
			return nil
		}
	}
	if _, err := d.Token(); err != nil {
		return nil
	}
	if _, err := d.Token(); err != io.EOF {
		return nil
	}
	return all
}

// slowMultipart is what net/http reads, nil where it refuses, or decodes parts
// that here stay what they are.
func slowMultipart(kind, body string) map[string][]string {
	r := bodyRequest(kind, body)
	if strings.Contains(strings.ToLower(body), "quoted-printable") || r.ParseMultipartForm(1<<20) != nil {
		return nil
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	if len(r.MultipartForm.File) > 0 {
		return nil
	}
	return r.MultipartForm.Value
}
