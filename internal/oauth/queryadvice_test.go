package oauth

import (
	"net/http"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// Refused parameters in the URL are told to the administrator once for each
// application, with the habit that tolerates them and without their values.
func TestQueryParametersAreAdvisedOnce(t *testing.T) {
	w := newWorld(t)
	core, logs := observer.New(zap.WarnLevel)
	w.config.Logger = zap.New(core)
	w.reload(applications())
	for _, client := range []string{"wiki", "wiki", "rival", "nobody"} {
		query := refreshForm("unknown", "client_id", client, "client_secret", "secret of "+client).Encode()
		w.do(w.request(http.MethodPost, AccessTokenPath+"?"+query, "")).refused(t, 400, "invalid_request")
	}
	var told []string
	for _, e := range logs.All() {
		name, _ := e.ContextMap()["application"].(string)
		if len(e.Context) != 1 || !strings.Contains(e.Message, "compat confluence") {
			t.Errorf("it says %s %v", e.Message, e.ContextMap())
		}
		told = append(told, name)
	}
	if got := strings.Join(told, " "); got != "wiki rival" {
		t.Errorf("told of %q", got)
	}
}
