// Package typedxml writes JSON in the XML of the /restapi/1.0 interface: each
// element says the type of what is in it, and nothing stands around them all.
//
//	{"res.partner": [{"id": 12, "active": true}]}
//
//	<res.partner type="list"><item type="dict"><id type="int">12</id><active type="bool">true</active></item></res.partner>
package typedxml

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Append appends the XML of one JSON value. The members of an object and the
// items of a list become elements in their order; a list's are called item. A
// name that is no name in XML (or one that XML keeps for itself, or with a
// colon, which would mean a namespace) becomes <key name="…">. Characters that
// XML can not hold become U+FFFD. An error means that src is no JSON or, where
// it is ErrTooLarge, that dst would have more than limit bytes: tags make
// lists of numbers ten times as long.
func Append(dst, src []byte, limit int64) ([]byte, error) {
	w := writer{jsontext.NewDecoder(bytes.NewBuffer(src), jsontext.AllowDuplicateNames(true)), limit}
	dst, err := w.appendValue(dst, "")
	if err != nil {
		return nil, err
	}
	if _, err := w.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("typedxml: data after the value")
	}
	return dst, nil
}

// ErrTooLarge is the error of Append where its limit is too low.
var ErrTooLarge = errors.New("typedxml: the XML is too large")

type writer struct {
	dec   *jsontext.Decoder
	limit int64
}

// appendValue appends the next value as an element; "" is the value that
// stands alone, of which an object and a list are only what they hold.
func (w writer) appendValue(dst []byte, name string) ([]byte, error) {
	tok, err := w.dec.ReadToken()
	if err != nil {
		return nil, err
	}
	kind, text := "", ""
	switch tok.Kind() {
	case '{':
		kind = "dict"
	case '[':
		kind = "list"
	case '"':
		kind, text = "str", tok.String()
	case 't', 'f':
		kind, text = "bool", tok.String()
	case 'n':
		kind = "null"
	default:
		if kind, text = "int", tok.String(); strings.ContainsAny(text, ".eE") {
			kind = "float"
		}
	}
	bare := name == "" && (kind == "dict" || kind == "list")
	if name == "" {
		name = "item"
	}
	end := ""
	if !bare {
		dst, end = open(dst, name, kind)
	}
	switch kind {
	case "dict", "list":
		dst, err = w.appendMembers(dst, kind)
	default:
		dst = escape(dst, text)
	}
	if !bare {
		dst = append(dst, "</"+end+">"...)
	}
	if err == nil && int64(len(dst)) > w.limit {
		err = ErrTooLarge
	}
	return dst, err
}

// appendMembers appends what an object or list holds, to its end.
func (w writer) appendMembers(dst []byte, kind string) ([]byte, error) {
	for w.dec.PeekKind() != '}' && w.dec.PeekKind() != ']' {
		name := "item"
		if kind == "dict" {
			tok, err := w.dec.ReadToken()
			if err != nil {
				return nil, err
			}
			name = tok.String()
			if name == "" {
				name = " " // no element's name either
			}
		}
		var err error
		if dst, err = w.appendValue(dst, name); err != nil {
			return nil, err
		}
	}
	_, err := w.dec.ReadToken()
	return dst, err
}

// open appends a start tag and returns the name that ends it.
func open(dst []byte, name, kind string) ([]byte, string) {
	if plain(name) {
		return append(dst, "<"+name+` type="`+kind+`">`...), name
	}
	dst = append(dst, `<key name="`...)
	dst = escape(dst, strings.TrimSpace(name))
	return append(dst, `" type="`+kind+`">`...), "key"
}

// plain tells whether a name may stand as an element's: ASCII alone, which is
// what Odoo's are made of.
func plain(name string) bool {
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		case i > 0 && (c >= '0' && c <= '9' || c == '.' || c == '-'):
		default:
			return false
		}
	}
	return name != "" && (len(name) < 3 || !strings.EqualFold(name[:3], "xml"))
}

// escape appends text so that it is read as it is, in an element or between
// double quotes: white space that XML would fold is written by number.
func escape(dst []byte, text string) []byte {
	for _, r := range text {
		switch r {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '"':
			dst = append(dst, "&quot;"...)
		case '\t':
			dst = append(dst, "&#9;"...)
		case '\n':
			dst = append(dst, "&#10;"...)
		case '\r':
			dst = append(dst, "&#13;"...)
		default:
			if r < ' ' || r == 0xfffe || r == 0xffff {
				r = utf8.RuneError
			}
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}
