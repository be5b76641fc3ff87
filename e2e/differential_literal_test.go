package e2e

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// pythonLiteral writes a value as people write it in Python: tuples or lists,
// single or double quotes, characters as they are or escaped.
func pythonLiteral(r *rand.Rand, v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case float64:
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(text, ".e") {
			text += ".0"
		}
		return text
	case string:
		return pythonString(r, v)
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = pythonLiteral(r, item)
		}
		list := strings.Join(items, []string{",", ", "}[r.IntN(2)])
		if len(v) > 1 && r.IntN(2) == 0 {
			return "(" + list + ")"
		}
		return "[" + list + "]"
	case map[string]any:
		var items []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			items = append(items, pythonString(r, name)+": "+pythonLiteral(r, v[name]))
		}
		return "{" + strings.Join(items, ", ") + "}"
	default:
		return fmt.Sprint(v)
	}
}

func pythonString(r *rand.Rand, s string) string {
	quote := []rune{'\'', '"'}[r.IntN(2)]
	ascii := r.IntN(3) == 0
	var b strings.Builder
	b.WriteRune(quote)
	for _, c := range s {
		switch {
		case c == quote || c == '\\':
			b.WriteRune('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || ascii && c > '~' && c < 0x100:
			fmt.Fprintf(&b, `\x%02x`, c)
		case ascii && c > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, c)
		case ascii && c > '~':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteRune(quote)
	return b.String()
}

// jsonOf writes a value as JSON.
func jsonOf(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // of these files' own making
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// literalText writes a value in one of the two ways.
func literalText(r *rand.Rand, v any) string {
	if r.IntN(2) == 0 {
		return jsonOf(v)
	}
	return pythonLiteral(r, v)
}

// unencoded escapes nothing in a query but what would end it, or mean something
// else there.
func unencoded(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == ' ':
			b.WriteByte('+')
		case c < ' ' || c == 0x7f || strings.IndexByte("%&+#;", c) >= 0:
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// xmlMembers writes the members of a dict in typed XML. Lists of names, texts and
// numbers that stand alone may go without their types, as clients send them.
func xmlMembers(r *rand.Rand, members map[string]any) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(members)) {
		bare := name != "domain" && name != "args" && name != "name" && r.IntN(2) == 0
		xmlElement(&b, name, members[name], bare)
	}
	return b.String()
}

func xmlElement(b *strings.Builder, name string, v any, bare bool) {
	kind, text := "", ""
	switch v := v.(type) {
	case nil:
		kind = "null"
	case bool:
		kind, text = "bool", strconv.FormatBool(v)
	case int64:
		kind, text = "int", strconv.FormatInt(v, 10)
	case float64:
		kind, text = "float", strconv.FormatFloat(v, 'g', -1, 64)
	case string:
		var escaped strings.Builder
		if err := xml.EscapeText(&escaped, []byte(v)); err != nil || !utf8.ValidString(v) {
			panic(fmt.Sprintf("no XML: %q", v))
		}
		kind, text = "str", escaped.String()
	case []any:
		var inner strings.Builder
		for _, item := range v {
			xmlElement(&inner, "item", item, bare)
		}
		kind, text = "list", inner.String()
		bare = bare && len(v) > 0
	}
	if bare {
		fmt.Fprintf(b, "<%s>%s</%s>", name, text, name)
		return
	}
	fmt.Fprintf(b, `<%s type="%s">%s</%s>`, name, kind, text, name)
}
