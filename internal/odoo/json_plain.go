package odoo

import (
	"bytes"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// parsePlain is ParseJSON without a tokenizer. ok is false where the tokenizer
// has to look: it words what is wrong, and takes what is rare.
func parsePlain(data []byte, limits Limits) (v any, ok bool) {
	if !utf8.Valid(data) {
		return nil, false
	}
	p := plainParser{reader{data: data}, limits.Values}
	p.space()
	v, ok = p.parse(limits.Depth)
	return v, ok && p.end()
}

type plainParser struct {
	reader
	left int // values that are still allowed
}

// parse reads a value whose lists and objects may be so deep.
func (p *plainParser) parse(depth int) (any, bool) {
	if p.left--; p.left < 0 {
		return nil, false
	}
	switch c := p.peek(); {
	case c == '"':
		return p.string()
	case c == '[' && depth > 0:
		return p.array(depth - 1)
	case c == '{' && depth > 0:
		return p.object(depth - 1)
	case c == 't':
		return true, p.word("true")
	case c == 'f':
		return false, p.word("false")
	case c == 'n':
		return nil, p.word("null")
	case c == '-' || c >= '0' && c <= '9':
		start := p.at
		if !p.number() {
			return nil, false
		}
		n, err := parseNumber(string(p.data[start:p.at]))
		return n, err == nil
	}
	return nil, false
}

func (p *plainParser) string() (string, bool) {
	start := p.at
	if !p.text() {
		return "", false
	}
	raw := p.data[start:p.at]
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), true
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	return string(text), err == nil
}

func (p *plainParser) array(depth int) (any, bool) {
	p.at++
	list := []any{}
	if p.skip(']') {
		return list, true
	}
	for {
		p.space()
		v, ok := p.parse(depth)
		if !ok {
			return nil, false
		}
		if len(list) == cap(list) && len(list) == 0 {
			list = make([]any, 0, 4)
		}
		list = append(list, v)
		if p.skip(']') {
			return list, true
		}
		if !p.skip(',') {
			return nil, false
		}
	}
}

func (p *plainParser) object(depth int) (any, bool) {
	p.at++
	object := map[string]any{}
	if p.skip('}') {
		return object, true
	}
	for {
		p.space()
		if p.left--; p.left < 0 || p.peek() != '"' {
			return nil, false
		}
		name, ok := p.string()
		if _, twice := object[name]; twice || !ok || !p.skip(':') {
			return nil, false
		}
		p.space()
		if object[name], ok = p.parse(depth); !ok {
			return nil, false
		}
		if p.skip('}') {
			return object, true
		}
		if !p.skip(',') {
			return nil, false
		}
	}
}
