//go:build linux

package main

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"log"
	"math/big"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/golang-jwt/jwt/v5"
)

// checkerRole is what somebody would write to check tokens behind forward_auth:
// it verifies the signature of each token once, and remembers the tokens that
// were good. It knows of no revocation, and of no rules.
func checkerRole() {
	key, err := publicKey([]byte(os.Getenv("KEYS")))
	if err != nil {
		log.Fatal(err)
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(issuerOf("rs256")))
	var good sync.Map
	log.Fatal(http.ListenAndServe(os.Getenv("LISTEN"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if _, known := good.Load(token); !known {
			if _, err := parser.Parse(token, func(*jwt.Token) (any, error) { return key, nil }); err != nil {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			good.Store(token, true)
		}
		w.WriteHeader(http.StatusOK)
	})))
}

// publicKey reads the one key of a JSON Web Key Set.
func publicKey(set []byte) (*rsa.PublicKey, error) {
	var parsed struct {
		Keys []struct{ N, E string }
	}
	if err := json.Unmarshal(set, &parsed); err != nil {
		return nil, err
	}
	n, err := base64.RawURLEncoding.DecodeString(parsed.Keys[0].N)
	if err != nil {
		return nil, err
	}
	e, err := base64.RawURLEncoding.DecodeString(parsed.Keys[0].E)
	if err != nil {
		return nil, err
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}, nil
}
