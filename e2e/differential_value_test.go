package e2e

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A canonical value is nil, a bool, int64, float64, string, []any or
// map[string]any. What is 1 in one answer and 1.0, "1" or true in another is
// no longer the same.

// fromJSON decodes one JSON value.
func fromJSON(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("%w in %.200s", err, text)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the JSON of %.200s", text)
	}
	return canonicalOf(v)
}

func canonicalOf(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case json.Number:
		return number(v.String())
	case []any:
		for i := range v {
			if v[i], err = canonicalOf(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for name := range v {
			if v[name], err = canonicalOf(v[name]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

func number(text string) (any, error) {
	if strings.ContainsAny(text, ".eE") {
		return strconv.ParseFloat(text, 64)
	}
	return strconv.ParseInt(text, 10, 64)
}

// fromXML decodes an answer in the typed XML of /restapi, which has no root.
func fromXML(text string) (any, error) {
	d := xml.NewDecoder(strings.NewReader("<answer>" + text + "</answer>"))
	tok, err := d.Token()
	if err != nil {
		return nil, err
	}
	return elementOf(d, tok.(xml.StartElement), "dict")
}

// elementOf reads what is in an element, to its end.
func elementOf(d *xml.Decoder, start xml.StartElement, kind string) (any, error) {
	for _, a := range start.Attr {
		if a.Name.Local == "type" {
			kind = a.Value
		}
	}
	list, dict := []any{}, map[string]any{}
	var text bytes.Buffer
	for {
		tok, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch tok := tok.(type) {
		case xml.CharData:
			text.Write(tok)
		case xml.StartElement:
			v, err := elementOf(d, tok, "")
			if err != nil {
				return nil, err
			}
			name := tok.Name.Local
			if i := slices.IndexFunc(tok.Attr, func(a xml.Attr) bool { return a.Name.Local == "name" }); i >= 0 {
				name = tok.Attr[i].Value
			}
			if _, twice := dict[name]; twice && kind == "dict" {
				return nil, fmt.Errorf("<%s> stands twice", name)
			}
			list, dict[name] = append(list, v), v
		case xml.EndElement:
			return typed(kind, text.String(), list, dict)
		}
	}
}

func typed(kind, text string, list []any, dict map[string]any) (any, error) {
	switch kind {
	case "list":
		return list, nil
	case "dict":
		return dict, nil
	case "str":
		return text, nil
	case "bool":
		return strconv.ParseBool(text)
	case "int":
		return strconv.ParseInt(text, 10, 64)
	case "float":
		return strconv.ParseFloat(text, 64)
	case "null":
		return nil, nil
	}
	return nil, errors.New("an element of type " + kind)
}

// difference names the first place where two canonical values differ; "" is
// none.
func difference(at string, got, want any) string {
	switch w := want.(type) {
	case []any:
		g, ok := got.([]any)
		if !ok {
			break
		}
		for i := range min(len(g), len(w)) {
			if d := difference(fmt.Sprintf("%s[%d]", at, i), g[i], w[i]); d != "" {
				return d
			}
		}
		if len(g) != len(w) {
			return fmt.Sprintf("%s has %d items, want %d", at, len(g), len(w))
		}
		return ""
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			break
		}
		for _, name := range slices.Sorted(maps.Keys(w)) {
			v, there := g[name]
			if !there {
				return fmt.Sprintf("%s has no %q", at, name)
			}
			if d := difference(at+"."+name, v, w[name]); d != "" {
				return d
			}
		}
		for _, name := range slices.Sorted(maps.Keys(g)) {
			if _, there := w[name]; !there {
				return fmt.Sprintf("%s has %q", at, name)
			}
		}
		return ""
	default:
		switch got.(type) {
		case []any, map[string]any:
		default:
			if got == want {
				return ""
			}
		}
	}
	return fmt.Sprintf("%s is %.300s, want %.300s", at, shown(got), shown(want))
}

func shown(v any) string { return fmt.Sprintf("%T %#v", v, v) }
