package oauth

import (
	"net/http"
	"strings"
	"testing"
)

// A request that names no redirect URI is told so, not that it is unknown; an
// administrator sees which there are.
func TestRequestWithoutRedirectURI(t *testing.T) {
	w := newWorld(t)
	for session, advised := range map[string]bool{"demo-session": false, "admin-session": true} {
		for _, without := range []string{"", "&redirect_uri="} {
			got := w.browser(session).get(AuthorizePath + "?response_type=code&client_id=wiki" + without)
			if got.StatusCode != http.StatusBadRequest || got.Header.Get("Location") != "" || !strings.Contains(got.text, "No return address") ||
				strings.Contains(got.text, "not registered for it") || strings.Contains(got.text, "Redirect URI received") ||
				strings.Contains(got.text, wikiURI) != advised {
				t.Errorf("%s: %d %s", session, got.StatusCode, got.text)
			}
		}
	}
	r := w.request(http.MethodGet, AuthorizePath+"?response_type=code&client_id=wiki", "")
	r.Header.Set("Accept", "application/json")
	if got := w.do(r); got.StatusCode != http.StatusBadRequest || !strings.Contains(got.text, "redirect_uri is missing") {
		t.Errorf("a program: %d %s", got.StatusCode, got.text)
	}
}
