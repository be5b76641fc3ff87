package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/caddy-odoo/gateway/internal/backup"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// A store is saved from a running Caddy and restored into a stopped one: what
// lived lives, what was revoked since is revoked where the audit log says so,
// and nothing secret is in the file.
func TestBackupAndRestore(t *testing.T) {
	s, _ := newOdooSite(t)
	m := newMachine(t)
	p := m.start(s.caddyfile(), s.admin)
	base := "http://" + s.addr
	user := newPerson(t, base)
	code, err := user.authorize("xyz")
	if err != nil {
		t.Fatalf("%v\n%s", err, p.out)
	}
	got, err := redeem(user.client, base, code)
	if err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(m.home, "data", "caddy", "odoo_gateway")
	key, err := os.ReadFile(filepath.Join(store, "seal.key"))
	if err != nil {
		t.Fatal(err)
	}
	run := func(want int, args ...string) (string, string) {
		t.Helper()
		out, errOut, status := m.odooGateway(args...)
		if status != want {
			t.Fatalf("%v: status %d: %s%s", args, status, out, errOut)
		}
		return out, errOut
	}

	file := m.write("backup", "something older")
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, _ := run(0, "backup", "backup", "--address", s.admin); !regexp.MustCompile(`^saved [0-9]+ records, 1 authorization among them to backup\n$`).MatchString(out) {
		t.Errorf("printed %s", out)
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("the file has mode %v, %v", info.Mode(), err)
	}
	saved, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{code, got.Access, got.Refresh, "top-secret", strings.TrimSpace(string(key)), "signing", "PRIVATE"}
	for _, c := range user.client.Jar.Cookies(request(t, "GET", base, "").URL) {
		secrets = append(secrets, c.Value)
	}
	if len(secrets) < 8 {
		t.Fatal("the person has no session")
	}
	for _, secret := range secrets {
		if bytes.Contains(saved, []byte(secret)) {
			t.Errorf("%q is in the backup", secret)
		}
	}
	out, errOut := run(0, "backup", "-", "--json", "--address", s.admin)
	var printed savedBackup
	if err := json.Unmarshal([]byte(errOut), &printed); err != nil || printed.Authorizations != 1 || printed.File != "" {
		t.Errorf("%v: %s", err, errOut)
	}
	if verified, err := backup.Verify(strings.NewReader(out)); err != nil || verified != printed.Summary {
		t.Errorf("%+v, %v", verified, err)
	}
	if log := p.out.String(); strings.Count(log, `"administration_read"`) != 2 || !strings.Contains(log, `"what":"backup"`) {
		t.Error("the backups are not in the audit trail")
	}
	if out, _ = run(0, "authorizations", "revoke", "--login", "demo", "--address", s.admin); !strings.HasSuffix(out, "\n1 revoked\n") {
		t.Fatal(out)
	}
	restore := func(want int, args ...string) string {
		t.Helper()
		out, errOut := run(want, append([]string{"restore", "backup"}, args...)...)
		if want == 0 {
			return out // what Caddy says of its configuration goes elsewhere
		}
		return out + errOut
	}
	if said := restore(1); !strings.Contains(said, "is in use by another process: stop Caddy") {
		t.Error(said)
	}
	p.stop()
	log := m.write("audit.log", p.out.String())
	if said := restore(1); !strings.Contains(said, "is not empty") {
		t.Error(said)
	}
	if err := os.Rename(store, store+".old"); err != nil {
		t.Fatal(err)
	}
	if said := restore(1); !strings.Contains(said, noKey) || !strings.HasSuffix(said, "seal.key: put one of them back\n") {
		t.Error(said)
	}
	putKey := func(key string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(store, 0o700), os.WriteFile(filepath.Join(store, "seal.key"), []byte(key), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	putKey(strings.Repeat("ab", 32))
	if said := restore(1); !strings.Contains(said, otherKey) {
		t.Error(said)
	}
	putKey(string(key))
	for _, wrong := range [][]string{
		{"--accept-resurrection", "--revoke-all"}, {"--keep", "--revoke-all"}, {"--accept-resurrection", "--audit-log", log}, {"--revoke-all", "--audit-log", log},
	} {
		if said := restore(1, wrong...); !strings.Contains(said, "one of them") {
			t.Errorf("%v: %s", wrong, said)
		}
	}
	m.write("backup", string(saved[:len(saved)-1]))
	if said := restore(1); !strings.Contains(said, "damaged or incomplete") {
		t.Error(said)
	}
	if left := files(t, store); len(left) != 2 { // the directory and the key
		t.Errorf("left are %v", left)
	}
	m.write("backup", string(saved))

	for flags, mode := range map[string]string{
		"": "revoke_all", "--revoke-all --json": "revoke_all", "--audit-log audit.log": "audit_log", "--keep": "accept_resurrection",
	} {
		var done restored
		said := restore(0, append(strings.Fields(flags), "--json")...)
		if err := json.Unmarshal([]byte(said), &done); err != nil || done.Mode != mode || done.Authorizations != 1 || (done.Revoked == 1) != (mode != "accept_resurrection") {
			t.Errorf("%s: %s", flags, said)
		}
		if live := refreshes(t, store, string(key), got.Refresh); live != (mode == "accept_resurrection") {
			t.Errorf("%s: the refresh token of before is live: %v", flags, live)
		}
		if err := os.RemoveAll(store); err != nil {
			t.Fatal(err)
		}
		putKey(string(key))
	}

	// Restored as it was, with the key given in the configuration: whoever was
	// connected goes on. Access tokens of before are refused.
	if err := os.RemoveAll(store); err != nil {
		t.Fatal(err)
	}
	s.options = "seal_key " + strings.TrimSpace(string(key))
	m.write("Caddyfile", s.caddyfile())
	said := restore(0, "--accept-resurrection", "--config", filepath.Join(m.home, "Caddyfile"))
	if !strings.HasPrefix(said, "restored ") || !strings.HasSuffix(said, " into "+store+"; of 1 authorization 0 are revoked\n") {
		t.Error(said)
	}
	p = m.start(s.caddyfile(), s.admin)
	told, _ := run(0, "audit", "list", "--kind", "store_restored", "--json", "--address", s.admin)
	if strings.Count(told, "\n") != 1 || !strings.Contains(told, `"mode":"accept_resurrection"`) || !strings.Contains(told, `"backup":"20`) {
		t.Errorf("the audit trail says %s", told)
	}
	if err := read(user.client, base, got.Access); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("reading with a token of before: %v", err)
	}
	if got, err = refresh(user.client, base, got.Refresh); err != nil {
		t.Fatal(err)
	}
	if err := read(user.client, base, got.Access); err != nil {
		t.Error(err)
	}

	// Killed while the application refreshes, it starts again with what it has
	// answered, and the one exchange that it has not answered is no reuse.
	refreshed := make(chan struct{}, 1000)
	last := make(chan tokens, 1)
	go func() {
		for {
			next, err := refresh(user.client, base, got.Refresh)
			if err != nil {
				last <- got
				return
			}
			got = next
			refreshed <- struct{}{}
		}
	}()
	for range 10 {
		select {
		case <-refreshed:
		case <-last:
			t.Fatal("it refreshes no more, and was not killed yet")
		}
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.done
	got = <-last
	m.start(s.caddyfile(), s.admin)
	if err := read(user.client, base, got.Access); err != nil {
		t.Errorf("reading after a kill: %v", err)
	}
	if _, err := refresh(user.client, base, got.Refresh); err != nil {
		t.Errorf("refreshing after a kill: %v", err)
	}
}

// refreshes tells whether a refresh token is live in the store of a directory.
func refreshes(t *testing.T, dir, key, token string) bool {
	t.Helper()
	parsed, err := seal.ParseKey(key)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := seal.NewRing(parsed)
	if err != nil {
		t.Fatal(err)
	}
	db, err := badgerstore.Open(badgerstore.Options{Dir: dir, Seal: ring})
	if err != nil {
		t.Fatal(err)
	}
	_, set, err := db.Store("erp").RefreshToken(t.Context(), grant.HashToken(token))
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return set.Live()
}

// What is not whole gets no name, and takes none away.
func TestSavingABackup(t *testing.T) {
	whole := new(bytes.Buffer)
	r := mustAcquire(t, filepath.Join(t.TempDir(), "store"))
	defer func() { _ = r.release() }()
	if _, err := r.backup(t.Context(), whole); err != nil {
		t.Fatal(err)
	}
	dir, saved := t.TempDir(), whole.Bytes()
	path := filepath.Join(dir, "backup")
	if err := os.WriteFile(path, []byte("older"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]io.Reader{
		"broken off": io.MultiReader(bytes.NewReader(whole.Bytes()[:whole.Len()/2]), iotest.ErrReader(io.ErrUnexpectedEOF)),
		"no answer":  iotest.ErrReader(errors.New("gone")),
		"something":  strings.NewReader("{}\n"),
		"more":       io.MultiReader(bytes.NewReader(whole.Bytes()), strings.NewReader(`{"error":"x"}`)),
	} {
		if s, err := saveBackup(path, from); err == nil {
			t.Errorf("%s: saved %+v", name, s)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != "older" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
		if left := files(t, dir); len(left) != 2 {
			t.Errorf("%s: left are %v", name, left)
		}
	}
	if _, err := saveBackup(path, whole); err != nil {
		t.Fatal(err)
	}
	if left := files(t, dir); len(left) != 2 {
		t.Errorf("left are %v", left)
	}
	if _, err := saveBackup(filepath.Join(dir, "missing", "backup"), whole); err == nil {
		t.Error("saved in a folder that is not there")
	}
	link := filepath.Join(dir, "stdout")
	if err := os.Symlink("backup", link); err != nil {
		t.Fatal(err)
	}
	if _, err := saveBackup(link, bytes.NewReader(saved)); err == nil || !strings.Contains(err.Error(), "is no file") {
		t.Errorf("over a link: %v", err)
	}
	if to, err := os.Readlink(link); err != nil || to != "backup" {
		t.Errorf("the link leads to %q, %v", to, err)
	}
}

// lost is a ResponseWriter whose connection is lost.
type lost struct{ *httptest.ResponseRecorder }

func (lost) SetWriteDeadline(time.Time) error { return nil }
func (lost) Write([]byte) (int, error)        { return 0, errors.New("connection reset") }

// A backup that fails before its first byte is an error; one that fails later is
// broken off, so that nobody takes an error for a part of it.
func TestBackupEndpointFails(t *testing.T) {
	runCaddy(t, "odoo_gateway {\nstore badger "+t.TempDir()+"\n}\n", "http://ADDR {\n}\n")
	if err := serveBackup(httptest.NewRecorder(), request(t, "GET", backupEndpoint, "")); err == nil || !strings.Contains(err.Error(), "not supported") {
		t.Errorf("got %v", err)
	}
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("panics with %v", p)
		}
	}()
	err := serveBackup(lost{httptest.NewRecorder()}, request(t, "GET", backupEndpoint, ""))
	t.Errorf("answers with %v", err)
}

func TestRestoreNeedsAConfiguration(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, _, err := runHere(restoreCommand(), "", "backup"); err == nil || !strings.Contains(err.Error(), "say which configuration") {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile("Caddyfile", []byte(":80\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := runHere(restoreCommand(), "", "backup"); err == nil || !strings.Contains(err.Error(), "is not configured") {
		t.Errorf("got %v", err)
	}
	if _, _, err := runHere(restoreCommand(), "", "backup", "--audit-log", "missing"); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("got %v", err)
	}
}
