package odoo

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Answers to reads are lists of flat records, by the thousand, and nearly all
// time that goes into them is spent on finding where a value ends. scanner does
// that for the plain ones alone: what it does not take, it leaves to jsontext,
// which is the judge of what is well formed. Whatever it takes jsontext would
// take in the same way; FuzzScan compares them.
type scanner struct {
	reader
	// names are the members of the last record, as they stand there.
	names [maxNames][]byte
	count int
}

// reader reads what JSON is made of.
type reader struct {
	data []byte
	at   int
}

const (
	// maxNames is the most members of a record, and maxNested the deepest list
	// in one, that the scanner takes.
	maxNames  = 64
	maxNested = 8
)

// Reference is the id in the [id, name] of a many2one, where the name is a
// text. ok is false for whatever else there may be.
func Reference(v jsontext.Value) (id int64, ok bool) {
	s := reader{data: v}
	if !utf8.Valid(v) || !s.skip('[') {
		return 0, false
	}
	s.space()
	start := s.at
	if !s.digits() || v[start] == '0' {
		return 0, false
	}
	id, err := strconv.ParseInt(string(v[start:s.at]), 10, 64)
	if err != nil || !s.skip(',') {
		return 0, false
	}
	s.space()
	return id, s.text() && s.skip(']') && s.end()
}

// records splits a whole list of records. It is false where jsontext has to look.
func (s *scanner) records(into *recordList) bool {
	if !utf8.Valid(s.data) || !s.skip('[') {
		return false
	}
	if s.skip(']') {
		return s.end()
	}
	for {
		if !s.record(into) {
			return false
		}
		into.next()
		if s.skip(']') {
			return s.end()
		}
		if !s.skip(',') {
			return false
		}
	}
}

// record reads one object. Records of one answer have the same names in the
// same order: those of the first are compared with each other, and the others
// with the first.
func (s *scanner) record(into *recordList) bool {
	if !s.skip('{') {
		return false
	}
	known := s.count
	s.count = 0
	if s.skip('}') {
		return true
	}
	for {
		name, ok := s.name()
		if !ok || s.count == maxNames {
			return false
		}
		if s.count >= known || !bytes.Equal(s.names[s.count], name) {
			known = 0 // all that follow are compared with those before
			for _, other := range s.names[:s.count] {
				if bytes.Equal(other, name) {
					return false
				}
			}
		}
		s.names[s.count] = name
		s.count++
		if !s.skip(':') {
			return false
		}
		s.space()
		start := s.at
		if !s.value(0) {
			return false
		}
		into.add(name, s.data[start:s.at:s.at])
		if s.skip('}') {
			return true
		}
		if !s.skip(',') {
			return false
		}
	}
}

// name reads a name without escapes, and leaves its quotes away.
func (s *scanner) name() ([]byte, bool) {
	s.space()
	start := s.at + 1
	if !s.text() {
		return nil, false
	}
	name := s.data[start : s.at-1]
	return name, bytes.IndexByte(name, '\\') < 0
}

// value reads a text, a number, a truth value, null or a list of these.
func (s *reader) value(depth int) bool {
	if s.at >= len(s.data) {
		return false
	}
	switch c := s.data[s.at]; c {
	case '"':
		return s.text()
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	case '[':
		return depth < maxNested && s.list(depth)
	default:
		return s.number()
	}
}

func (s *reader) list(depth int) bool {
	s.at++
	if s.skip(']') {
		return true
	}
	for {
		s.space()
		if !s.value(depth + 1) {
			return false
		}
		if s.skip(']') {
			return true
		}
		if !s.skip(',') {
			return false
		}
	}
}

// text reads a text with its quotes.
func (s *reader) text() bool {
	data := s.data
	if s.at >= len(data) || data[s.at] != '"' {
		return false
	}
	for i := s.at + 1; i < len(data); i++ {
		switch c := data[i]; {
		case c == '"':
			s.at = i + 1
			return true
		case c == '\\':
			if i++; i >= len(data) {
				return false
			}
			switch data[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if !plainEscape(data[i+1:]) {
					return false
				}
				i += 4
			default:
				return false
			}
		case c < ' ':
			return false
		}
	}
	return false
}

// plainEscape tells whether four hexadecimal digits are one character, and not
// half of one.
func plainEscape(digits []byte) bool {
	if len(digits) < 4 {
		return false
	}
	for _, c := range digits[:4] {
		if lower := c | 0x20; (c < '0' || c > '9') && (lower < 'a' || lower > 'f') {
			return false
		}
	}
	return digits[0]|0x20 != 'd' || digits[1] < '8'
}

func (s *reader) word(w string) bool {
	if len(s.data)-s.at < len(w) || string(s.data[s.at:s.at+len(w)]) != w {
		return false
	}
	s.at += len(w)
	return true
}

// number reads a number (RFC 8259 section 6).
func (s *reader) number() bool {
	if s.peek() == '-' {
		s.at++
	}
	if s.peek() == '0' {
		s.at++
	} else if !s.digits() {
		return false
	}
	if s.peek() == '.' {
		if s.at++; !s.digits() {
			return false
		}
	}
	if s.peek()|0x20 == 'e' {
		s.at++
		if c := s.peek(); c == '+' || c == '-' {
			s.at++
		}
		return s.digits()
	}
	return true
}

func (s *reader) digits() bool {
	start := s.at
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.at++
	}
	return s.at > start
}

// peek is the next byte, 0 at the end.
func (s *reader) peek() byte {
	if s.at < len(s.data) {
		return s.data[s.at]
	}
	return 0
}

func (s *reader) space() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\n', '\r', '\t':
			s.at++
		default:
			return
		}
	}
}

// skip reads c, and white space before it, if it is there.
func (s *reader) skip(c byte) bool {
	if s.peek() != c {
		s.space()
		if s.peek() != c {
			return false
		}
	}
	s.at++
	return true
}

// end tells whether nothing follows.
func (s *reader) end() bool {
	s.space()
	return s.at == len(s.data)
}
