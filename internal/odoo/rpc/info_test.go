package rpc

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

func TestRecordedInfo(t *testing.T) {
	want := map[string]Info{
		"session_info_admin":  {Login: "admin", Name: "Mitchell Admin", Lang: "en_US", Zone: "Europe/Brussels", Internal: true, System: true},
		"session_info_demo":   {Login: "demo", Name: "Marc Demo", Lang: "en_US", Zone: "Europe/Brussels", Internal: true},
		"session_info_portal": {Login: "portal", Name: "Joel Willis", Lang: "en_US"},
	}
	uids := map[string][2]int64{ // on 16 to 18, on 19
		"session_info_admin": {2, 2}, "session_info_demo": {6, 5}, "session_info_portal": {7, 6},
	}
	all := recordings(t, "session_info.jsonl")
	if len(all) != 12 {
		t.Fatalf("%d recordings", len(all))
	}
	for _, r := range all {
		version := r.Versions[0]
		var asked []string
		tr := serve(t, func(w http.ResponseWriter, req *http.Request) {
			if req.Header.Get("User-Agent") != browser || req.Header.Get("X-Odoo-Skip-Session-Rotation-Interval") != "" {
				t.Errorf("%v: header %v", r, req.Header)
			}
			if req.URL.Path == "/web/session/get_session_info" {
				w.Header().Add("Set-Cookie", "session_id="+sid84+"; Expires=Sat, 20 Nov 2027 23:13:53 GMT; Max-Age=604800; HttpOnly; Path=/")
				answerJSON(w, string(r.Answer))
				return
			}
			body, _ := io.ReadAll(req.Body)
			asked = append(asked, string(body))
			answerJSON(w, `{"jsonrpc":"2.0","id":1,"result":`+map[bool]string{true: "false", false: "true"}[r.Name == "session_info_portal"]+`}`)
		})
		got, cookie, err := client(t, nil).Info(context.Background(), tr, session)
		w := want[r.Name]
		w.Database = "demo" + version
		w.Version = int(version[0]-'0')*10 + int(version[1]-'0')
		w.UID = uids[r.Name][0]
		if version == "19" {
			w.UID = uids[r.Name][1]
		}
		if err != nil || got != w {
			t.Errorf("%v: %+v, %v; want %+v", r, got, err, w)
		}
		if cookie == nil || cookie.Value != sid84 || cookie.MaxAge != 604800 || !cookie.HttpOnly || cookie.Path != "/" {
			t.Errorf("%v: cookie %v", r, cookie)
		}
		if version == "16" && (len(asked) != 1 || !strings.Contains(asked[0], `"args":["base.group_user"]`)) || version != "16" && asked != nil {
			t.Errorf("%v: asked %v", r, asked)
		}
	}
}

func TestInfoVariants(t *testing.T) {
	answer := func(info string) string { return `{"jsonrpc":"2.0","id":1,"result":{` + info + `}}` }
	tests := []struct {
		name, answer string
		version      int
		kind         odoo.Kind
		groupArgs    string // "" = has_group is not asked
	}{
		{name: "saas", answer: answer(`"uid":2,"is_internal_user":true,"server_version_info":["saas~18",2,0,"final",0,""]`), version: 18},
		{name: "flag missing on 18", answer: answer(`"uid":2,"server_version_info":[18,0]`), version: 18, groupArgs: `"args":[[2],"base.group_user"]`},
		{name: "flag missing on saas~17", answer: answer(`"uid":2,"server_version_info":["saas~17",4]`), version: 17, groupArgs: `"args":["base.group_user"]`},
		{name: "version missing", answer: answer(`"uid":2,"is_internal_user":true`)},
		{name: "nobody", answer: answer(`"uid":null`), kind: odoo.SessionExpired},
		{name: "nobody, false", answer: answer(`"uid":false`), kind: odoo.SessionExpired},
		{name: "uid as text", answer: answer(`"uid":"2"`), kind: odoo.SessionExpired},
		{name: "expired", answer: `{"jsonrpc":"2.0","id":null,"error":{"code":100,"data":{"name":"odoo.http.SessionExpiredException"}}}`, kind: odoo.SessionExpired},
		{name: "locked", answer: `{"jsonrpc":"2.0","id":null,"error":{"code":100,"data":{"name":"odoo.http.session.CheckIdentityException"}}}`, kind: odoo.CheckIdentity},
	}
	for _, tt := range tests {
		var asked string
		tr := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/web/session/get_session_info" {
				answerJSON(w, tt.answer)
				return
			}
			body, _ := io.ReadAll(r.Body)
			asked = string(body)
			answerJSON(w, `{"jsonrpc":"2.0","id":1,"result":true}`)
		})
		info, _, err := client(t, nil).Info(context.Background(), tr, session)
		if tt.kind != 0 {
			if err == nil || kind(t, err) != tt.kind {
				t.Errorf("%s: %+v, %v", tt.name, info, err)
			}
			continue
		}
		if err != nil || info.Version != tt.version || !info.Internal {
			t.Errorf("%s: %+v, %v", tt.name, info, err)
		}
		if (tt.groupArgs == "") != (asked == "") || !strings.Contains(asked, tt.groupArgs) {
			t.Errorf("%s: asked %s", tt.name, asked)
		}
	}
}

// On 16 a second request tells whether the person is internal. It goes on
// with the id that the first one was given.
func TestInfoFollowsItsOwnCookie(t *testing.T) {
	other := sid84[:42] + strings.Repeat("y", 42)
	tr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/web/session/get_session_info" {
			w.Header().Add("Set-Cookie", "session_id="+other+"; Path=/")
			answerJSON(w, `{"jsonrpc":"2.0","id":1,"result":{"uid":2}}`)
			return
		}
		if got := r.Header.Get("Cookie"); got != "session_id="+other {
			t.Errorf("second request with %s", got)
		}
		answerJSON(w, `{"jsonrpc":"2.0","id":1,"result":false}`)
	})
	info, cookie, err := client(t, nil).Info(context.Background(), tr, session)
	if err != nil || info.Internal || cookie.Value != other {
		t.Errorf("%+v, %v, %v", info, cookie, err)
	}
}

func TestMajorVersion(t *testing.T) {
	for in, want := range map[any]int{
		int64(16): 16, int64(0): 0, int64(-1): 0, "saas~18": 18, "saas-18": 18, "17": 17, "19.0": 19, "": 0, "x": 0,
		"99999999999999": 0, 18.0: 0, nil: 0, true: 0,
	} {
		if got := majorVersion(in); got != want {
			t.Errorf("majorVersion(%v) = %d, want %d", in, got, want)
		}
	}
}

func TestInfoOfEveryVersion(t *testing.T) {
	for version := 16; version <= 20; version++ {
		server := odootest.Start(odootest.Options{Version: version})
		t.Cleanup(server.Close)
		issuer, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		c := New(Config{Issuer: issuer, Database: server.Database()})
		rt := &http.Transport{DisableCompression: true, DisableKeepAlives: true}
		for _, login := range []string{"admin", "demo", "portal"} {
			s := Session{ID: server.NewSession(login), UserAgent: browser}
			info, cookie, err := c.Info(context.Background(), rt, s)
			if err != nil || cookie == nil || cookie.Value != s.ID {
				t.Errorf("%d, %s: %v, %v", version, login, cookie, err)
				continue
			}
			if info.UID != server.UID(login) || info.Login != login || info.Database != server.Database() || info.Version != version ||
				info.Internal != (login != "portal") || info.System != (login == "admin") {
				t.Errorf("%d, %s: %+v", version, login, info)
			}
			// What a call answers is the same for all of them.
			result, _, err := c.Call(context.Background(), rt, s, contextGet)
			if err != nil || !strings.Contains(string(result.Value), `"uid"`) {
				t.Errorf("%d, %s: %s, %v", version, login, result.Value, err)
			}
		}
		s := Session{ID: server.NewSession("demo"), UserAgent: browser}
		server.LockIdentity("demo")
		_, _, err = c.Info(context.Background(), rt, s)
		if version < 19 && err != nil || version >= 19 && kind(t, err) != odoo.CheckIdentity {
			t.Errorf("%d, locked: %v", version, err)
		}
		server.ExpireSessions()
		if _, _, err := c.Info(context.Background(), rt, s); kind(t, err) != odoo.SessionExpired {
			t.Errorf("%d, expired: %v", version, err)
		}
	}
}

// What does not say whether somebody is logged in says of nobody that they are
// not: they would be sent to the login, and their session taken from the browser.
func TestInfoThatSaysNothing(t *testing.T) {
	for _, result := range []string{`null`, `[1]`, `"x"`, `{}`, `{"db":"demo19"}`} {
		tr := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			answerJSON(w, `{"jsonrpc":"2.0","id":1,"result":`+result+`}`)
		})
		if info, _, err := client(t, nil).Info(t.Context(), tr, session); err == nil || kind(t, err) != odoo.Server {
			t.Errorf("%s: %+v, %v", result, info, err)
		}
	}
}
