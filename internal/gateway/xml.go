package gateway

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/caddy-odoo/gateway/internal/dialect/restapi"
	"github.com/caddy-odoo/gateway/internal/dialect/typedxml"
	"github.com/caddy-odoo/gateway/internal/oauth"
)

// xmlPrefix is the interface whose answers may be XML. A key set is JSON by
// its standard, and kept by caches: oauth.JWKSPath has one form only.
const xmlPrefix = "/restapi/1.0/"

// negotiate lets a request choose the form of its answer, where there is a
// choice: what the rest of the gateway writes as JSON then leaves as XML, of
// at most limit bytes. The function returned must be called once the answer is
// complete.
func negotiate(w http.ResponseWriter, r *http.Request, limit int64) (http.ResponseWriter, func()) {
	if !strings.HasPrefix(r.URL.Path, xmlPrefix) || r.URL.Path == oauth.JWKSPath {
		return w, func() {}
	}
	w.Header().Add("Vary", "Accept")
	if !prefersXML(r.Header.Values("Accept")) {
		return w, func() {}
	}
	x := &xmlWriter{ResponseWriter: w, limit: limit}
	return x, x.finish
}

// prefersXML tells whether an Accept header (RFC 9110 section 12.5.1) puts
// application/xml before application/json, which is the default: with the
// higher quality, or by its name where JSON is only meant by a wildcard of the
// same quality. Browsers name XML too, with a higher quality than the wildcard
// that means JSON; they name text/html first, and are given JSON, which they
// can show.
func prefersXML(accept []string) bool {
	if len(accept) == 0 {
		return false
	}
	asXML, asJSON := 0.0, 0.0
	byName, jsonRank := false, 0
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		kind, attributes, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		quality := 1.0
		if q, ok := attributes["q"]; ok {
			if quality, err = strconv.ParseFloat(q, 64); err != nil || !(quality >= 0 && quality <= 1) {
				continue
			}
		}
		// The most specific range that matches a type tells its quality.
		rank := map[string]int{"application/json": 3, "application/*": 2, "*/*": 1}[kind]
		switch {
		case kind == "text/html" && quality > 0:
			return false
		case kind == "application/xml":
			asXML, byName = quality, true
		case rank > 0 && rank >= jsonRank:
			asJSON, jsonRank = quality, rank
		}
	}
	return byName && (asXML > asJSON || asXML > 0 && asXML == asJSON && jsonRank < 3)
}

// xmlWriter holds JSON back until it is complete, and sends it as XML.
// Everything else passes as it comes.
type xmlWriter struct {
	http.ResponseWriter
	limit  int64
	status int // of the answer that is held back; 0: none yet
	passes bool
	body   bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (w *xmlWriter) WriteHeader(status int) {
	switch {
	case w.status != 0 || w.passes:
	case status < 200:
		w.ResponseWriter.WriteHeader(status)
	case w.Header().Get("Content-Type") != "application/json", w.Header().Get("Content-Disposition") != "": // a file is as it is
		w.passes = true
		w.ResponseWriter.WriteHeader(status)
	default:
		w.status = status
	}
}

// Write implements io.Writer.
func (w *xmlWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.passes {
		return w.ResponseWriter.Write(b)
	}
	return w.body.Write(b)
}

// finish sends what was held back. What is no JSON after all is sent as it is.
func (w *xmlWriter) finish() {
	if w.status == 0 {
		return
	}
	h := w.Header()
	body := w.body.Bytes()
	encoded, err := typedxml.Append(nil, body, w.limit)
	if errors.Is(err, typedxml.ErrTooLarge) {
		w.status = http.StatusForbidden
		encoded, err = typedxml.Append(nil, restapi.TooLarge(w.limit), 1<<20)
	}
	if err == nil {
		body = encoded
		h.Set("Content-Type", "application/xml")
		h.Set("X-Content-Type-Options", "nosniff")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.ResponseWriter.WriteHeader(w.status)
	_, _ = w.ResponseWriter.Write(body) // the client has gone: nobody is left to tell
}
