package gateway

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/oauth"
)

func TestOAuth1IsRefused(t *testing.T) {
	w := newWorld(t, 19)
	bearer, _ := w.connect("wiki", "demo")
	w.odoo.ForgetRequests()
	header := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", value) }
	}
	const signed = `OAuth oauth_consumer_key="k", oauth_signature_method="PLAINTEXT", oauth_signature="a%26b"`
	for _, test := range []struct {
		path   string
		edit   func(*http.Request)
		status int
	}{
		{oauth1Prefix + "request_token", header(signed), 404},
		{oauth1Prefix + "authorize?oauth_token=x", func(*http.Request) {}, 404},
		{oauth1Prefix + "access_token", func(r *http.Request) { r.Method = http.MethodPost }, 404},
		{recordPath, header(signed), 401},
		{recordPath, header("oauth " + strings.TrimPrefix(signed, "OAuth ")), 401},
		{recordPath + "?oauth_consumer_key=k&oauth_signature=a%26b", func(*http.Request) {}, 401},
		{recordPath + "?x=1&oauth%5Fsignature=s", func(*http.Request) {}, 401},
		{recordPath + "?oauth_signature=s", header("Bearer " + bearer), 401},
		{oauth.MePath + "?oauth_consumer_key=k", header("Bearer " + bearer), 401},
	} {
		status, h, body := w.get(test.path, "", test.edit)
		want := map[string]any{"error": map[string]any{"code": float64(test.status), "message": oauth1Message}}
		if status != test.status || !reflect.DeepEqual(body, want) {
			t.Errorf("%s: %d %v", test.path, status, body)
		}
		if (status == 401) != strings.HasPrefix(h.Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("%s: %v", test.path, h)
		}
	}
	if asked := w.odoo.Requests(); len(asked) > 0 {
		t.Errorf("Odoo was asked: %v", asked)
	}
	if status, _, body := w.get(recordPath, bearer); status != http.StatusOK {
		t.Errorf("%d %v", status, body)
	}
	if owned("/start") {
		t.Error("/start is answered")
	}
}
