package seal_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/caddy-odoo/gateway/internal/seal"
)

func TestParseKey(t *testing.T) {
	key := bytes.Repeat([]byte{0xfb, 0xff}, seal.KeySize/2) // differs between the base64 alphabets
	for name, text := range map[string]string{
		"hex":            hex.EncodeToString(key),
		"upper-case hex": strings.ToUpper(hex.EncodeToString(key)),
		"base64":         base64.StdEncoding.EncodeToString(key),
		"raw base64":     base64.RawStdEncoding.EncodeToString(key),
		"base64url":      base64.URLEncoding.EncodeToString(key),
		"raw base64url":  base64.RawURLEncoding.EncodeToString(key),
		"with a newline": " " + hex.EncodeToString(key) + "\r\n",
	} {
		if got, err := seal.ParseKey(text); err != nil || !bytes.Equal(got, key) {
			t.Errorf("%s: %x, error %v", name, got, err)
		}
	}
	for name, text := range map[string]string{
		"nothing":    "",
		"a password": "correct horse battery staple",
		"raw bytes":  string(key),
		"short hex":  hex.EncodeToString(key[1:]),
		"long hex":   hex.EncodeToString(append(key, 1)),
		"48 bytes":   base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xfb}, 48)),
		"two keys":   hex.EncodeToString(key) + "\n" + hex.EncodeToString(key),
	} {
		got, err := seal.ParseKey(text)
		if err == nil {
			t.Errorf("%s: taken as %x", name, got)
		} else if text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%s: the error quotes the key: %v", name, err)
		}
	}
}

func TestLoadOrCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store", "seal.key")
	key, created, err := seal.LoadOrCreate(path)
	if err != nil || !created || len(key) != seal.KeySize {
		t.Fatalf("first start: %d bytes, created %v, error %v", len(key), created, err)
	}
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700 | os.ModeDir} {
		if info, err := os.Stat(name); err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v, error %v, want %v", name, info.Mode(), err, want)
		}
	}
	again, created, err := seal.LoadOrCreate(path)
	if err != nil || created || !bytes.Equal(again, key) {
		t.Errorf("second start: same key %v, created %v, error %v", bytes.Equal(again, key), created, err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("%d files are left beside the key", len(entries)-1)
	}
}

func TestLoadOrCreateNeverReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seal.key")
	for _, content := range []string{"", "not a key\n"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, created, err := seal.LoadOrCreate(path); err == nil || created || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: created %v, error %v", content, created, err)
		}
		if got, _ := os.ReadFile(path); string(got) != content {
			t.Errorf("%q was replaced", content)
		}
	}
}

func TestLoadOrCreateInParallelMakesOneKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seal.key")
	const starts = 16
	keys := make([][]byte, starts)
	made := make([]bool, starts)
	var all sync.WaitGroup
	for i := range starts {
		all.Go(func() {
			var err error
			if keys[i], made[i], err = seal.LoadOrCreate(path); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	count := 0
	for i := range starts {
		if made[i] {
			count++
		}
		if !bytes.Equal(keys[i], keys[0]) {
			t.Errorf("start %d has another key", i)
		}
	}
	if count != 1 {
		t.Errorf("%d starts made a key", count)
	}
}
