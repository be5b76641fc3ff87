package page

import (
	"strings"
	"testing"
)

func TestAddressBreaksBetweenItsParts(t *testing.T) {
	for url, want := range map[string]string{
		"http://localhost:9/callback":            "http://|localhost:9|/callback",
		"https://id.example.com/a-b/c_d?e=f&g#h": "https://|id.example.com|/a-b|/c_d|?e=f|&amp;g|#h",
		"https://a.example//b/":                  "https://|a.example|//b|/",
		"com.example.app:/back":                  "com.example.app:|/back",
		"":                                       "",
		"/":                                      "/",
		"https://":                               "https://|",
		`https://"><script>/<b>`:                 "https://|&#34;&gt;&lt;script&gt;|/&lt;b&gt;",
		"https://ö.example/é":                    "https://|ö.example|/é",
	} {
		got := string(Voice{}.Address(url))
		if strings.ReplaceAll(got, "<wbr>", "|") != want {
			t.Errorf("%q is %q, want %q", url, got, want)
		}
	}
}
