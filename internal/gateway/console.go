package gateway

import (
	"net/http"

	"github.com/caddy-odoo/gateway/internal/console"
)

func init() {
	for _, path := range console.Paths() {
		endpoints[path] = endpoint{[]string{http.MethodGet}, func(s *service, w http.ResponseWriter, r *http.Request, up Upstream) {
			s.console.Show(w, s.refresh(w, r), up.Browser())
		}}
	}
	endpoints[console.DownloadPath] = endpoint{[]string{http.MethodGet}, func(s *service, w http.ResponseWriter, r *http.Request, up Upstream) {
		s.console.Download(w, s.refresh(w, r), up.Browser())
	}}
	endpoints[console.RevokePath] = endpoint{[]string{http.MethodPost}, func(s *service, w http.ResponseWriter, r *http.Request, up Upstream) {
		s.console.Revoke(w, s.refresh(w, r), up.Browser())
	}}
}

// hasConsole tells whether there is a console for whoever sends a request. For
// everybody else its paths are like any that nothing is at.
func (s *service) hasConsole(r *http.Request) bool {
	return s.console != nil && console.Allowed(s.networks, s.clientAddr(r))
}
