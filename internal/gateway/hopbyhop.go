package gateway

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// connectionOptions are the words of a Connection header that mean something
// to a server. Any other names a header for the next hop to drop.
var connectionOptions = []string{"close", "keep-alive", "te", "upgrade"}

// keepNamed returns a request's header without the names that its Connection
// lines give: the proxy behind us would drop those headers, also where the
// site or we have set them. The header itself is not changed.
func keepNamed(header http.Header) http.Header {
	lines := header["Connection"]
	var known []string
	named := false
	for _, line := range lines {
		for option := range strings.SplitSeq(line, ",") {
			option = strings.TrimSpace(option)
			if slices.Contains(connectionOptions, strings.ToLower(option)) {
				known = append(known, option)
			} else if option != "" {
				named = true
			}
		}
	}
	if !named {
		return header
	}
	out := maps.Clone(header)
	if delete(out, "Connection"); len(known) > 0 {
		out["Connection"] = []string{strings.Join(known, ", ")}
	}
	return out
}

// stripTrailer keeps out of a request's trailers what strip keeps out of its
// header. They are known once the body has been read.
func (g *Gateway) stripTrailer(r *http.Request) {
	if len(r.Trailer) > 0 { // only where some are announced does any pass on
		r.Body = &trailed{ReadCloser: r.Body, trailer: r.Trailer, strip: g.strip}
	}
}

// trailed is a body with trailers behind it.
type trailed struct {
	io.ReadCloser
	trailer http.Header
	strip   func(http.Header) http.Header
}

func (t *trailed) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if err == io.EOF {
		kept := t.strip(t.trailer)
		for name := range t.trailer {
			if lines, ok := kept[name]; ok {
				t.trailer[name] = lines
			} else {
				delete(t.trailer, name)
			}
		}
	}
	return n, err
}
