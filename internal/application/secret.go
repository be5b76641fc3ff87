package application

import (
	"crypto/sha256"
	"crypto/subtle"
)

// Secret is a client secret in a form that can only be compared.
type Secret struct {
	sum [sha256.Size]byte
	set bool
}

// NewSecret returns the comparable form of a plain secret. The empty string
// gives a Secret that matches nothing.
func NewSecret(plain string) Secret {
	if plain == "" {
		return Secret{}
	}
	return Secret{sum: sha256.Sum256([]byte(plain)), set: true}
}

// Set tells whether there is a secret at all.
func (s Secret) Set() bool { return s.set }

// Matches compares in constant time, and does the same work for a Secret that
// is not set.
func (s Secret) Matches(plain string) bool {
	sum := sha256.Sum256([]byte(plain))
	return subtle.ConstantTimeCompare(sum[:], s.sum[:]) == 1 && s.set
}

// String hides the hash too: what is printed may end in a log.
func (s Secret) String() string {
	if s.set {
		return "[secret]"
	}
	return "[no secret]"
}

// GoString is String.
func (s Secret) GoString() string { return s.String() }
