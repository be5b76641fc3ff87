package dialect

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"unicode/utf8"
)

// Path returns the path of a request, which must be plain: no escapes, no
// empty, "." or ".." segments, and only characters that models, methods and
// ids are made of. What is judged is then what every other reader of the
// request sees. One slash at the end is left away, because documented
// addresses have it.
func Path(r *http.Request) (string, error) {
	p := r.URL.Path
	if r.URL.EscapedPath() != p || p == "" || p[0] != '/' {
		return "", errors.New("the path must be plain")
	}
	for i := range len(p) {
		c := p[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && strings.IndexByte("/._-", c) < 0 {
			return "", errors.New("the path must be plain")
		}
	}
	if trimmed := strings.TrimSuffix(p, "/"); trimmed != "" {
		p = trimmed
	}
	if path.Clean(p) != p {
		return "", errors.New("the path must be plain")
	}
	return p, nil
}

// IsJSON tells whether the body that belongs to a header is announced as JSON.
func IsJSON(h http.Header) bool {
	announced := h.Get("Content-Type")
	if announced == "application/json" { // as most write it
		return true
	}
	kind, _, err := mime.ParseMediaType(announced)
	return err == nil && kind == "application/json"
}

// ReadBody reads a body to its end, of which so many bytes were announced;
// below 0 is not at all. What was announced is believed up to a size alone, as
// somebody may announce and not send.
func ReadBody(body io.Reader, announced int64) ([]byte, error) {
	const most = 64 << 10
	size := int64(bytes.MinRead)
	if announced > 0 {
		size = min(announced, most) + bytes.MinRead
	}
	into := bytes.NewBuffer(make([]byte, 0, size))
	_, err := into.ReadFrom(body)
	return into.Bytes(), err
}

// Parameters are the parameters of a request. Each name occurs once.
type Parameters map[string]string

// maxForm bounds the body of a form, in bytes.
const maxForm = 1 << 20

// Query reads the parameters of the address, encoded or not, as clients of
// the legacy interfaces send them: raw quotes, brackets and equal signs stand
// for themselves. A parameter that occurs twice, a ";" and malformed escapes
// are refused.
func Query(r *http.Request) (Parameters, error) {
	out := Parameters{}
	return out, out.add(r.URL.RawQuery)
}

// Form reads the parameters of the address and of a form in the body, which
// together must not name one twice. A body that is no form is refused, so
// that nothing a client has said is dropped.
func Form(w http.ResponseWriter, r *http.Request) (Parameters, error) {
	out, err := Query(r)
	if err != nil {
		return nil, err
	}
	if r.Header.Get("Content-Encoding") != "" {
		return nil, errors.New("the body must not be compressed")
	}
	body := http.MaxBytesReader(w, r.Body, maxForm)
	kind, arguments, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/x-www-form-urlencoded":
		text, err := io.ReadAll(body)
		if err != nil {
			return nil, errors.New("the form cannot be read")
		}
		return out, out.add(string(text))
	case "multipart/form-data":
		return out, out.multipart(body, arguments["boundary"])
	}
	if !Empty(body) {
		return nil, errors.New("the body must be a form")
	}
	return out, nil
}

// Empty tells whether there is nothing in a body. What length is announced does
// not: over HTTP/2 and HTTP/3 a request without a body may announce none.
func Empty(body io.Reader) bool {
	n, err := io.CopyN(io.Discard, body, 1)
	return n == 0 && err == io.EOF
}

func (p Parameters) add(encoded string) error {
	if encoded == "" {
		return nil
	}
	values, err := url.ParseQuery(encoded)
	if err != nil {
		return errors.New("the parameters are malformed")
	}
	for name, list := range values {
		if len(list) != 1 {
			return fmt.Errorf("parameter %q occurs more than once", name)
		}
		if err := p.set(name, list[0]); err != nil {
			return err
		}
	}
	return nil
}

func (p Parameters) set(name, value string) error {
	if _, twice := p[name]; twice {
		return fmt.Errorf("parameter %q occurs more than once", name)
	}
	if !utf8.ValidString(name) || !utf8.ValidString(value) {
		return errors.New("the parameters are not UTF-8")
	}
	p[name] = value
	return nil
}

// Only refuses parameters of other names than those known.
func (p Parameters) Only(known ...string) error {
	for name := range p {
		found := false
		for _, k := range known {
			found = found || k == name
		}
		if !found {
			return fmt.Errorf("parameter %q is not known here", name)
		}
	}
	return nil
}
