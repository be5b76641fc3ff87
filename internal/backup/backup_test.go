package backup_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/backup"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/seal"
)

var (
	now = time.Date(2026, 11, 21, 18, 0, 0, 123456000, time.UTC)
	end = now.Add(time.Hour)
)

func ring(t *testing.T) *seal.Ring {
	t.Helper()
	r, err := seal.NewRing(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// records has every field of every kind set, but for those of the connection.
func records() []grant.Record {
	return []grant.Record{
		{Gateway: "erp", Authorization: &grant.Authorization{
			ID: "a1", Application: "wiki", RedirectURI: "https://wiki.example.com/cb", Subject: "sub", Database: "prod", UID: 7, Login: "demo",
			Name: "Märc <Demo>", Scope: []string{"odoo.read"}, ConsentDigest: "digest", CreatedAt: now, ConsentedAt: now, LastUsedAt: now, Uses: 3,
			Connection: grant.Connection{
				Kind: grant.APIKey, Sealed: []byte("sealed"), Hash: "hash", Since: now, TouchedAt: now, BrowserAt: now, ExpiresAt: end, KeyID: 12,
			},
		}},
		{Gateway: "erp", Authorization: &grant.Authorization{
			ID: "a2", Subject: "sub", RevokedAt: now, Connection: grant.Connection{Kind: grant.Session, EndedAt: now, EndReason: "revoked"},
		}},
		{Gateway: "erp", Code: &grant.Code{
			Hash: "c1", Authorization: "a1", Application: "wiki", RedirectURI: "https://wiki.example.com/cb", Scope: []string{}, Challenge: "ch",
			ChallengeMethod: "S256", IssuedAt: now, ExpiresAt: end, ConsumedAt: now, TokenSet: "t1", RetainUntil: end,
		}},
		{Gateway: "erp", Code: &grant.Code{Hash: "c2", Authorization: "a1", ExpiresAt: end}},
		{Gateway: "erp", TokenSet: &grant.TokenSet{
			ID: "t1", Authorization: "a1", Application: "wiki", RedirectURI: "https://wiki.example.com/cb", Scope: []string{"odoo.read"},
			FamilyKey: []byte("family"), CreatedAt: now, EndedAt: now, EndReason: "revoked", ExpiresAt: end, RefreshUntil: end,
		}},
		{Gateway: "erp", TokenSet: &grant.TokenSet{ID: "t2", Authorization: "a1"}},
		{Gateway: "erp", RefreshToken: &grant.RefreshToken{Hash: "r1", TokenSet: "t1", IssuedAt: now, ExpiresAt: end, RotatedAt: now, Child: "r2"}},
		{Gateway: "other", KeyRemoval: &grant.KeyRemoval{
			ID: "k1", Authorization: "a1", Application: "wiki", RedirectURI: "https://wiki.example.com/cb", Subject: "sub", Database: "prod", UID: 7,
			Login: "demo", KeyID: 12, Sealed: []byte("sealed"), KeyEndsAt: end, CreatedAt: now, Tries: 2, NextTryAt: end, LeftAt: now,
		}},
		{Gateway: "other", Event: &grant.KeptEvent{
			AuditEntry: grant.AuditEntry{ID: "place", Event: audit.Event{
				Time: now, Kind: audit.Consent, Gateway: "other", Application: "wiki", Subject: "sub", Authorization: "a1", TokenSet: "t1",
				RequestID: "r", Address: "192.0.2.1", Detail: map[string]string{"b": "2", "a": "1"},
			}},
			Until: end.Truncate(time.Second),
		}},
		{Gateway: "other", Object: &grant.ObjectHistory{
			Kind: grant.ObjectApplication, Name: "wiki", FirstSeen: now, RemovedAt: end, Snapshot: []byte("snapshot"),
			Changes: []grant.ObjectChange{{At: now, Kind: grant.ObjectAdded, By: "me", ByProcess: true, Fields: []string{"name"}}},
		}},
	}
}

func written(t *testing.T, ring *seal.Ring, all []grant.Record) ([]byte, backup.Summary) {
	t.Helper()
	var out bytes.Buffer
	s, err := backup.Write(&out, ring, now, func(each func(grant.Record) error) error {
		for _, r := range all {
			if err := each(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), s
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	key := ring(t)
	all := records()
	file, wrote := written(t, key, all)
	var got []grant.Record
	read, err := backup.Read(bytes.NewReader(file), key, func(r grant.Record) error {
		got = append(got, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, all) {
		t.Errorf("read %+v\nwant %+v", got, all)
	}
	if wrote != read || read.Records != len(all) || read.Authorizations != 1 || !read.MadeAt.Equal(now.Truncate(time.Second)) || len(read.SHA256) != 64 {
		t.Errorf("wrote %+v, read %+v", wrote, read)
	}
	if verified, err := backup.Verify(bytes.NewReader(file)); err != nil || verified != read {
		t.Errorf("verified %+v, %v", verified, err)
	}
	stop := errors.New("no")
	if _, err := backup.Read(bytes.NewReader(file), key, func(grant.Record) error { return stop }); err != stop {
		t.Errorf("got %v", err)
	}
	if _, err := backup.Write(new(bytes.Buffer), key, now, func(func(grant.Record) error) error { return stop }); err != stop {
		t.Errorf("got %v", err)
	}
}

// A file from years ago must be read: whoever changes its lines makes a new
// version of it, and reads both.
func TestFormat(t *testing.T) {
	file, _ := written(t, ring(t), records())
	random := regexp.MustCompile(`"(Canary|HMAC|SHA256)":"[^"]*"`)
	got := random.ReplaceAllString(string(file), `"$1":"…"`)
	want, err := os.ReadFile("testdata/backup.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("a backup is\n%s", got)
	}
}

func TestSigningKeysAreLeftOut(t *testing.T) {
	key := ring(t)
	file, s := written(t, key, append(records(), grant.Record{Gateway: "erp", SigningKey: &grant.SigningKey{ID: "thumbprint", Sealed: []byte("x")}}))
	if s.Records != len(records()) || bytes.Contains(file, []byte("thumbprint")) {
		t.Errorf("%+v\n%s", s, file)
	}
}

// Whatever of a backup is cut off or changed, it is refused, with the key and
// without.
func TestDamageIsFound(t *testing.T) {
	key := ring(t)
	file, _ := written(t, key, records()[2:6]) // short: it is read some thousand times
	refused := func(what string, file []byte) {
		t.Helper()
		_, err := backup.Read(bytes.NewReader(file), key, func(grant.Record) error { return nil })
		if !errors.Is(err, backup.ErrDamaged) && !errors.Is(err, backup.ErrKey) && !errors.Is(err, backup.ErrVersion) {
			t.Errorf("%s: read with %v", what, err)
		}
		if _, err := backup.Verify(bytes.NewReader(file)); !errors.Is(err, backup.ErrDamaged) && !errors.Is(err, backup.ErrVersion) {
			t.Errorf("%s: verified with %v", what, err)
		}
	}
	for n := range file {
		refused(fmt.Sprintf("the first %d bytes", n), file[:n])
	}
	hmac := bytes.LastIndex(file, []byte(`"HMAC"`)) // which nobody without a key can judge
	for n := range hmac {
		changed := bytes.Clone(file)
		changed[n] ^= 1
		refused(fmt.Sprintf("byte %d", n), changed)
	}
	lines := bytes.SplitAfter(file, []byte("\n"))
	for n := range lines[:len(lines)-2] {
		refused(fmt.Sprintf("without line %d", n+1), bytes.Join(append(append([][]byte{}, lines[:n]...), lines[n+1:]...), nil))
	}
	refused("twice", append(bytes.Clone(file), file...))
	refused("with more", append(bytes.Clone(file), ' '))
	refused("a line without end", append(bytes.Clone(lines[0]), bytes.Repeat([]byte("a"), 5<<20)...))
}

// Who has no key can change a backup so that it is whole again; it is refused
// where it is restored.
func TestForgeryIsFound(t *testing.T) {
	key := ring(t)
	file, s := written(t, key, records())
	for name, change := range map[string]func(string) string{
		"another person": func(f string) string { return strings.Replace(f, `"UID":7`, `"UID":2`, 1) },
		"no revocation": func(f string) string {
			return regexp.MustCompile(`"RevokedAt":"[^"]*"`).ReplaceAllString(f, `"Uses":1`)
		},
		"nothing": func(f string) string { return f },
	} {
		body, last, _ := strings.Cut(change(string(file)), `{"End"`)
		sum := sha256.Sum256([]byte(body))
		last = regexp.MustCompile(`"SHA256":"[^"]*"`).ReplaceAllString(last, `"SHA256":"`+base64.StdEncoding.EncodeToString(sum[:])+`"`)
		forged := body + `{"End"` + last
		if _, err := backup.Verify(strings.NewReader(forged)); err != nil {
			t.Fatalf("%s: the forgery is no whole backup: %v", name, err)
		}
		_, err := backup.Read(strings.NewReader(forged), key, func(grant.Record) error { return nil })
		if name == "nothing" {
			if err != nil {
				t.Error(err)
			}
		} else if !errors.Is(err, backup.ErrDamaged) || !strings.Contains(err.Error(), "without the sealing key") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := backup.Read(bytes.NewReader(file), ring(t), func(grant.Record) error { return nil }); !errors.Is(err, backup.ErrKey) {
		t.Errorf("with another key: %v", err)
	}
	if _, err := backup.Read(bytes.NewReader(file), nil, func(grant.Record) error { return nil }); err == nil {
		t.Errorf("read %+v without a key", s)
	}
	newer := strings.Replace(string(file), `"Version":1`, `"Version":2,"More":true`, 1)
	if _, err := backup.Verify(strings.NewReader(newer)); !errors.Is(err, backup.ErrVersion) {
		t.Errorf("of a newer version: %v", err)
	}
}
