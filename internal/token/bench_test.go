package token_test

import "testing"

func BenchmarkSign(b *testing.B) {
	keys, _ := newKeys(b)
	c := claims()
	for b.Loop() {
		sign(b, keys, c)
	}
}

// BenchmarkVerifyCached is the warm path: a token seen before.
func BenchmarkVerifyCached(b *testing.B) {
	keys, _ := newKeys(b)
	raw := sign(b, keys, claims())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := keys.Verify(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyNew is a token's first use.
func BenchmarkVerifyNew(b *testing.B) {
	keys, _ := newKeys(b)
	raw := sign(b, keys, claims())
	b.ReportAllocs()
	for b.Loop() {
		keys.ForgetVerified()
		if _, err := keys.Verify(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkA46_VerifyForged is what an attacker without a key gets for his money.
func BenchmarkA46_VerifyForged(b *testing.B) {
	keys, _ := newKeys(b)
	for name, raw := range map[string]string{
		"unknown key":                   b64([]byte(`{"alg":"RS256","typ":"at+jwt","kid":"x"}`)) + "." + b64([]byte(payload(b, nil))) + "." + b64(make([]byte, 256)),
		"unknown key of the right form": b64([]byte(`{"alg":"RS256","typ":"at+jwt","kid":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`)) + "." + b64([]byte(payload(b, nil))) + "." + b64(make([]byte, 256)),
		"wrong issuer":                  b64([]byte(header("RS256"))) + "." + b64([]byte(payload(b, map[string]any{"iss": "x"}))) + "." + b64(make([]byte, 256)),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := keys.Verify(raw); err == nil {
					b.Fatal("taken")
				}
			}
		})
	}
}

// BenchmarkSignEdDSA is for those who want cheaper signatures.
func BenchmarkSignEdDSA(b *testing.B) {
	keys, _ := bothKinds(b)
	c := claims()
	for b.Loop() {
		sign(b, keys, c)
	}
}

// BenchmarkVerifyNewEdDSA is the first use of an EdDSA token.
func BenchmarkVerifyNewEdDSA(b *testing.B) {
	keys, _ := bothKinds(b)
	raw := sign(b, keys, claims())
	for b.Loop() {
		keys.ForgetVerified()
		if _, err := keys.Verify(raw); err != nil {
			b.Fatal(err)
		}
	}
}
