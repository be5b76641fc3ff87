package oauth

import (
	"testing"

	"github.com/caddy-odoo/gateway/internal/audit"
)

// The client is told only that it failed; the audit trail says why.
func TestFailedClientIsExplainedToTheAdministrator(t *testing.T) {
	tests := []struct {
		name, reason string
		changes      []string
	}{
		{"unknown", "unknown_client", []string{"client_id", "nobody"}},
		{"archived", "archived_application", []string{"client_id", "archived", "client_secret", "secret of archived"}},
		{"wrong secret", "wrong_secret", []string{"client_secret", "wrong"}},
		{"no secret", "no_secret", []string{"client_secret", ""}},
		{"public with a secret", "secret_of_a_public_client", []string{"client_id", "native", "client_secret", "x"}},
	}
	w := newWorld(t)
	answers := map[string]bool{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := len(w.audit.Events())
			got := w.token(refreshForm("unknown", tt.changes...))
			got.refused(t, 401, "invalid_client")
			answers[got.text] = true
			events := w.audit.Events()[before:]
			if len(events) != 1 || events[0].Kind != audit.ClientAuthFailed || events[0].Detail["reason"] != tt.reason {
				t.Errorf("audit trail %+v", events)
			}
		})
	}
	if len(answers) != 1 {
		t.Errorf("the client can tell the cases apart: %v", answers)
	}
}
