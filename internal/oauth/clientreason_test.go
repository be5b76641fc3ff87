package oauth

import (
	"net/http"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

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

// Who sent nothing to authenticate with is told how to.
func TestClientThatNamesNobodyIsTold(t *testing.T) {
	w := newWorld(t)
	nameless := refreshForm("unknown", "client_id", "", "client_secret", "")
	bearer := w.request(http.MethodPost, AccessTokenPath, nameless.Encode())
	bearer.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	bearer.Header.Set("Authorization", "Bearer x")
	for name, got := range map[string]reply{"nothing": w.token(nameless), "a bearer token": w.do(bearer)} {
		if got.refused(t, 401, "invalid_client"); !strings.Contains(got.text, "no client credentials were sent: use HTTP Basic") {
			t.Errorf("%s: %s", name, got.text)
		}
	}
}

// The page says the same of an application that is archived and of one that is
// unknown; the log tells them apart.
func TestArchivedApplicationIsLogged(t *testing.T) {
	w := newWorld(t)
	core, logs := observer.New(zap.InfoLevel)
	w.config.Logger = zap.New(core)
	w.reload(applications())
	for client, want := range map[string]string{"archived": "archived_application", "nobody": "unknown_application"} {
		logs.TakeAll()
		w.browser("demo-session").get(authorizeURL(query("client_id", client)))
		refused := logs.FilterMessage("refused").All()
		if len(refused) != 1 || refused[0].ContextMap()["problem"] != want {
			t.Errorf("%s: logged %v", client, refused)
		}
	}
}
