// Package literal reads values as clients of the legacy interfaces write
// them: Python literals or JSON, or a mixture. It evaluates nothing.
package literal

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// ErrSyntax is wrapped by every error of this package.
var ErrSyntax = errors.New("malformed value")

// Bounds of a value.
const (
	MaxDepth  = 64      // nesting of lists, tuples and dicts
	MaxValues = 100_000 // values and keys together
	MaxBytes  = 1 << 20 // length of the text
)

// Parse reads one value: None, null, True, true, False, false, a decimal
// number, a string in single or double quotes, a list, a tuple or a dict with
// strings for keys, nested, with trailing commas as Python allows them. The
// result consists of nil, bool, int64, float64, string, []any (lists and
// tuples) and map[string]any. A parenthesis around one value is no tuple.
//
// Strings know the escapes of JSON and \', \a, \v, \xHH and \UHHHHHHHH. All
// else is refused: names, operators, calls, string prefixes, adjacent strings,
// sets, comments, octal and hexadecimal numbers, integers beyond 64 bits,
// \N{…}, lone surrogates, duplicate keys, and text after the value. A text
// that is JSON has the value it has as JSON.
func Parse(text string) (any, error) {
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrSyntax, MaxBytes)
	}
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("%w: not UTF-8", ErrSyntax)
	}
	p := &parser{text: text}
	p.space()
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(p.text) {
		return nil, p.fail("text after the value")
	}
	return v, nil
}

type parser struct {
	text string
	at   int
	seen int
}

func (p *parser) fail(format string, args ...any) error {
	return fmt.Errorf("%w: %s at position %d", ErrSyntax, fmt.Sprintf(format, args...), p.at+1)
}

// peek is the next byte, or 0 at the end. A NUL in the text is no part of any
// value, so the two need not be told apart.
func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *parser) count() error {
	if p.seen++; p.seen > MaxValues {
		return p.fail("more than %d values", MaxValues)
	}
	return nil
}

func (p *parser) value(depth int) (any, error) {
	if err := p.count(); err != nil {
		return nil, err
	}
	switch c := p.peek(); {
	case c == '[' || c == '(' || c == '{':
		if depth >= MaxDepth {
			return nil, p.fail("nested deeper than %d", MaxDepth)
		}
		p.at++
		switch c {
		case '[':
			list, _, err := p.items(']', depth+1)
			return list, err
		case '(':
			return p.tuple(depth + 1)
		}
		return p.dict(depth + 1)
	case c == '\'' || c == '"':
		return p.str()
	case c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.':
		return p.number()
	case isLetter(c):
		return p.constant()
	case p.at >= len(p.text):
		return nil, p.fail("a value is missing")
	}
	return nil, p.fail("no value starts like that")
}

// items reads up to the closing bracket; comma tells whether a comma followed
// any item.
func (p *parser) items(end byte, depth int) (list []any, comma bool, err error) {
	list = []any{}
	for more := true; ; {
		if p.space(); p.peek() == end {
			p.at++
			return list, comma, nil
		}
		if !more {
			return nil, false, p.fail("a comma is missing")
		}
		v, err := p.value(depth)
		if err != nil {
			return nil, false, err
		}
		list = append(list, v)
		if p.space(); p.peek() == ',' {
			p.at++
			comma = true
		} else {
			more = false
		}
	}
}

func (p *parser) tuple(depth int) (any, error) {
	list, comma, err := p.items(')', depth)
	if err == nil && len(list) == 1 && !comma {
		return list[0], nil
	}
	return list, err
}

func (p *parser) dict(depth int) (any, error) {
	dict := map[string]any{}
	for more := true; ; {
		if p.space(); p.peek() == '}' {
			p.at++
			return dict, nil
		}
		if !more {
			return nil, p.fail("a comma is missing")
		}
		if err := p.entry(dict, depth); err != nil {
			return nil, err
		}
		p.space()
		if more = p.peek() == ','; more {
			p.at++
		}
	}
}

func (p *parser) entry(dict map[string]any, depth int) error {
	if err := p.count(); err != nil {
		return err
	}
	if c := p.peek(); c != '\'' && c != '"' {
		return p.fail("a key is a string")
	}
	key, err := p.str()
	if err != nil {
		return err
	}
	if _, twice := dict[key]; twice {
		return p.fail("a key stands twice")
	}
	if p.space(); p.peek() != ':' {
		return p.fail("a colon is missing")
	}
	p.at++
	p.space()
	v, err := p.value(depth)
	if err == nil {
		dict[key] = v
	}
	return err
}

var constants = map[string]any{
	"None": nil, "null": nil, "True": true, "true": true, "False": false, "false": false,
}

func (p *parser) constant() (any, error) {
	end := p.at
	for end < len(p.text) && (isLetter(p.text[end]) || isDigit(p.text[end]) || p.text[end] == '_' || p.text[end] >= utf8.RuneSelf) {
		end++
	}
	v, ok := constants[p.text[p.at:end]]
	if !ok {
		return nil, p.fail("names are not values")
	}
	p.at = end
	return v, nil
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
