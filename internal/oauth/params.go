package oauth

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxBody bounds what a client may send to any endpoint.
	maxBody = 32 << 10
	// maxQuery bounds an authorization request.
	maxQuery = 8 << 10
	// maxState bounds the state parameter.
	maxState = 2 << 10
)

// params are request parameters. RFC 6749 section 3.1: an empty one counts as
// absent, and none may be sent twice, be it once empty.
type params map[string][]string

// get returns the value of a parameter, "" if absent.
func (p params) get(name string) string {
	for _, v := range p[name] {
		if v != "" {
			return v
		}
	}
	return ""
}

// twice tells whether one of the named parameters was sent more than once.
func (p params) twice(names ...string) bool {
	for _, n := range names {
		if len(p[n]) > 1 {
			return true
		}
	}
	return false
}

// names tells whether one of the named parameters was sent, be it empty.
func (p params) names(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return len(p[n]) > 0 })
}

// add merges parameters from another place of the same request.
func (p params) add(more params) {
	for name, values := range more {
		p[name] = append(p[name], values...)
	}
}

var (
	errBodyTooLarge = errors.New("the body is larger than 32 KB")
	errMalformed    = errors.New("the parameters are malformed")
	errContentType  = errors.New("the body must be application/x-www-form-urlencoded, application/json or multipart/form-data")
)

// readQuery reads parameters from the URL.
func readQuery(r *http.Request) (params, error) {
	if len(r.URL.RawQuery) > maxQuery {
		return nil, errMalformed
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, errMalformed
	}
	return params(values), nil
}

// readBody reads parameters from the body: a form, multipart or a JSON object.
// No body is no parameters.
func readBody(r *http.Request) (params, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, errMalformed
	}
	if len(body) > maxBody {
		return nil, errBodyTooLarge
	}
	if len(body) == 0 {
		return params{}, nil
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return nil, errContentType
	}
	kind, attributes, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, errContentType
	}
	switch kind {
	case "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, errMalformed
		}
		return params(values), nil
	case "application/json":
		return readJSON(body)
	case "multipart/form-data":
		return readMultipart(body, attributes["boundary"])
	default:
		return nil, errContentType
	}
}

// readJSON reads one object. Texts are parameters, null is absent, everything
// else is an error; jsontext refuses names that stand there twice.
func readJSON(body []byte) (params, error) {
	p := params{}
	dec := jsontext.NewDecoder(bytes.NewReader(body))
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, errMalformed
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, errMalformed
		}
		key := name.String()
		value, err := dec.ReadToken()
		if err != nil {
			return nil, errMalformed
		}
		switch value.Kind() {
		case '"':
			p[key] = []string{value.String()}
		case 'n':
		default:
			return nil, errMalformed
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, errMalformed
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errMalformed
	}
	return p, nil
}

func readMultipart(body []byte, boundary string) (params, error) {
	if boundary == "" {
		return nil, errMalformed
	}
	p := params{}
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return p, nil
		}
		if err != nil || part.FormName() == "" || part.FileName() != "" {
			return nil, errMalformed
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return nil, errMalformed
		}
		p[part.FormName()] = append(p[part.FormName()], string(value))
	}
}
