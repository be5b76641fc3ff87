package literal

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxNumber is the longest number in bytes.
const maxNumber = 64

// number reads [+-]digits[.digits][e[+-]digits], where digits may lack on one
// side of the point as in Python. What is written without point and exponent
// is an int64.
func (p *parser) number() (any, error) {
	start := p.at
	if c := p.peek(); c == '-' || c == '+' {
		p.at++
	}
	whole := p.digits()
	if len(whole) > 1 && whole[0] == '0' {
		return nil, p.fail("a number starts with 0")
	}
	float, fraction := false, ""
	if p.peek() == '.' {
		p.at++
		float, fraction = true, p.digits()
	}
	if whole == "" && fraction == "" {
		return nil, p.fail("a number has no digits")
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.at++
		if c := p.peek(); c == '-' || c == '+' {
			p.at++
		}
		if p.digits() == "" {
			return nil, p.fail("an exponent has no digits")
		}
		float = true
	}
	if c := p.peek(); isLetter(c) || c == '_' || c == '.' || c >= utf8.RuneSelf {
		return nil, p.fail("malformed number")
	}
	text := p.text[start:p.at]
	if len(text) > maxNumber {
		return nil, p.fail("a number has more than %d characters", maxNumber)
	}
	if !float {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, p.fail("a number is out of range")
		}
		return n, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, p.fail("a number is out of range")
	}
	return f, nil
}

func (p *parser) digits() string {
	start := p.at
	for isDigit(p.peek()) {
		p.at++
	}
	return p.text[start:p.at]
}

// str reads a string in the quotes that it starts with.
func (p *parser) str() (string, error) {
	quote := p.peek()
	p.at++
	var b strings.Builder
	for p.at < len(p.text) {
		c := p.text[p.at]
		switch {
		case c == quote:
			p.at++
			return b.String(), nil
		case c == '\\':
			p.at++
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
			continue
		case c < ' ':
			return "", p.fail("a control character in a string")
		}
		b.WriteByte(c)
		p.at++
	}
	return "", p.fail("a string has no end")
}

var escapes = map[byte]rune{
	'\\': '\\', '\'': '\'', '"': '"', '/': '/',
	'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v',
}

// escape reads what follows a backslash.
func (p *parser) escape() (rune, error) {
	c := p.peek()
	if r, ok := escapes[c]; ok {
		p.at++
		return r, nil
	}
	width := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	if width == 0 {
		return 0, p.fail("unknown escape in a string")
	}
	p.at++
	r, err := p.hex(width)
	if err != nil {
		return 0, err
	}
	if c == 'u' && utf16.IsSurrogate(r) && strings.HasPrefix(p.text[p.at:], `\u`) {
		p.at += 2
		low, err := p.hex(width)
		if err != nil {
			return 0, err
		}
		r = utf16.DecodeRune(r, low)
		if r == utf8.RuneError {
			return 0, p.fail("half a character in a string")
		}
		return r, nil
	}
	if !utf8.ValidRune(r) {
		return 0, p.fail("no character has that number")
	}
	return r, nil
}

func (p *parser) hex(width int) (rune, error) {
	if len(p.text)-p.at < width {
		return 0, p.fail("an escape is cut short")
	}
	n, err := strconv.ParseUint(p.text[p.at:p.at+width], 16, 32)
	if err != nil || n > utf8.MaxRune {
		return 0, p.fail("malformed escape in a string")
	}
	p.at += width
	return rune(n), nil
}
