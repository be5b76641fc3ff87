package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
)

// device is a row of the list in which Odoo 18 and later show a person where
// they are signed in.
type device struct {
	Current  bool   `json:"is_current"`
	Platform any    `json:"platform"`
	Browser  any    `json:"browser"`
	Address  string `json:"ip_address"`
}

// devices: what an application does over a person's session adds one row to
// the list of that session's devices, the gateway's own. Which programs ask,
// from where, and how often they do, is nothing that Odoo could list.
func devices(t *testing.T, s *site) {
	p := newPerson(t, s.base)
	p.agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Safari/537.36"
	p.logIn(s.odoo, "/web/login")
	token := p.redeem(wiki, p.consent(wiki)).Access
	var version struct {
		Info []any `json:"server_version_info"`
	}
	p.read(token, "/restapi/1.0/common/version", nil, &version)
	if version.Info[0].(float64) < 18 {
		return // keeps no such list
	}
	list := func() (found []device) {
		var all []device
		p.call("res.device", "search_read", []any{[]any{}}, map[string]any{"fields": []string{"is_current", "platform", "browser", "ip_address"}}, &all)
		for _, d := range all {
			if d.Current {
				found = append(found, d)
			}
		}
		return found
	}
	ask := func(agent, from string) {
		t.Helper()
		r := p.request("GET", "/restapi/1.0/object/res.partner/search_count?"+url.Values{"domain": {"[]"}}.Encode(), nil)
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("User-Agent", agent)
		r.Header.Set("X-Forwarded-For", from)
		if a := newPerson(t, s.base).do(r); a.StatusCode != http.StatusOK {
			t.Fatalf("%s\n%s", a.Status, a.text)
		}
	}
	before := list()
	ask("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "192.0.2.1")
	once := list()
	for i := range 8 {
		ask(fmt.Sprintf("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/1%d.0 Safari/605.1.15", i), fmt.Sprintf("192.0.2.%d", i))
	}
	after := list()
	if len(before) == 0 || len(once) > len(before)+1 || len(after) != len(once) {
		t.Errorf("devices: %v, after one call %v, after more %v", before, once, after)
	}
	for _, d := range after {
		if platform, browser := fmt.Sprint(d.Platform), fmt.Sprint(d.Browser); d.Address != "127.0.0.1" || platform == "windows" || platform == "macos" || browser == "firefox" || browser == "safari" {
			t.Errorf("Odoo lists what asked the gateway: %+v", d)
		}
	}
}
