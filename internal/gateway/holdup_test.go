package gateway

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// nobodyWaits is for tests of something else.
type nobodyWaits struct{}

func (nobodyWaits) Wait(string) {}

// heldUp notes who is held up, and what they have been told before.
type heldUp struct {
	networks []string
	answer   *heard
	told     bool
	wait     func()
}

func (h *heldUp) Wait(network string) {
	h.networks = append(h.networks, network)
	h.told = h.told || h.answer.status != 0
	h.wait()
}

// Who comes without a good token waits for the answer, whatever the interface, and
// nobody else does.
func TestA46_RefusedTokensAreHeldUp(t *testing.T) {
	w := newWorld(t, 19)
	w.apps[0].Limits.Person = perMinute(7)
	w.reload()
	good, _ := w.connect("wiki", "demo")
	revoked, a := w.connect("wiki", "admin")
	if err := w.store.RevokeAuthorization(t.Context(), a.ID, w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	forged := good[:len(good)-8] + "AAAAAAAA"
	wait := &heldUp{wait: func() { w.clock.Advance(time.Second) }}
	w.state.limits.refused = wait
	w.reload()
	from := "192.0.2.77:1234"
	serve := func(method, path, body string, header ...string) int {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.RemoteAddr = from
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		wait.answer = &heard{header: http.Header{}}
		if err := w.gw.ServeHTTP(wait.answer, r.WithContext(t.Context()), w.upstream()); err != nil {
			t.Fatal(err)
		}
		return wait.answer.status
	}
	const orest, read = "/orestapi/record/read?model=res.partner&ids=[1]", "/json/2/res.partner/search_read"
	for _, token := range []string{"x.y.z", forged, revoked, strings.Repeat("A.", 4000)} {
		for _, ask := range [][3]string{
			{"GET", recordPath}, {"GET", orest}, {"GET", "/restapi/1.0/me"}, {"POST", "/restapi/1.0/object/res.partner", `{"vals":{}}`},
		} {
			wait.networks = nil
			if status := serve(ask[0], ask[1], ask[2], "Authorization", "Bearer "+token); status != http.StatusUnauthorized {
				t.Errorf("%s %s: %d", ask[0], ask[1], status)
			}
			if !slices.Equal(wait.networks, []string{"|192.0.2.0/24"}) {
				t.Errorf("%s %s with %.20s: held up as %q", ask[0], ask[1], token, wait.networks)
			}
		}
	}
	for _, token := range []string{forged, revoked} {
		wait.networks = nil
		if status := serve("POST", read, "{}", "Authorization", "Bearer "+token); status != http.StatusUnauthorized || len(wait.networks) != 1 {
			t.Errorf("json2 with %.20s: %d, held up as %q", token, status, wait.networks)
		}
	}
	wait.networks = nil
	if status := serve("GET", recordPath, ""); status != http.StatusUnauthorized || len(wait.networks) != 1 {
		t.Errorf("no token: %d, held up as %q", status, wait.networks)
	}
	if o := w.outcomes[len(w.outcomes)-1]; o.Held != time.Second || o.GatewayTime() != 0 {
		t.Errorf("held up for %v, and the gateway has taken %v itself", o.Held, o.GatewayTime())
	}
	for _, malformed := range []struct {
		method, path, authorization string
		want                        int
	}{
		{"GET", recordPath, "Bearer a b", 400}, {"POST", "/web/dataset/call_kw", "Bearer " + forged, 404},
	} {
		wait.networks = nil
		if status := serve(malformed.method, malformed.path, "", "Authorization", malformed.authorization); status != malformed.want || len(wait.networks) != 1 {
			t.Errorf("%s with %.20s: %d, held up as %q", malformed.path, malformed.authorization, status, wait.networks)
		}
	}
	from, wait.networks = "[2001:db8:1:2::3]:1234", nil
	if serve("GET", recordPath, ""); !slices.Equal(wait.networks, []string{"|2001:db8:1::/48"}) {
		t.Errorf("IPv6 is held up as %q", wait.networks)
	}
	if wait.told {
		t.Error("told before having waited")
	}
	wait.networks = nil
	for _, ask := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", recordPath, "", 200}, {"GET", orest, "", 200}, {"POST", read, `{"fields":["name"]}`, 200}, {"GET", "/restapi/1.0/me", "", 200},
		{"GET", "/restapi/1.0/object/res.users/1", "", 403}, {"GET", "/restapi/1.0/object/res.partner/999999", "", 404},
		{"POST", read, `{`, 400}, {"GET", recordPath, "", 429},
	} {
		if status := serve(ask.method, ask.path, ask.body, "Authorization", "Bearer "+good); status != ask.want {
			t.Errorf("%s %s: %d, want %d", ask.method, ask.path, status, ask.want)
		}
	}
	if len(wait.networks) != 0 {
		t.Errorf("a good token is held up as %q", wait.networks)
	}
}
