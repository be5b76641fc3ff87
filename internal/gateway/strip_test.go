package gateway

import (
	"encoding/base64"
	"net/http"
	"reflect"
	"testing"
)

func jwtWithIssuer(issuer string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"`+issuer+`"}`)) + ".c2ln"
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
			http.Header{"Authorization": {"Bearer " + theirs}},
			http.Header{"Authorization": {"Bearer " + theirs}}},
		{"our token", http.Header{"Authorization": {"Bearer " + ours}}, http.Header{}},
		{"our token, other case", http.Header{"Authorization": {"bEARER  " + ours}}, http.Header{}},
		{"our token in a second line",
			http.Header{"Authorization": {"bearer 0123abcd", "Bearer " + ours}}, http.Header{}},
		{"our token behind a tab, which Odoo takes for a blank",
			http.Header{"Authorization": {"Bearer\t" + ours}}, http.Header{}},
		{"our token behind another", http.Header{"Authorization": {"Bearer 0123abcd, Bearer " + ours}}, http.Header{}},
		{"our token under another scheme", http.Header{"Authorization": {"OAuth " + ours}}, http.Header{}},
		{"our cookies among others",
			http.Header{"Cookie": {"session_id=a; __Host-odoo_gateway_request=x; cids=1;odoo_gateway_round=2"}},
			http.Header{"Cookie": {"session_id=a; cids=1"}}},
		{"only ours", http.Header{"Cookie": {"__Host-odoo_gateway_request=x"}}, http.Header{}},
		{"the name in a value",
			http.Header{"Cookie": {"a=odoo_gateway_x"}}, http.Header{"Cookie": {"a=odoo_gateway_x"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := &Gateway{issuer: issuer}
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
