package application

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"
)

// What HashSlow asks for: the memory and time of "caddy hash-password".
const (
	slowMemory  = 46 << 10 // KiB
	slowTime    = 1
	slowThreads = 1
)

// LeastFast is the least length in bytes of a secret that HashFast takes.
const LeastFast = 32

// GenerateSecret returns a fresh client secret: 52 capital letters and digits
// with 256 bits and more, which need no quotes in a shell, a URL or a file.
func GenerateSecret() string { return rand.Text() + rand.Text() }

// HashFast returns the form of a secret that costs no time to compare, which
// [NewHashedSecret] takes. It is for secrets that were made at random: whoever
// gets at the configuration can try a billion others in a second. Short ones
// are an error.
func HashFast(plain string) (string, error) {
	if len(plain) < LeastFast {
		return "", fmt.Errorf("a secret of less than %d characters can be guessed from its SHA-256", LeastFast)
	}
	sum := sha256.Sum256([]byte(plain))
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// HashSlow returns the form of a secret that takes long to guess, whoever made
// it up: argon2id, which [NewHashedSecret] takes.
func HashSlow(plain string) (string, error) {
	if plain == "" {
		return "", errors.New("the secret is empty")
	}
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	key := argon2.IDKey([]byte(plain), salt, slowTime, slowMemory, slowThreads, sha256.Size)
	text := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, slowMemory, slowTime, slowThreads, text(salt), text(key)), nil
}
