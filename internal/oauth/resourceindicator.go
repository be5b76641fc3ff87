package oauth

import (
	"net/http"
	"slices"
)

// resourceParam names the resource that a token is wanted for (RFC 8707). It
// may stand there more than once.
const resourceParam = "resource"

// checkResource judges the resources of a request. Tokens are good for the
// whole gateway, so it has only to be the gateway, or a part of it, that the
// client means. The root may be written with its slash, as URL parsers do
// (RFC 3986 section 6.2.3).
func (s *Server) checkResource(p params) *failure {
	for _, resource := range p[resourceParam] {
		known := resource == "" || resource == s.origin+"/" ||
			slices.ContainsFunc(Resources[:], func(path string) bool { return resource == s.origin+path })
		if !known {
			return &failure{status: http.StatusBadRequest, code: "invalid_target", description: "resource is not one of this server"}
		}
	}
	return nil
}
