package oauth

import (
	"net/http"

	"github.com/caddy-odoo/gateway/internal/application"
)

// admit asks whether an application may have a request done now. Nothing has
// been looked at but the client, so that a code or refresh token that comes
// too early is as good later.
func (s *Server) admit(r *http.Request, app *application.Application) *failure {
	wait := s.Admit(r, app)
	if wait <= 0 {
		return nil
	}
	return &failure{
		status: http.StatusTooManyRequests, code: "temporarily_unavailable",
		description: "the application asks too often", retry: wait,
	}
}
