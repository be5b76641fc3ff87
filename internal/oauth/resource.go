package oauth

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Resources are the paths of the protected resources below the issuer: all of
// the gateway, and each interface by itself. Clients that are strict take only
// metadata whose resource is the address that they were given.
var Resources = [...]string{"", "/restapi/1.0", "/orestapi", "/json/2"}

// protectedResource is the metadata of RFC 9728, without what is not there.
type protectedResource struct {
	Resource             string   `json:"resource"`
	AuthorizationServers []string `json:"authorization_servers"`
	Scopes               []string `json:"scopes_supported"`
	BearerMethods        []string `json:"bearer_methods_supported"`
}

// ProtectedResource serves the metadata of the protected resource whose path,
// one of Resources, follows ProtectedResourcePath. Nothing but that path is
// taken from the request.
func (s *Server) ProtectedResource(w http.ResponseWriter, r *http.Request) {
	b, err := json.Marshal(protectedResource{
		Resource:             s.origin + strings.TrimPrefix(r.URL.Path, ProtectedResourcePath),
		AuthorizationServers: []string{s.issuer},
		Scopes:               s.supportedScopes(),
		BearerMethods:        []string{"header"},
	})
	if err != nil { // texts: never fails
		s.writeFailure(w, r, serverError())
		return
	}
	s.writePublic(w, r, b)
}

// ResourceMetadata is the address of the metadata of the protected resource
// that a path belongs to.
func ResourceMetadata(issuer, path string) string {
	of := ""
	for _, resource := range Resources {
		if path == resource || strings.HasPrefix(path, resource+"/") {
			of = resource // the root comes first
		}
	}
	return issuer + ProtectedResourcePath + of
}
