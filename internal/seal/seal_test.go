package seal_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/caddy-odoo/gateway/internal/seal"
)

func newRing(t *testing.T, current []byte, older ...[]byte) *seal.Ring {
	t.Helper()
	r, err := seal.NewRing(current, older...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSealOpens(t *testing.T) {
	r := newRing(t, seal.NewKey())
	for _, plain := range []string{"", "x", "a session id of some length"} {
		sealed := r.Seal([]byte(plain), "record 1")
		// A single letter may stand in any random bytes.
		if len(plain) > 8 && bytes.Contains(sealed, []byte(plain)) {
			t.Errorf("%q stands in its sealed value", plain)
		}
		got, err := r.Open(sealed, "record 1")
		if err != nil || string(got) != plain {
			t.Errorf("opened %q, error %v, want %q", got, err, plain)
		}
		if bytes.Equal(sealed, r.Seal([]byte(plain), "record 1")) {
			t.Errorf("%q was sealed twice to the same value", plain)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	r := newRing(t, seal.NewKey())
	sealed := r.Seal([]byte("secret"), "record 1")
	refused := func(what string, sealed []byte, associated string) {
		t.Helper()
		if got, err := r.Open(sealed, associated); !errors.Is(err, seal.ErrWrongKey) || got != nil {
			t.Errorf("%s: opened %q, error %v", what, got, err)
		}
	}
	refused("another record", sealed, "record 2")
	refused("no record", sealed, "")
	refused("nothing", nil, "record 1")
	refused("another ring", newRing(t, seal.NewKey()).Seal([]byte("secret"), "record 1"), "record 1")
	for n := range sealed {
		refused("cut short", sealed[:n], "record 1")
		changed := bytes.Clone(sealed)
		changed[n] ^= 1
		refused("one bit flipped", changed, "record 1")
	}
	refused("extended", append(bytes.Clone(sealed), 0), "record 1")
}

func TestOlderKeysStayReadable(t *testing.T) {
	old, current := seal.NewKey(), seal.NewKey()
	before := newRing(t, old).Seal([]byte("secret"), "record")
	r := newRing(t, current, old, old) // listed twice does no harm
	if got, err := r.Open(before, "record"); err != nil || string(got) != "secret" {
		t.Errorf("opened %q, error %v", got, err)
	}
	after := r.Seal([]byte("secret"), "record")
	if _, err := newRing(t, current).Open(after, "record"); err != nil {
		t.Errorf("not sealed with the current key: %v", err)
	}
	if _, err := newRing(t, old).Open(after, "record"); !errors.Is(err, seal.ErrWrongKey) {
		t.Errorf("sealed with the older key: %v", err)
	}
}

func TestNewRingRefusesShortKeys(t *testing.T) {
	for _, n := range []int{0, 16, 24, 31, 33} {
		if _, err := seal.NewRing(make([]byte, n)); err == nil {
			t.Errorf("a key of %d bytes was taken", n)
		}
		if _, err := seal.NewRing(seal.NewKey(), make([]byte, n)); err == nil {
			t.Errorf("an older key of %d bytes was taken", n)
		}
	}
}

// A derived key depends on the current key and its use alone.
func TestDerive(t *testing.T) {
	one, two := seal.NewKey(), seal.NewKey()
	ring := func(current []byte, older ...[]byte) *seal.Ring { return newRing(t, current, older...) }
	want := ring(one).Derive("a")
	if len(want) != seal.KeySize || bytes.Equal(want, one) || !bytes.Equal(want, ring(one, two).Derive("a")) {
		t.Errorf("%x", want)
	}
	for name, other := range map[string][]byte{
		"another use": ring(one).Derive("b"), "no use": ring(one).Derive(""), "another key": ring(two, one).Derive("a"),
	} {
		if bytes.Equal(want, other) {
			t.Errorf("%s derives the same key", name)
		}
	}
}
