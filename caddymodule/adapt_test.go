package caddymodule

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
)

var update = flag.Bool("update", false, "write what Caddyfiles become into testdata")

// adapt turns a Caddyfile into JSON.
func adapt(file string) (string, error) {
	out, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(file), map[string]any{"filename": "Caddyfile"})
	return string(out), err
}

// mustAdapt is adapt for Caddyfiles that are right.
func mustAdapt(t *testing.T, file string) string {
	t.Helper()
	out, err := adapt(file)
	if err != nil {
		t.Fatalf("adapting: %v\n%s", err, file)
	}
	return out
}

// TestAdapt compares what Caddyfiles become with what is written under them:
// JSON, or a part of the error.
func TestAdapt(t *testing.T) {
	files, err := filepath.Glob("testdata/*.caddyfiletest")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests: %v", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".caddyfiletest"), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			input, want, ok := strings.Cut(string(data), "\n----------\n")
			want = strings.TrimSpace(want)
			if !ok || want == "" {
				t.Fatal("the file has no line of ten dashes, or nothing after it")
			}
			got, err := adapt(input + "\n")
			if want[0] != '{' {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Fatalf("got error %v, want one that contains %q", err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if formatted := string(caddyfile.Format([]byte(input))); formatted != input+"\n" && formatted != input {
				t.Errorf("the Caddyfile is not formatted; caddy fmt gives\n%s", formatted)
			}
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, []byte(got), "", "\t"); err != nil {
				t.Fatal(err)
			}
			if *update {
				err := os.WriteFile(path, []byte(input+"\n----------\n"+pretty.String()+"\n"), 0o600)
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if pretty.String() != want {
				t.Errorf("got\n%s\nwant\n%s", pretty.String(), want)
			}
		})
	}
}
