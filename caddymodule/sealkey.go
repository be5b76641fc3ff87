package caddymodule

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/seal"
)

// parseSealKey resolves and decodes a sealing key. Its errors never carry it.
func parseSealKey(s string, repl *caddy.Replacer) ([]byte, error) {
	s, err := resolve(s, repl)
	if err != nil {
		return nil, err
	}
	return decodeSealKey(s)
}

func decodeSealKey(s string) ([]byte, error) {
	s = strings.TrimSpace(s)
	if key, err := hex.DecodeString(s); err == nil && len(key) == seal.KeySize {
		return key, nil
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if key, err := enc.DecodeString(s); err == nil && len(key) == seal.KeySize {
			return key, nil
		}
	}
	return nil, fmt.Errorf("is not %d bytes in base64 or hexadecimal", seal.KeySize)
}

// loadOrCreateSealKey reads the key file, or makes one that only its owner
// can read.
func loadOrCreateSealKey(path string) (key []byte, created bool, err error) {
	data, err := os.ReadFile(path)
	if err == nil {
		key, err = decodeSealKey(string(data))
		if err != nil {
			return nil, false, fmt.Errorf("sealing key %s %w", path, err)
		}
		return key, false, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, false, fmt.Errorf("sealing key: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, false, fmt.Errorf("sealing key: %w", err)
	}
	key = seal.NewKey()
	// Exclusively: of two processes one makes the key.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, false, fmt.Errorf("sealing key: %w", err)
	}
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, false, fmt.Errorf("sealing key: %w", err)
	}
	return key, true, nil
}
