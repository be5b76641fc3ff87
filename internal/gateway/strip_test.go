package gateway

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

func jwtWithIssuer(issuer string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"typ":"at+jwt"}`)) + "." + encode([]byte(`{"iss":"`+issuer+`"}`)) + "." + encode(make([]byte, 64))
}

func TestM30_Strip(t *testing.T) {
	const issuer = "https://erp.example.com"
	ours, theirs := jwtWithIssuer(issuer), jwtWithIssuer("https://other.example.com")
	tests := []struct {
		name string
		in   http.Header
		want http.Header
	}{
		{"nothing of ours",
			http.Header{"Authorization": {"bearer 0123abcd"}, "Cookie": {"session_id=a; cids=1"}},
			http.Header{"Authorization": {"bearer 0123abcd"}, "Cookie": {"session_id=a; cids=1"}}},
		{"a token of another issuer is Odoo's business",
			http.Header{"Authorization": {"Bearer " + theirs}, "Cookie": {"a=" + theirs}},
			http.Header{"Authorization": {"Bearer " + theirs}, "Cookie": {"a=" + theirs}}},
		{"our token in a header of another name",
			http.Header{"X-Api-Key": {ours}, "X_authorization": {"Bearer:" + ours}}, http.Header{}},
		{"our token in a second line",
			http.Header{"X-Token": {"0123abcd", `token="` + ours + `"`}}, http.Header{"X-Token": {"0123abcd"}}},
		{"our token in the address of the page before",
			http.Header{"Referer": {issuer + "/restapi/1.0/object?access_token=" + strings.ReplaceAll(ours, ".", "%2E")}}, http.Header{}},
		{"our token in a cookie",
			http.Header{"Cookie": {"session_id=a; token=" + ours + "; cids=1"}}, http.Header{"Cookie": {"session_id=a; cids=1"}}},
		{"our cookies among others",
			http.Header{"Cookie": {"session_id=a; __Host-odoo_gateway_request=x; cids=1;odoo_gateway_round=2"}},
			http.Header{"Cookie": {"session_id=a; cids=1"}}},
		{"only ours", http.Header{"Cookie": {"__Host-odoo_gateway_request=x"}}, http.Header{}},
		{"the name in a value",
			http.Header{"Cookie": {"a=odoo_gateway_x"}}, http.Header{"Cookie": {"a=odoo_gateway_x"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := &Gateway{issuer: issuer, firstClaim: firstClaim(issuer)}
			r := &http.Request{Header: tt.in.Clone()}
			got := g.strip(r.Header)
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("stripped %v, want %v", got, tt.want)
			}
			if !reflect.DeepEqual(r.Header, tt.in) {
				t.Errorf("the request itself was changed: %v", r.Header)
			}
		})
	}
}

// A request that presents one of our tokens is never Odoo's, however the token
// is spelled.
func TestPresentsToken(t *testing.T) {
	const issuer = "https://erp.example.com"
	ours, theirs := jwtWithIssuer(issuer), jwtWithIssuer("https://other.example.com")
	tests := []struct {
		name, query string
		lines       []string
		want        bool
	}{
		{"nothing", "", nil, false},
		{"a key of Odoo's", "", []string{"bearer 0123456789012345678901234567890123456789"}, false},
		{"a token of another issuer", "", []string{"Bearer " + theirs}, false},
		{"ours", "", []string{"Bearer " + ours}, true},
		{"another case", "", []string{"bEARER  " + ours}, true},
		{"in a second line", "", []string{"bearer 0123abcd", "Bearer " + ours}, true},
		{"behind a tab, which Odoo takes for a blank", "", []string{"Bearer\t" + ours}, true},
		{"behind another", "", []string{"Bearer 0123abcd, Bearer " + ours}, true},
		{"under another scheme", "", []string{"OAuth token='" + ours + "'"}, true},
		{"alone", "", []string{ours}, true},
		{"in the URL", "a=1&access_token=" + ours, nil, true},
		{"in the URL, encoded", "access_token=" + strings.ReplaceAll(ours, ".", "%2e"), nil, true},
		{"in the URL, beside a stray percent sign", "q=100%&access_token=" + ours, nil, true},
		{"another's in the URL", "access_token=" + theirs, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &http.Request{URL: &url.URL{RawQuery: tt.query}, Header: http.Header{"Authorization": tt.lines}}
			if got := (&Gateway{issuer: issuer, firstClaim: firstClaim(issuer)}).presentsToken(r); got != tt.want {
				t.Errorf("presentsToken is %v", got)
			}
		})
	}
}

// Tokens as the gateway writes them are known by their beginning, and no other
// issuer's is: not one that begins as ours does.
func TestBegins(t *testing.T) {
	for _, issuer := range []string{"https://erp.example.com", "http://127.0.0.1:8080", "https://a.b", "https://" + strings.Repeat("x", 300)} {
		g := &Gateway{issuer: issuer, firstClaim: firstClaim(issuer)}
		short := len(issuer) < 200
		for claims, want := range map[string]bool{
			`{"iss":"` + issuer + `","sub":"x"}`:              short,
			`{"iss":"` + issuer + `"}`:                        false, // it is ours all the same
			`{"sub":"x","iss":"` + issuer + `"}`:              false,
			`{"iss":"` + issuer + `.evil.example","a":1}`:     false,
			`{"iss":"` + issuer[:len(issuer)-1] + `","a":1}`:  false,
			`{"iss":"` + issuer[:len(issuer)-1] + `x","a":1}`: false,
			`{"iss":"`: false,
			``:         false,
		} {
			if got := g.begins(base64.RawURLEncoding.EncodeToString([]byte(claims))); got != want {
				t.Errorf("%s: %v", claims, got)
			}
		}
		if g.begins("!" + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"`+issuer+`","sub":"x"}`))) {
			t.Error("what is no base64 begins as ours")
		}
	}
}
