package grant_test

import (
	"encoding/base64"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// TestA14_NoWeakRandomness: whatever is random here is random to an attacker
// too, unless a generator is imported that he can predict.
func TestA14_NoWeakRandomness(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	var files, strong int
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		// What the tests of paths are made of is made again from its seed.
		seeded := strings.HasSuffix(filepath.ToSlash(path), "internal/odoo/odootest/routing")
		if entry.IsDir() && path != root && (seeded || strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules") {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		files++
		for _, spec := range parsed.Imports {
			switch imported := strings.Trim(spec.Path.Value, `"`); {
			case imported == "crypto/rand":
				strong++
			case imported == "math/rand" || strings.HasPrefix(imported, "math/rand/") || strings.HasPrefix(imported, "golang.org/x/exp/rand"):
				t.Errorf("%s imports %s", path, imported)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 || strong < 3 {
		t.Errorf("only %d files were read, %d of them with crypto/rand: the test looks at the wrong place", files, strong)
	}
}

func TestM19_TokensAreRandom(t *testing.T) {
	for name, test := range map[string]struct {
		make func() string
		bits int
	}{"token": {grant.NewToken, 256}, "id": {grant.NewID, 128}} {
		seen := make(map[string]bool)
		var ones [256]int
		const n = 2000
		for range n {
			s := test.make()
			b, err := base64.RawURLEncoding.Strict().DecodeString(s)
			if err != nil || len(b)*8 != test.bits || seen[s] {
				t.Fatalf("%s %q: %d bits, error %v, seen before: %v", name, s, len(b)*8, err, seen[s])
			}
			seen[s] = true
			for i := range test.bits {
				ones[i] += int(b[i/8] >> (i % 8) & 1)
			}
		}
		// Each bit is a coin: ten standard deviations off is no coin.
		for i := range test.bits {
			if ones[i] < n/2-224 || ones[i] > n/2+224 {
				t.Errorf("%s: bit %d is set in %d of %d", name, i, ones[i], n)
			}
		}
	}
}

// TestM19_WholeTokensAreHashed: no part of a token, nor another spelling, has
// its hash.
func TestM19_WholeTokensAreHashed(t *testing.T) {
	raw := grant.NewToken()
	hash := grant.HashToken(raw)
	for _, other := range []string{raw + " ", raw + "=", raw + "\x00", " " + raw, strings.ToUpper(raw), strings.ToLower(raw)} {
		if grant.HashToken(other) == hash {
			t.Errorf("%q has the hash of %q", other, raw)
		}
	}
	for n := range len(raw) {
		if grant.HashToken(raw[:n]) == hash {
			t.Errorf("its first %d characters have the hash of %q", n, raw)
		}
	}
}
