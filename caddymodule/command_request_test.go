package caddymodule

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What goes wrong on the way to the running Caddy is said in one sentence.
func TestCommandsSayWhatIsWrong(t *testing.T) {
	for name, answer := range map[string]struct {
		status     int
		body, want string
	}{
		"our own error":       {404, `{"error":"there is no gateway \"x\""}`, `there is no gateway "x"`},
		"a refusal of Caddy":  {403, `{"error":"host not allowed: x"}`, "host not allowed: x"},
		"without the module":  {404, "404 page not found\n", "knows no such command: it runs without odoo_gateway"},
		"another server":      {502, "<html>\nbad gateway", "answers with status 502: <html> bad gateway"},
		"an error without it": {500, `{"message":"x"}`, `answers with status 500: {"message":"x"}`},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(answer.status)
			_, _ = w.Write([]byte(answer.body))
		}))
		_, err := adminFlags{address: srv.Listener.Addr().String()}.get(keysEndpoint)
		srv.Close()
		if err == nil || !strings.HasSuffix(err.Error(), answer.want) && !strings.Contains(err.Error(), answer.want+",") || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "HTTP ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := adminFlags{address: "127.0.0.1:1"}.get(keysEndpoint)
	if err == nil || !strings.HasPrefix(err.Error(), "no Caddy answers at 127.0.0.1:1: it does not run, its admin API is off, or it is elsewhere") {
		t.Errorf("nobody there: %v", err)
	}
	if err := said(errors.New("invalid admin address"), "x"); !strings.Contains(err.Error(), "invalid admin address") {
		t.Errorf("got %v", err)
	}
}

// Where the configuration turns the admin API off, the commands say so.
func TestCommandsWithoutAnAdminAPI(t *testing.T) {
	file := filepath.Join(t.TempDir(), "Caddyfile")
	if err := os.WriteFile(file, []byte("{\n\tadmin off\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, command := range map[string][]string{
		"doctor": {"doctor"}, "backup": {"backup", "x"}, "keys": {"keys", "list"}, "authorizations": {"authorizations", "list"},
	} {
		cmd := group("odoo-gateway", "", doctorCommand(), backupCommand(), keysCommand(), authorizationsCommand())
		_, _, err := runHere(cmd, "", append(command, "--config", file)...)
		if err == nil || !strings.HasPrefix(err.Error(), file+" turns the admin API off, by which this command asks the running Caddy: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (adminFlags{config: file, address: "127.0.0.1:1"}).find(); err != nil {
		t.Errorf("with an address: %v", err)
	}
}
