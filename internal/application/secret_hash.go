package application

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

// What a hash may cost at most: each of these takes a few seconds, and every
// login of a client costs as much. A hash that asks for more is a mistake, or
// somebody's way to stop the gateway.
const (
	maxBcryptCost     = 16
	maxArgon2Memory   = 256 << 10 // KiB
	maxArgon2Time     = 16
	maxArgon2Threads  = 16
	maxBcryptPassword = 72 // bcrypt looks at no more bytes
)

// NewHashedSecret returns a Secret from its hash, so that the configuration
// does not hold the secret itself. It takes what "caddy hash-password" prints
// (bcrypt, "$2a$…"; with --algorithm argon2id, "$argon2id$…") and, for secrets
// that are long and random, "sha256:" with the SHA-256 in hex, which costs no
// time. A plain secret is an error, and so is a hash that would take many
// seconds to compare. Errors never quote the text: it may be a plain secret.
func NewHashedSecret(hash string) (Secret, error) {
	var compare func(string) bool
	var err error
	switch {
	case strings.HasPrefix(hash, "sha256:"):
		return parseSHA256(strings.TrimPrefix(hash, "sha256:"))
	case strings.HasPrefix(hash, "$argon2id$"):
		compare, err = parseArgon2id(hash)
	case strings.HasPrefix(hash, "$2"):
		compare, err = parseBcrypt(hash)
	case strings.HasPrefix(hash, "$argon2"):
		err = errors.New("only the argon2id variant of argon2 is supported")
	default:
		err = errors.New("it must be what caddy hash-password prints, or sha256: with 64 hexadecimal digits")
	}
	if err != nil {
		return Secret{}, fmt.Errorf("secret hash: %w", err)
	}
	return Secret{set: true, slow: newSlowHash(compare)}, nil
}

func parseSHA256(digits string) (Secret, error) {
	s := Secret{set: true}
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) != len(s.sum) {
		return Secret{}, errors.New("secret hash: sha256: must be followed by 64 hexadecimal digits")
	}
	copy(s.sum[:], b)
	if s.sum == sha256.Sum256(nil) {
		return Secret{}, errors.New("secret hash: it is the hash of the empty text")
	}
	return s, nil
}

// bcryptForm is a whole bcrypt hash: an older or newer letter, cost, 22
// characters of salt and 31 of hash.
var bcryptForm = regexp.MustCompile(`^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}$`)

func parseBcrypt(hash string) (func(string) bool, error) {
	if !bcryptForm.MatchString(hash) {
		return nil, errors.New("it is no complete bcrypt hash (in a shell or .env file, dollar signs need quotes)")
	}
	cost, err := bcrypt.Cost([]byte(hash))
	if err != nil {
		return nil, errors.New("it is no bcrypt hash")
	}
	if cost > maxBcryptCost {
		return nil, fmt.Errorf("its bcrypt cost of %d is more than %d", cost, maxBcryptCost)
	}
	return func(plain string) bool {
		// Beyond 72 bytes bcrypt looks at nothing, and behind a zero byte the
		// password begins again: several texts would pass for the secret.
		odd := len(plain) > maxBcryptPassword || strings.ContainsRune(plain, 0)
		if odd {
			plain = ""
		}
		return bcrypt.CompareHashAndPassword([]byte(hash), []byte(plain)) == nil && !odd
	}, nil
}

// argon2Form is a PHC string as Caddy and the reference tool write it.
var argon2Form = regexp.MustCompile(`^\$argon2id\$v=([0-9]{1,3})\$m=([0-9]{1,9}),t=([0-9]{1,9}),p=([0-9]{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$`)

func parseArgon2id(hash string) (func(string) bool, error) {
	m := argon2Form.FindStringSubmatch(hash)
	if m == nil {
		return nil, errors.New("it is no complete argon2id hash (in a shell or .env file, dollar signs need quotes)")
	}
	var n [4]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1]) // nine digits at most
	}
	version, memory, passes, threads := n[0], n[1], n[2], n[3]
	salt, saltErr := base64.RawStdEncoding.Strict().DecodeString(m[5])
	key, keyErr := base64.RawStdEncoding.Strict().DecodeString(m[6])
	switch {
	case saltErr != nil || keyErr != nil:
		return nil, errors.New("its salt or key is no base64")
	case version != argon2.Version:
		return nil, fmt.Errorf("its argon2 version %d is not %d", version, argon2.Version)
	case memory < 8 || memory > maxArgon2Memory:
		return nil, fmt.Errorf("its argon2id memory of %d KiB is not between 8 and %d", memory, maxArgon2Memory)
	case passes < 1 || passes > maxArgon2Time:
		return nil, fmt.Errorf("its argon2id time of %d is not between 1 and %d", passes, maxArgon2Time)
	case threads < 1 || threads > maxArgon2Threads:
		return nil, fmt.Errorf("its argon2id parallelism of %d is not between 1 and %d", threads, maxArgon2Threads)
	}
	return func(plain string) bool {
		got := argon2.IDKey([]byte(plain), salt, uint32(passes), uint32(memory), uint8(threads), uint32(len(key)))
		return subtle.ConstantTimeCompare(got, key) == 1
	}, nil
}
