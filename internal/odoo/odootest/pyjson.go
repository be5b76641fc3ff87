package odootest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"sort"
	"strconv"
	"strings"
)

// object is a JSON object whose members keep their order, as a Python dict
// does. Values may be object, []any, map[string]any and scalars.
type object []member

type member struct {
	name  string
	value any
}

// encodeJSON writes v as Python's json.dumps(ensure_ascii=False) does: with a
// blank after ":" and ",", and floats with a decimal point, because clients
// see the difference between 1740 and 1740.0. Members of a plain map come
// with "id" first, then those of order, then the rest by name.
func encodeJSON(v any, order []string) []byte {
	var b bytes.Buffer
	writeJSON(&b, v, order)
	return b.Bytes()
}

func writeJSON(b *bytes.Buffer, v any, order []string) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case int:
		b.WriteString(strconv.Itoa(v))
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case float64:
		b.WriteString(pythonFloat(v))
	case string:
		writeString(b, v)
	case object:
		writeMembers(b, v, order)
	case map[string]any:
		writeMembers(b, ordered(v, order), order)
	case []object:
		list := make([]any, len(v))
		for i, o := range v {
			list[i] = o
		}
		writeJSON(b, list, order)
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		writeJSON(b, list, order)
	case []int64:
		list := make([]any, len(v))
		for i, n := range v {
			list[i] = n
		}
		writeJSON(b, list, order)
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			writeJSON(b, e, order)
		}
		b.WriteByte(']')
	default:
		panic(fmt.Sprintf("odootest: no JSON form of %T", v))
	}
}

func writeMembers(b *bytes.Buffer, o object, order []string) {
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteString(", ")
		}
		writeString(b, m.name)
		b.WriteString(": ")
		writeJSON(b, m.value, order)
	}
	b.WriteByte('}')
}

func writeString(b *bytes.Buffer, s string) {
	var q bytes.Buffer
	e := json.NewEncoder(&q)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil { // a string always encodes
		panic(err)
	}
	b.Write(bytes.TrimRight(q.Bytes(), "\n"))
}

func pythonFloat(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1e16 {
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// ordered turns a map into an object in the order that encodeJSON documents.
func ordered(m map[string]any, order []string) object {
	o := make(object, 0, len(m))
	seen := make(map[string]bool, len(m))
	take := func(name string) {
		if v, ok := m[name]; ok && !seen[name] {
			seen[name] = true
			o = append(o, member{name, v})
		}
	}
	take("id")
	for _, name := range order {
		take(name)
	}
	rest := make([]string, 0, len(m))
	for name := range m {
		if !seen[name] {
			rest = append(rest, name)
		}
	}
	sort.Strings(rest)
	for _, name := range rest {
		take(name)
	}
	return o
}

// errTrailing marks text after the first JSON value.
var errTrailing = errors.New("extra data")

// decodeJSON reads one JSON value into nil, bool, int64, float64, string,
// []any and map[string]any. As in Python the last of two equal names wins.
func decodeJSON(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errTrailing
	}
	return plain(v), nil
}

func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if !strings.ContainsAny(v.String(), ".eE") {
			if n, err := v.Int64(); err == nil {
				return n
			}
		}
		f, err := v.Float64()
		if err != nil {
			return math.Inf(1)
		}
		return f
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	}
	return v
}

// pythonJSONError words the two mistakes that tests make as Python does.
func pythonJSONError(data []byte) string {
	if i := bytes.IndexByte(data, '{'); i >= 0 {
		return fmt.Sprintf("Expecting property name enclosed in double quotes: line 1 column %d (char %d)", i+2, i+1)
	}
	return "Expecting value: line 1 column 1 (char 0)"
}

func asMap(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func asList(v any) []any {
	l, _ := v.([]any)
	return l
}

func asString(v any) string {
	s, _ := v.(string)
	return s
}

func asInt(v any) (int64, bool) {
	n, ok := v.(int64)
	return n, ok
}
