package token

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// KeyBits is the size of the RSA keys made here. Larger ones cost Go five to
// nine times as much to verify and protect tokens that live for an hour no
// better.
const KeyBits = 2048

// The algorithms of signing keys (RFC 7518 section 3.3, RFC 8037 section 3.1).
const (
	// RS256 is RSA with SHA-256: what every client and resource server knows.
	RS256 = "RS256"
	// EdDSA is Ed25519: signing costs a thirtieth of RS256.
	EdDSA = "EdDSA"
)

// methods are the ways to sign and verify, by the algorithm of a key. A key
// is never used with another one than its own.
var methods = map[string]jwt.SigningMethod{RS256: jwt.SigningMethodRS256, EdDSA: jwt.SigningMethodEdDSA}

// key is a signing key that has been opened.
type key struct {
	id        string
	algorithm string
	method    jwt.SigningMethod
	private   crypto.Signer
	public    crypto.PublicKey
	size      int // of its signatures, in bytes
	jwk       json.RawMessage

	createdAt time.Time
	signsFrom time.Time
	endsAt    time.Time
}

// ended tells whether the key is accepted no more.
func (k *key) ended(now time.Time) bool { return !k.endsAt.IsZero() && !now.Before(k.endsAt) }

// generate makes a key and seals it.
func generate(ring *seal.Ring, algorithm string, now, signsFrom time.Time) (grant.SigningKey, error) {
	var private crypto.Signer
	var err error
	if algorithm == EdDSA {
		_, private, err = ed25519.GenerateKey(rand.Reader)
	} else {
		private, err = rsa.GenerateKey(rand.Reader, KeyBits)
	}
	if err != nil {
		return grant.SigningKey{}, fmt.Errorf("token: making a signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return grant.SigningKey{}, fmt.Errorf("token: encoding a signing key: %w", err)
	}
	j, err := newJWK(private.Public())
	if err != nil {
		return grant.SigningKey{}, err
	}
	id := j.thumbprint()
	return grant.SigningKey{
		ID: id, Algorithm: algorithm, Sealed: ring.Seal(der, id), CreatedAt: now, SignsFrom: signsFrom,
	}, nil
}

// openKey trusts nothing of the record but what the sealing key vouches for.
func openKey(ring *seal.Ring, s grant.SigningKey) (*key, error) {
	k := &key{id: s.ID, algorithm: s.Algorithm, method: methods[s.Algorithm]}
	if k.method == nil {
		return nil, fmt.Errorf("token: signing key %s is for %q, want %s or %s", s.ID, s.Algorithm, RS256, EdDSA)
	}
	der, err := ring.Open(s.Sealed, s.ID)
	if err != nil {
		return nil, fmt.Errorf("token: signing key %s does not open with the configured sealing key: %w", s.ID, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("token: signing key %s: %w", s.ID, err)
	}
	var fits bool
	switch private := parsed.(type) {
	case *rsa.PrivateKey:
		fits = s.Algorithm == RS256 && private.N.BitLen() >= KeyBits
		k.private, k.size = private, private.Size()
	case ed25519.PrivateKey:
		fits = s.Algorithm == EdDSA
		k.private, k.size = private, ed25519.SignatureSize
	}
	if !fits {
		return nil, fmt.Errorf("token: signing key %s is not the %s key of that id", s.ID, s.Algorithm)
	}
	k.public = k.private.Public()
	j, err := newJWK(k.public)
	if err != nil {
		return nil, err
	}
	if j.thumbprint() != s.ID {
		return nil, fmt.Errorf("token: signing key %s is not the %s key of that id", s.ID, s.Algorithm)
	}
	j.ID, j.Use, j.Algorithm = s.ID, "sig", s.Algorithm
	k.jwk, err = json.Marshal(j)
	return k, err
}

// at is the key with the times of its record.
func (k key) at(s grant.SigningKey) *key {
	k.createdAt, k.signsFrom, k.endsAt = s.CreatedAt, s.SignsFrom, s.EndsAt
	if k.signsFrom.IsZero() {
		k.signsFrom = s.CreatedAt
	}
	return &k
}

// jwk is a public key. Its first members, in this order, are what RFC 7638
// hashes: e, kty and n of an RSA key, crv, kty and x of an Ed25519 one (RFC
// 8037 section 2).
type jwk struct {
	Curve     string `json:"crv,omitempty"`
	Exponent  string `json:"e,omitempty"`
	Type      string `json:"kty"`
	Modulus   string `json:"n,omitempty"`
	X         string `json:"x,omitempty"`
	ID        string `json:"kid,omitempty"`
	Use       string `json:"use,omitempty"`
	Algorithm string `json:"alg,omitempty"`
}

func newJWK(public crypto.PublicKey) (jwk, error) {
	switch public := public.(type) {
	case *rsa.PublicKey:
		return jwk{
			Exponent: base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
			Type:     "RSA",
			Modulus:  base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
		}, nil
	case ed25519.PublicKey:
		return jwk{Curve: "Ed25519", Type: "OKP", X: base64.RawURLEncoding.EncodeToString(public)}, nil
	default:
		return jwk{}, fmt.Errorf("token: a signing key of type %T", public)
	}
}

// thumbprint is the RFC 7638 SHA-256 thumbprint of a bare key: it serves as
// kid.
func (j jwk) thumbprint() string {
	canonical, _ := json.Marshal(j) // strings only: never fails
	sum := sha256.Sum256(canonical)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
