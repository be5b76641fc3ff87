package connect_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/connect"
)

// hostile texts would mean something in one of the languages that documents are
// written in.
var hostile = []string{
	`"; touch canary; "`, `'; touch canary; '`, "$(touch canary)", "`touch canary`", "x\ntouch canary\n", "x\r\n- key: evil\n  baseUrl: https://evil.example",
	"{{client_secret}}", "{{{x}}}", "${SECRET}", "={{ $env.SECRET }}", "=cmd", "# comment", ": x", "- x", "*x &y !z", "</script><script>alert(1)</script>",
	"[click](javascript:alert(1))", "\u2028\u2029\u202e\u0000\x1b[2J", `\`, `\"`, "%s%n", "\xff\xfe", "@/etc/passwd", "-o/tmp/x", "null", " ",
}

// hostileGuide has such a text wherever somebody can write one.
func hostileGuide(t *testing.T, text string) *connect.Guide {
	t.Helper()
	d := definitions()["sales"]
	d.Title, d.Description = text, text
	for i := range d.Configurations {
		d.Configurations[i].DisplayName, d.Configurations[i].Description = text, text
	}
	fields := erp()
	for model := range fields {
		for name, f := range fields[model] {
			f.String = text
			fields[model][name] = f
		}
	}
	app := wiki()
	app.Title, app.Description, app.OwnID, app.ClientID = text, text, text, text+"id"
	app.RedirectURIs[0].Description = text
	return guide(t, app, compile(t, d), fields)
}

// Whatever somebody has written, a document of JSON or YAML says the same as
// another, but for that text.
func TestHostileTextsStayTexts(t *testing.T) {
	calm := hostileGuide(t, "calm")
	for _, format := range []string{"json", "openapi", "postman", "n8n", "n8n-credentials", "forge"} {
		parse := json.Unmarshal
		if format == "forge" {
			parse = yaml.Unmarshal
		}
		var want any
		if err := parse([]byte(made(t, calm, format)), &want); err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		for _, text := range hostile {
			var got any
			document := made(t, hostileGuide(t, text), format)
			if err := parse([]byte(document), &got); err != nil {
				t.Errorf("%s with %q: %v", format, text, err)
				continue
			}
			if !reflect.DeepEqual(bones(got), bones(want)) {
				t.Errorf("%s with %q has another form: %s", format, text, document)
			}
			for _, s := range textsOf(got) {
				placeholder := strings.Contains(s, "{{") && !strings.HasPrefix(s, "{{base}}") || strings.Contains(s, "${")
				switch {
				case format == "postman" && placeholder, format == "forge" && placeholder, strings.HasPrefix(format, "n8n") && (placeholder || strings.HasPrefix(s, "=")):
					t.Errorf("%s with %q: %q would be evaluated", format, text, s)
				case format != "json" && strings.ContainsAny(s, "\x00\x1b\u2028\u202e"):
					t.Errorf("%s with %q: %q", format, text, s)
				}
			}
		}
	}
}

// bones are the form of a value, without its texts.
func bones(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, inside := range v {
			out[key] = bones(inside)
		}
		return out
	case []any:
		out := []any{}
		for _, inside := range v {
			out = append(out, bones(inside))
		}
		return out
	case string:
		return ""
	}
	return v
}

// textsOf are the texts in a value.
func textsOf(v any) (all []string) {
	switch v := v.(type) {
	case map[string]any:
		for _, inside := range v {
			all = append(all, textsOf(inside)...)
		}
	case []any:
		for _, inside := range v {
			all = append(all, textsOf(inside)...)
		}
	case string:
		all = append(all, v)
	}
	return all
}

// Texts for people have a line for each value, and no more.
func TestHostileTextsStayLines(t *testing.T) {
	for _, format := range []string{"text", "confluence", "forge", "curl"} {
		want := strings.Count(made(t, hostileGuide(t, "calm"), format), "\n")
		for _, text := range hostile {
			document := made(t, hostileGuide(t, text), format)
			if format == "curl" { // where a client id may have lines, in quotes
				document = strings.Replace(document, "client_id='"+strings.ReplaceAll(text, "'", `'\''`)+"id'", "", 1)
			}
			if got := strings.Count(document, "\n"); got != want || strings.ContainsAny(document, "\x1b\x00\r\u202e\u2028") {
				t.Errorf("%s with %q: %d lines, want %d: %q", format, text, got, want, document)
			}
		}
	}
}

// The script runs nothing that somebody has written, and sends what they have.
func TestHostileScript(t *testing.T) {
	for _, text := range hostile {
		if strings.ContainsRune(text, 0) {
			continue // no argument of a process has one
		}
		dir := t.TempDir()
		tools := filepath.Join(dir, "tools")
		if err := os.Mkdir(tools, 0o700); err != nil {
			t.Fatal(err)
		}
		// curl keeps its arguments, each between two signs that no text here has.
		write(t, filepath.Join(tools, "curl"), "#!/bin/sh\nprintf '\\037%s\\037' \"$@\" >>\"$LOG\"\necho '{\"access_token\": \"token\"}'\n")
		write(t, filepath.Join(tools, "openssl"), "#!/bin/sh\necho 00\n")
		script := filepath.Join(dir, "script")
		write(t, script, made(t, hostileGuide(t, text), "curl"))
		cmd := exec.CommandContext(t.Context(), "/bin/sh", script)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + tools + ":/usr/bin:/bin", "CLIENT_SECRET=" + secret, "LOG=" + filepath.Join(dir, "log")}
		cmd.Stdin = strings.NewReader("the-code\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%q: %v: %s", text, err, out)
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, "canary")); err == nil {
			t.Errorf("%q was run", text)
		}
		log, err := os.ReadFile(filepath.Join(dir, "log"))
		if err != nil {
			t.Fatal(err)
		}
		for _, argument := range []string{"client_id=" + text + "id", "client_secret@-", "code=the-code", "redirect_uri=" + callback} {
			if !strings.Contains(string(log), "\x1f"+argument+"\x1f") {
				t.Errorf("%q: %q is not sent", text, argument)
			}
		}
		if strings.Contains(string(log), secret) {
			t.Errorf("%q: the secret is an argument", text)
		}
		if strings.Contains(string(log), "Bearer") || !strings.Contains(string(log), "\x1f-H\x1f\x1f@-\x1f") {
			t.Errorf("%q: the token is an argument", text)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
}

// No document holds a secret, whatever the application has.
func TestNoSecrets(t *testing.T) {
	app := wiki()
	app.Service = &application.Service{Login: "robot", APIKey: application.Hide("robot-key-" + secret)}
	for name, d := range definitions() {
		g := guide(t, app, compile(t, d), erp())
		for _, format := range connect.Formats() {
			document, err := g.Document(format)
			if err != nil {
				t.Fatal(err)
			}
			for _, hidden := range []string{secret, "robot-key", "robot"} {
				if strings.Contains(document.Content, hidden) || strings.Contains(document.File, hidden) {
					t.Errorf("%s: %s holds %q", name, format, hidden)
				}
			}
			if needs := slices.Contains([]string{"text", "json", "postman", "n8n-credentials", "confluence"}, format); needs != strings.Contains(document.Content, connect.SecretPlace) {
				t.Errorf("%s: %s says where the secret goes: %v", name, format, !needs)
			}
		}
	}
}

// The names of files are names alone.
func TestFileNames(t *testing.T) {
	for _, name := range []string{"wiki", "../../etc/passwd", `a"b`, "a\r\nSet-Cookie: x", "…", "", strings.Repeat("a", 300), ".hidden", "con/aux"} {
		app := wiki()
		app.Name = name
		g := guide(t, app, compile(t, definitions()["sales"]), erp())
		for _, format := range connect.Formats() {
			d, err := g.Document(format)
			if err != nil || d.File == "" || strings.HasPrefix(d.File, ".") || len(d.File) > 120 || strings.Trim(d.File, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != "" {
				t.Errorf("%q: %s is %q, %v", name, format, d.File, err)
			}
		}
	}
	if _, err := guide(t, wiki(), compile(t, definitions()["sales"]), erp()).Document("nonsense"); err == nil || !strings.Contains(err.Error(), "is none of text, json") {
		t.Errorf("an unknown format: %v", err)
	}
}
