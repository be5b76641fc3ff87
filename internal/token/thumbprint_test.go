package token

import (
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"testing"
)

// TestM34_Thumbprint is the example of RFC 7638 section 3.1, and that of RFC
// 8037 appendix A.3.
func TestM34_Thumbprint(t *testing.T) {
	number := func(s string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, test := range []struct {
		name   string
		public any
		want   string
	}{
		{"RSA", &rsa.PublicKey{
			N: new(big.Int).SetBytes(number("0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw")),
			E: 65537,
		}, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
		{"Ed25519", ed25519.PublicKey(number("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
	} {
		j, err := newJWK(test.public)
		if err != nil {
			t.Fatal(err)
		}
		if got := j.thumbprint(); got != test.want || len(got) != thumbprintSize {
			t.Errorf("%s: thumbprint %s, want %s", test.name, got, test.want)
		}
	}
	if _, err := newJWK("no key"); err == nil {
		t.Error("a text is taken for a key")
	}
}
