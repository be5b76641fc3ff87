package application

import (
	"crypto/sha256"
	"crypto/subtle"
)

// Secret is a client secret in a form that can only be compared.
type Secret struct {
	sum  [sha256.Size]byte
	set  bool
	slow *slowHash // instead of sum, for a secret that is configured hashed
	weak string    // see Weakness
}

// NewSecret returns the comparable form of a plain secret. The empty string
// gives a Secret that matches nothing.
func NewSecret(plain string) Secret {
	if plain == "" {
		return Secret{}
	}
	return Secret{sum: sha256.Sum256([]byte(plain)), set: true, weak: weakness(plain)}
}

// Set tells whether there is a secret at all.
func (s Secret) Set() bool { return s.set }

// Weakness says in a few words why a secret is easily guessed, as in "is shorter
// than 16 characters", and nothing more of it; "" where nothing speaks against
// it. Of one that is configured hashed nobody can tell.
func (s Secret) Weakness() string { return s.weak }

// Slow tells whether Matches may take long: a hash made for passwords costs
// a tenth of a second and more, on purpose. Who calls it on a stranger's
// behalf asks Known first, and bounds how many calls run at once.
func (s Secret) Slow() bool { return s.slow != nil }

// Known tells at once whether plain is known to match: for a slow secret,
// because Matches has found so within the last minute.
func (s Secret) Known(plain string) bool {
	if s.slow != nil {
		return s.slow.known(plain) && s.set && plain != ""
	}
	return s.Matches(plain)
}

// Matches compares in constant time, and does the same work for a Secret that
// is not set.
func (s Secret) Matches(plain string) bool {
	if s.slow != nil {
		return s.slow.matches(plain) && s.set && plain != ""
	}
	sum := sha256.Sum256([]byte(plain))
	return subtle.ConstantTimeCompare(sum[:], s.sum[:]) == 1 && s.set
}

// Decoy returns a Secret that matches nothing and costs what s costs: what
// unknown clients are compared with, so that they take no less time.
func (s Secret) Decoy() Secret {
	if s.slow == nil {
		return Secret{}
	}
	return Secret{slow: newSlowHash(s.slow.compare)}
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
