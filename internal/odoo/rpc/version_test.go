package rpc

import (
	"net/http"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

const versionInfo = `{"server_version": "18.0", "server_version_info": [18, 0, 0, "final", 0, ""], "server_serie": "18.0", "protocol_version": 1}`

func TestVersion(t *testing.T) {
	var asked *http.Request
	tr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r
		http.SetCookie(w, &http.Cookie{Name: CookieName, Value: sid84})
		answerJSON(w, `{"jsonrpc": "2.0", "id": 1, "result": `+versionInfo+`}`)
	})
	record, err := client(t, nil).Version(t.Context(), tr, "OdooGateway/1")
	if err != nil {
		t.Fatal(err)
	}
	if got := string(odoo.AppendRecord(nil, record)); got != `{"server_version":"18.0","server_version_info":[18, 0, 0, "final", 0, ""],"server_serie":"18.0","protocol_version":1}` {
		t.Errorf("record %s", got)
	}
	if asked.Method != http.MethodPost || asked.URL.Path != "/web/webclient/version_info" || asked.Host != "erp.example.com" ||
		asked.UserAgent() != "OdooGateway/1" || asked.Header.Get("Content-Type") != "application/json" {
		t.Errorf("asked %+v", asked)
	}
	if _, sent := asked.Header["Cookie"]; sent {
		t.Errorf("a cookie was sent: %v", asked.Header)
	}
}

func TestVersionRefused(t *testing.T) {
	for body, want := range map[string]odoo.Kind{
		`{"jsonrpc":"2.0","id":1}`:                                              odoo.Server,
		`{"jsonrpc":"2.0","id":1,"result":"18.0"}`:                              odoo.Server,
		`{"jsonrpc":"2.0","id":1,"result":[{}]}`:                                odoo.Server,
		`{"jsonrpc":"2.0","id":1,"error":{"data":{"name":"builtins.KeyErrx"}}}`: odoo.Server,
		`{"jsonrpc":"2.0","id":1,"result":{"serv`:                               odoo.Unavailable,
	} {
		tr := serve(t, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, body) })
		if record, err := client(t, nil).Version(t.Context(), tr, ""); err == nil || kind(t, err) != want {
			t.Errorf("%s: %v, %v", body, record, err)
		}
	}
}
