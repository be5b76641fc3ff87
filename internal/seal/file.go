package seal

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ParseKey reads a key of [KeySize] bytes in hex, or in base64 of either
// alphabet with or without padding. White space around it is ignored. The
// error tells nothing about the value.
func ParseKey(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	var decoders = []func(string) ([]byte, error){
		hex.DecodeString,
		base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString,
		base64.URLEncoding.DecodeString, base64.RawURLEncoding.DecodeString,
	}
	for _, decode := range decoders {
		if key, err := decode(text); err == nil && len(key) == KeySize {
			return key, nil
		}
	}
	return nil, fmt.Errorf("seal: a key must be %d bytes in hex (%d characters) or base64", KeySize, 2*KeySize)
}

// LoadOrCreate reads the key in the file at path. Where there is no file it
// makes one with a fresh key and mode 0600, in a directory of mode 0700, and
// says so by created: of several starts at once exactly one does, and all
// return the same key. A file that holds no key is an error, never replaced.
//
// A fresh key does not fit a store that was made with another one; that store
// then refuses to open.
func LoadOrCreate(path string) (key []byte, created bool, err error) {
	if key, err = Load(path); !errors.Is(err, fs.ErrNotExist) {
		return key, false, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, false, fmt.Errorf("seal: key file %s: %w", path, err)
	}
	key = NewKey()
	err = create(path, []byte(hex.EncodeToString(key)+"\n"))
	if errors.Is(err, fs.ErrExist) { // another start was faster
		key, err = Load(path)
		return key, false, err
	}
	if err != nil {
		return nil, false, fmt.Errorf("seal: key file %s: %w", path, err)
	}
	return key, true, nil
}

// Load reads the key in the file at path. Where there is no file the error is
// an fs.ErrNotExist.
func Load(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("seal: key file %s: %w", path, err)
	}
	key, err := ParseKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return key, nil
}

// create makes the file whole or not at all, and never over another one: the
// content is on disk before a link gives it its name.
func create(path string, content []byte) error {
	dir := filepath.Dir(path)
	temporary, err := os.CreateTemp(dir, ".seal-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }()
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err != nil {
		return err
	}
	if err := os.Link(temporary.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes the new name survive a power cut: everything sealed with a
// key whose file vanished would be lost.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
