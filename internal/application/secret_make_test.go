package application_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
)

func TestGeneratedSecrets(t *testing.T) {
	plain := regexp.MustCompile(`^[A-Z2-7]{52}$`)
	seen := make(map[string]bool)
	for range 100 {
		s := application.GenerateSecret()
		if !plain.MatchString(s) || seen[s] || s[:26] == s[26:] {
			t.Fatalf("%q, seen before: %v", s, seen[s])
		}
		seen[s] = true
	}
}

func TestMadeHashesAreTaken(t *testing.T) {
	const secret = "a secret of thirty-two bytes ..."
	for name, make := range map[string]func(string) (string, error){"fast": application.HashFast, "slow": application.HashSlow} {
		hash, err := make(secret)
		if err != nil {
			t.Fatal(name, err)
		}
		if strings.Contains(hash, "thirty") {
			t.Errorf("%s: the hash holds the secret", name)
		}
		taken, err := application.NewHashedSecret(hash)
		if err != nil {
			t.Fatal(name, err)
		}
		if !taken.Matches(secret) || taken.Matches(secret+" ") || taken.Slow() != (name == "slow") {
			t.Errorf("%s: matches %v, a longer one %v, slow %v", name, taken.Matches(secret), taken.Matches(secret+" "), taken.Slow())
		}
	}
	one, _ := application.HashSlow(secret)
	if two, _ := application.HashSlow(secret); one == two {
		t.Error("two slow hashes have one salt")
	}
	if hash, err := application.HashFast(secret[1:]); err == nil {
		t.Errorf("a short secret became %s", hash)
	}
	if hash, err := application.HashSlow(""); err == nil {
		t.Errorf("nothing became %s", hash)
	}
}
