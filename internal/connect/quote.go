package connect

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode"
)

// What follows puts texts that somebody has written into other languages, where
// they must stay what they are: texts.

// maxLine bounds a text that is made one line, in characters.
const maxLine = 200

// line makes one line of a text: what ends lines, does not show, or turns the
// direction of what follows becomes a space.
func line(s string) string {
	s = strings.ToValidUTF8(s, "�")
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if all := []rune(s); len(all) > maxLine {
		s = string(all[:maxLine]) + "…"
	}
	return s
}

// shell quotes a text for a POSIX shell.
func shell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// yaml quotes a text for YAML: a JSON string is one of its double-quoted
// scalars (YAML 1.2 section 10.2).
func yaml(s string) string { return string(marshal(s)) }

// marshal writes JSON as it is read, without the escapes that HTML needs.
func marshal(v any) []byte {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		// Maps, lists, texts, numbers: only a defect of ours gets here.
		panic("connect: " + err.Error())
	}
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}

// indented writes JSON over several lines.
func indented(v any) []byte {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		panic("connect: " + err.Error()) // as above
	}
	return []byte(b.String())
}

// markdown escapes what Markdown, and HTML in it, gives a meaning to. The
// descriptions of OpenAPI and Postman are Markdown.
func markdown(s string) string {
	return markdownSigns.ReplaceAllStringFunc(line(s), func(sign string) string {
		switch sign {
		case "<":
			return "&lt;"
		case "&":
			return "&amp;"
		}
		return `\` + sign
	})
}

var markdownSigns = regexp.MustCompile("[\\\\`*_{}\\[\\]()<>#+!|~&]")

// apart separates braces that would be a placeholder of Postman's, n8n's or
// Forge's, and the dollar sign before one.
func apart(s string) string {
	s = line(s)
	for strings.Contains(s, "{{") || strings.Contains(s, "}}") || strings.Contains(s, "${") {
		s = strings.NewReplacer("{{", "{ {", "}}", "} }", "${", "$ {").Replace(s)
	}
	return s
}

// templated tells whether a value would be taken for a template by a client
// that knows placeholders: as it is it can not be given, and otherwise it would
// be another one.
func templated(s string) bool {
	return strings.Contains(s, "{{") || strings.Contains(s, "}}") || strings.Contains(s, "${") || strings.HasPrefix(s, "=") || line(s) != s
}

// exact is a value for such a client, or a text that says to type it.
func exact(s, name string) string {
	if templated(s) {
		return "TYPE-THE-" + name + "-HERE"
	}
	return s
}

// The places for secrets.
const (
	// SecretPlace stands where the client secret belongs.
	SecretPlace = "PASTE-THE-CLIENT-SECRET-HERE"
)

var notInNames = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// fileName makes a part of the name of a file.
func fileName(s string) string {
	s = strings.Trim(notInNames.ReplaceAllString(s, "-"), ".-")
	if s == "" {
		return "application"
	}
	return s[:min(len(s), 64)]
}
