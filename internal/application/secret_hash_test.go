package application_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/clock"
)

// Hashes of "correct horse", as caddy hash-password has printed them.
const (
	bcryptHash = "$2a$04$57REMK6ImCvFYhCic//A/eqkLj1xAIsGuykgOKmDhGSkWL2Gurij2"
	argon2Hash = "$argon2id$v=19$m=64,t=1,p=1$V0c2v8nfNQyC0Z9M++tEjA$wS+GDoM/PTdNQNk0rQ+uEK4rEq5qD1uXeWkYlD7TSTk"
)

func sha256Hash(plain string) string {
	sum := sha256.Sum256([]byte(plain))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func TestHashedSecretMatches(t *testing.T) {
	for _, hash := range []string{bcryptHash, argon2Hash, sha256Hash("correct horse"), strings.ToUpper(sha256Hash("correct horse")[7:])} {
		if !strings.ContainsAny(hash, "$:") {
			hash = "sha256:" + hash
		}
		s, err := application.NewHashedSecret(hash)
		if err != nil {
			t.Fatal(err)
		}
		if s.Slow() != strings.HasPrefix(hash, "$") || !s.Set() {
			t.Errorf("%s: slow %v, set %v", hash, s.Slow(), s.Set())
		}
		for plain, want := range map[string]bool{
			"correct horse": true, "correct hors": false, "correct horse ": false, "Correct horse": false, "": false,
			hash: false, "correct horse\x00correct horse": false,
		} {
			if got := s.Matches(plain); got != want {
				t.Errorf("%s: %q matches: %v, want %v", hash, plain, got, want)
			}
		}
		decoy := s.Decoy()
		for range 2 { // the second time it has been compared
			if decoy.Known("correct horse") || decoy.Matches("correct horse") {
				t.Errorf("%s: the decoy lets somebody in", hash)
			}
		}
		if s.Decoy().Set() || s.Decoy().Matches("correct horse") || s.Decoy().Slow() != s.Slow() {
			t.Errorf("%s: the decoy is of use", hash)
		}
		if text := fmt.Sprintf("%v %+v %#v", s, s, s); text != "[secret] [secret] [secret]" {
			t.Errorf("printed as %s", text)
		}
	}
}

// bcrypt looks at 72 bytes: what begins like a long secret is not the secret.
func TestBcryptIsComparedWhole(t *testing.T) {
	long := strings.Repeat("a", 72)
	hash, err := bcrypt.GenerateFromPassword([]byte(long), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	s, err := application.NewHashedSecret(string(hash))
	if err != nil {
		t.Fatal(err)
	}
	if !s.Matches(long) || s.Matches(long+"b") || s.Matches(long[:71]) {
		t.Error("another text than the secret matches, or the secret does not")
	}
	empty, err := bcrypt.GenerateFromPassword(nil, bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = application.NewHashedSecret(string(empty)); err != nil {
		t.Fatal(err)
	}
	if s.Matches("") || s.Known("") || s.Matches(long+"b") || s.Matches("\x00") {
		t.Error("the hash of nothing lets somebody in")
	}
}

func TestHashedSecretRefuses(t *testing.T) {
	change := func(hash, old, new string) string {
		if !strings.Contains(hash, old) {
			t.Fatalf("%s has no %s", hash, old)
		}
		return strings.Replace(hash, old, new, 1)
	}
	for _, test := range []struct{ hash, want string }{
		{"", "must be what caddy hash-password prints"},
		{"correct horse", "must be what caddy hash-password prints"},
		{" " + bcryptHash, "must be what caddy hash-password prints"},
		{"SHA256:" + sha256Hash("x")[7:], "must be what caddy hash-password prints"},
		{"sha256:" + sha256Hash("x")[8:], "64 hexadecimal digits"},
		{sha256Hash("x") + "00", "64 hexadecimal digits"},
		{sha256Hash("x") + "0", "64 hexadecimal digits"},
		{sha256Hash("x") + "g", "64 hexadecimal digits"},
		{"sha256:" + strings.Repeat("g", 64), "64 hexadecimal digits"},
		{sha256Hash(""), "empty text"},
		{bcryptHash[:59], "no complete bcrypt hash"},
		{bcryptHash + "x", "no complete bcrypt hash"},
		{change(bcryptHash, "$2a", "$2x"), "no complete bcrypt hash"},
		{change(bcryptHash, "$04", "$03"), "no bcrypt hash"},
		{change(bcryptHash, "$04", "$17"), "cost of 17 is more than 16"},
		{change(bcryptHash, "$04", "$31"), "cost of 31 is more than 16"},
		{argon2Hash[:50], "no complete argon2id hash"},
		{argon2Hash + "$", "no complete argon2id hash"},
		{change(argon2Hash, "$argon2id", "$argon2i"), "only the argon2id variant"},
		{change(argon2Hash, "v=19", "v=16"), "version 16 is not 19"},
		{change(argon2Hash, "m=64", "m=262145"), "memory of 262145 KiB"},
		{change(argon2Hash, "m=64", "m=7"), "memory of 7 KiB"},
		{change(argon2Hash, "t=1", "t=0"), "time of 0"},
		{change(argon2Hash, "t=1", "t=17"), "time of 17"},
		{change(argon2Hash, "p=1", "p=0"), "parallelism of 0"},
		{change(argon2Hash, "p=1", "p=17"), "parallelism of 17"},
		{change(argon2Hash, "7TSTk", "7TSTl"), "no base64"}, // a last digit with bits that mean nothing
		{change(argon2Hash, "+tEjA", "+tEjB"), "no base64"},
	} {
		_, err := application.NewHashedSecret(test.hash)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want an error with %q", test.hash, err, test.want)
		} else if len(test.hash) > 4 && strings.Contains(err.Error(), test.hash) {
			t.Errorf("the error quotes what may be a secret: %v", err)
		}
	}
}

// What is as costly as it may be is taken; nothing is compared here.
func TestHashedSecretAtItsBounds(t *testing.T) {
	for _, hash := range []string{
		strings.Replace(bcryptHash, "$04", "$16", 1),
		strings.Replace(argon2Hash, "m=64,t=1,p=1", "m=262144,t=16,p=16", 1),
		strings.Replace(argon2Hash, "m=64", "m=8", 1),
	} {
		if s, err := application.NewHashedSecret(hash); err != nil || !s.Slow() {
			t.Errorf("%s: %v", hash, err)
		}
	}
}

// A slow comparison that has succeeded counts for a minute, one that has
// failed not at all.
func TestSlowSecretIsRemembered(t *testing.T) {
	now := clock.NewFake(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	s, err := application.NewHashedSecret(bcryptHash)
	if err != nil {
		t.Fatal(err)
	}
	slow := application.CountSlow(s, now.Now)
	if s.Known("correct horse") || slow() != 0 {
		t.Error("known before it was compared")
	}
	for range 2 {
		if s.Matches("wrong") {
			t.Error("a wrong secret matches")
		}
	}
	if slow() != 2 {
		t.Errorf("%d comparisons of two failures", slow())
	}
	for range 3 {
		if !s.Matches("correct horse") || !s.Known("correct horse") || s.Known("wrong") {
			t.Fatal("not known after a success")
		}
	}
	if slow() != 3 {
		t.Errorf("%d comparisons", slow())
	}
	now.Advance(time.Minute)
	if s.Known("correct horse") {
		t.Error("known after a minute")
	}
	if !s.Matches("correct horse") || slow() != 4 {
		t.Error("does not match after a minute")
	}
	if plain := application.NewSecret("x"); !plain.Known("x") || plain.Known("y") || plain.Slow() {
		t.Error("a plain secret is not known at once")
	}
}
