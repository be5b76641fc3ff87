package token

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
)

// verified is a token that passed once. Only its signature is not checked
// again: times and key are judged on every use, and the caller asks the grant
// store.
type verified struct {
	claims    Claims
	notBefore time.Time
	key       string // id of the one that signed it
}

// Verify returns the claims of an access token that this gateway has signed
// and that has not expired. Everything cheap is judged first: a token of an
// unknown key or with wrong claims is refused without any work of cryptography. The
// caller still asks the grant store whether token set and authorization live.
func (k *Keys) Verify(raw string) (Claims, error) {
	if len(raw) > MaxSize {
		return Claims{}, refuse("too long")
	}
	sum := sha256.Sum256([]byte(raw))
	if v, ok := k.verified.Get(sum); ok {
		if k.find(v.key, k.now()) == nil {
			return Claims{}, refuse("unknown key")
		}
		if err := k.checkTimes(v); err != nil {
			return Claims{}, err
		}
		return v.claims.clone(), nil
	}
	v, err := k.verifyNew(raw)
	if err != nil {
		return Claims{}, err
	}
	k.verified.Add(sum, v)
	return v.claims.clone(), nil
}

func (k *Keys) verifyNew(raw string) (verified, error) {
	// Counted before splitting: a megabyte of dots must not become a million
	// strings (CVE-2025-30204 of golang-jwt).
	if strings.Count(raw, ".") != 2 {
		return verified{}, refuse("not three parts")
	}
	end := strings.LastIndexByte(raw, '.')
	signed, encodedSignature := raw[:end], raw[end+1:]
	encodedHeader, encodedClaims, _ := strings.Cut(signed, ".")

	key, err := k.checkHeader(encodedHeader)
	if err != nil {
		return verified{}, err
	}
	v, err := k.checkClaims(encodedClaims)
	if err != nil {
		return verified{}, err
	}
	signature, err := decode(encodedSignature)
	if err != nil || len(signature) != key.size {
		return verified{}, refuse("signature has the wrong form")
	}
	if err := key.method.Verify(signed, signature, key.public); err != nil {
		return verified{}, refuse("signature does not verify")
	}
	v.key = key.id
	return v, nil
}

// checkHeader accepts the three members that Sign writes and no other: crit,
// jku, jwk, x5u, x5c, zip and whatever else could lead elsewhere are refused
// together. The key comes from the gateway's own set, by its exact id.
func (k *Keys) checkHeader(encoded string) (*key, error) {
	var h struct{ alg, typ, kid string }
	err := parseObject(encoded, func(name string, value jsonValue) error {
		var to *string
		switch name {
		case "alg":
			to = &h.alg
		case "typ":
			to = &h.typ
		case "kid":
			to = &h.kid
		default:
			return refuse("header has an unknown member")
		}
		var ok bool
		if *to, ok = value.text(); !ok {
			return refuse("header member is no text")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if methods[h.alg] == nil {
		return nil, refuse("wrong algorithm")
	}
	typ := strings.ToLower(h.typ)
	if typ != mediaType && typ != "application/"+mediaType {
		return nil, refuse("wrong type")
	}
	found := k.find(h.kid, k.now())
	if found == nil {
		return nil, refuse("unknown key")
	}
	// The algorithm is the key's and never the token's to choose (RFC 8725
	// section 3.1).
	if h.alg != found.algorithm {
		return nil, refuse("wrong algorithm")
	}
	return found, nil
}

func (k *Keys) checkTimes(v verified) error {
	now := k.now()
	switch latest := now.Add(Leeway); {
	case !now.Before(v.claims.ExpiresAt):
		return refuse("expired")
	case v.claims.IssuedAt.After(latest):
		return refuse("issued in the future")
	case v.notBefore.After(latest):
		return refuse("not valid yet")
	}
	return nil
}

func (c Claims) clone() Claims {
	c.Scope = slices.Clone(c.Scope)
	return c
}

// strict refuses non-zero padding bits; line breaks, which every Go base64
// decoder skips, are refused in decode: one token has one spelling.
var strict = base64.RawURLEncoding.Strict()

func decode(s string) ([]byte, error) {
	if s == "" || strings.ContainsAny(s, "\r\n") {
		return nil, refuse("not base64url")
	}
	b, err := strict.DecodeString(s)
	if err != nil {
		return nil, refuse("not base64url")
	}
	return b, nil
}

func refuse(reason string) error { return fmt.Errorf("%w: %s", ErrInvalid, reason) }
