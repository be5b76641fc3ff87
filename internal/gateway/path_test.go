package gateway

import (
	"net/http"
	"net/url"
	"testing"
)

func TestClean(t *testing.T) {
	tests := []struct {
		name string
		uri  string
		want bool
	}{
		{"plain", "/restapi/1.0/object/res.partner/7", true},
		{"trailing slash", "/restapi/1.0/object/res.partner/", true},
		{"query does not matter", "/restapi/1.0/object/res.partner?domain=[('a','=','//../')]", true},
		{"needless encoding of a letter", "/restapi/1.0/object/res%2Epartner", true},
		{"doubled slash", "/restapi/1.0//object/res.partner", false},
		{"two trailing slashes", "/restapi/1.0/object/res.partner//", false},
		{"dot segment", "/restapi/1.0/./object", false},
		{"dot dot", "/restapi/1.0/object/../x", false},
		{"encoded dot dot", "/restapi/1.0/object/%2e%2e/x", false},
		{"trailing dot segment", "/restapi/1.0/object/.", false},
		{"encoded slash", "/restapi/1.0/object/res.partner%2f7", false},
		{"encoded slash, upper case", "/restapi/1.0/object/res.partner%2F7", false},
		{"encoded backslash", "/restapi/1.0/object/res.partner%5c7", false},
		{"encoded percent", "/restapi/1.0/object/res.partner%252f7", false},
		{"parameters of a segment", "/restapi/1.0/object/res.partner;x=1/7", false},
		{"encoded semicolon", "/restapi/1.0/object/res.partner%3bx", false},
		{"nul", "/restapi/1.0/object/res.partner%00", false},
		{"encoded line feed", "/restapi/1.0/object/res.partner%0a", false},
		{"space", "/restapi/1.0/object/res.partner%20", false},
		{"full-width dot", "/restapi/1.0/object/res%EF%BC%8Epartner", false},
		{"overlong slash", "/restapi/1.0/object/res.partner%c0%af7", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, err := url.ParseRequestURI(tt.uri)
			if err != nil {
				t.Fatal(err)
			}
			if got := clean(&http.Request{URL: u}); got != tt.want {
				t.Errorf("clean(%q) = %v, want %v", tt.uri, got, tt.want)
			}
		})
	}
}

func TestOwned(t *testing.T) {
	tests := map[string]bool{
		"/restapi/1.0/object/res.partner":                true,
		"/restapi/1.0":                                   true,
		"/orestapi/record/read":                          true,
		"/.well-known/oauth-authorization-server":        true,
		"/.well-known/openid-configuration":              true,
		"/.well-known/oauth-protected-resource":          true,
		"/.well-known/oauth-protected-resource/orestapi": true,
		"/.well-known/openid-configurations":             false,
		"/.well-known/oauth-protected-resources":         false,
		"/":                                              false,
		"/restapi/2.0/object":                            false,
		"/restapi/1.0x":                                  false,
		"/RESTAPI/1.0/object":                            false,
		"/web/login":                                     false,
		"/web/../restapi/1.0/object":                     true, // and refused
		"//restapi/1.0/object":                           true,
		"/./restapi//1.0/object/":                        true,
		"/restapi/1.0/../../web/login":                   true,
		"/en/restapi/1.0/object":                         true,
		"//fr_BE//orestapi/record/read":                  true,
		"/en/fr/restapi/1.0/object":                      false,
		"restapi/1.0/object":                             false,
		"*":                                              false,
		"":                                               false,
		"/json/2/res.partner/search_read":                false,
		"/.well-known/acme-challenge/token":              false,
	}
	for path, want := range tests {
		if got := owned(path); got != want {
			t.Errorf("owned(%q) = %v, want %v", path, got, want)
		}
	}
}
