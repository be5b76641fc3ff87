package restapi

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/dialect/literal"
	"github.com/caddy-odoo/gateway/internal/dialect/typedxml"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// DefaultMaxBody is Config.MaxBody where that is 0, in bytes. A form has at
// most 1 MiB, and so has a value written as a literal.
const DefaultMaxBody = 10 << 20

// DefaultMaxAnswer is Config.MaxAnswer where that is 0, in bytes.
const DefaultMaxAnswer = 10 << 20

// read takes the parameters of the address and of the body. A body that is a
// value by itself, and no set of parameters, is whole.
func (h *handler) read(w http.ResponseWriter, r *http.Request) (out params, whole any, err error) {
	query, err := dialect.Query(r)
	if err != nil {
		return nil, nil, bad("%s", err)
	}
	out = textOf(query)
	if r.ContentLength == 0 {
		return out, nil, nil
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		if !dialect.Empty(r.Body) {
			return nil, nil, bad("parameters belong in the address, not in a body")
		}
		return out, nil, nil
	}
	if r.Header.Get("Content-Encoding") != "" {
		return nil, nil, refusal{http.StatusUnsupportedMediaType, "the body must not be compressed"}
	}
	kind, attributes, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil && r.Header.Get("Content-Type") != "" {
		return nil, nil, refusal{http.StatusUnsupportedMediaType, "the Content-Type is malformed"}
	}
	if kind == "multipart/form-data" {
		form, err := dialect.Form(w, r)
		if err != nil {
			return nil, nil, bad("%s", err)
		}
		return textOf(form), nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.maxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, nil, refusal{http.StatusRequestEntityTooLarge, "the body is too large"}
	}
	if err != nil {
		return nil, nil, bad("the body cannot be read")
	}
	text := strings.TrimSpace(string(body))
	if text == "" {
		return out, nil, nil
	}
	switch kind {
	case "application/json":
		v, err := odoo.ParseJSON(body, odoo.DefaultLimits)
		if err != nil {
			return nil, nil, bad("the body is no JSON: %s", strings.TrimPrefix(err.Error(), "odoo: "))
		}
		whole = v
	case "application/xml", "text/xml":
		if charset := attributes["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
			return nil, nil, refusal{http.StatusUnsupportedMediaType, "XML must be UTF-8"}
		}
		root, v, err := typedxml.Parse(body)
		if err != nil {
			return nil, nil, bad("the body is malformed: %s", err)
		}
		switch root {
		case "vals", "args", "kwargs":
			return out, nil, out.add(map[string]any{root: v})
		}
		return nil, nil, bad("Bad Request")
	case "application/x-www-form-urlencoded":
		// Clients that send a value as it is often leave the type to a
		// library, which says this one. No parameter starts with a bracket.
		if text[0] != '{' && text[0] != '[' {
			r.Body = io.NopCloser(bytes.NewReader(body))
			form, err := dialect.Form(w, r)
			if err != nil {
				return nil, nil, bad("%s", err)
			}
			return textOf(form), nil, nil
		}
		fallthrough
	case "", "text/plain":
		// The older servers refused application/json.
		if whole, err = literal.Parse(text); err != nil {
			return nil, nil, bad("the body: %s", err)
		}
	default:
		return nil, nil, refusal{http.StatusUnsupportedMediaType, "the Content-Type is not supported"}
	}
	return out, whole, nil
}

// envelopes are the parameters by which a body is known to be no value itself.
var envelopes = []string{"vals", "args", "kwargs"}

// unwrap takes parameters out of a body that is a set of them. On records such
// a body names values; without that it is the values itself.
func (s *session) unwrap(whole any, records bool) error {
	if whole == nil {
		return nil
	}
	object, isObject := whole.(map[string]any)
	if records {
		named := false
		for _, name := range envelopes {
			_, found := object[name]
			named = named || found
		}
		if !named {
			return s.params.add(map[string]any{"vals": whole})
		}
	}
	if !isObject {
		return bad("the body must be an object of parameters")
	}
	return s.params.add(object)
}
