package application_test

import (
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
)

func TestWeakSecret(t *testing.T) {
	for plain, want := range map[string]string{
		"x":                                  "shorter than 16",
		"Xk29vPq81LmZt0R":                    "shorter than 16",
		"change-me-please":                   "words that everybody tries",
		"your-client-secret":                 "words that everybody tries",
		"Change Me - this is my Secret!":     "", // one word is not in the list
		"My_Super-Secret.Password_123456789": "words that everybody tries",
		"CHANGEMECHANGEME":                   "words that everybody tries",
		"aaaaaaaaaaaaaaaaaaaaaaaa":           "again and again",
		"abcabcabcabcabcabcabc":              "again and again",
		"12345678901234567890":               "digits in their order",
		"0123456789012345678901234567890123": "digits in their order",
		"administrator-admin":                "words that everybody tries",
		"passw0rd-passw0rd":                  "words that everybody tries",
		"pass:word-my-secret":                "words that everybody tries",
		"pass~word-my-secret":                "words that everybody tries",
		"pass\x7fword-my-secret":             "words that everybody tries",
		"pass9word-my-secret":                "",
		"z-my-secret-password":               "",
		"äöüßéè-my-secret":                   "",
		"qzjxkqzjxkqzjxkqzjxk":               "again and again",
		"qzjxkvqzjxkvqzjxkv":                 "",
		"the-wiki-has-a-secret":              "",
		"uwCrAHAQbL7D9cvJLIztNaZ0bziEGMDh":   "",
		"8347238947238947238471":             "",
		"9f86d081884c7d659a2feaa0c55ad015":   "",
		"":                                   "",
	} {
		got := application.NewSecret(plain).Weakness()
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", plain, got, want)
		}
	}
	made := application.GenerateSecret()
	if why := application.NewSecret(made).Weakness(); why != "" {
		t.Errorf("%s: %s", made, why)
	}
	hash, err := application.HashSlow("x")
	if err != nil {
		t.Fatal(err)
	}
	hashed, err := application.NewHashedSecret(hash)
	if err != nil || hashed.Weakness() != "" {
		t.Errorf("of a hash nobody can tell: %q %v", hashed.Weakness(), err)
	}
}
