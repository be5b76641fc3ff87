package typedxml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ErrSyntax is wrapped by every error of Parse.
var ErrSyntax = errors.New("malformed XML")

// Bounds of what Parse reads.
const (
	MaxDepth    = 32     // elements within one another
	MaxElements = 50_000 // elements in all, and ids in one
)

// Text is what stands in an element without a type: whoever knows what is
// expected there reads it.
type Text string

// Parse reads one element as Append writes it, and as clients of the
// /restapi/1.0 interface do, who leave the types away. It returns the name of
// the element and its value: nil, bool, int64, float64, string, Text, []any or
// map[string]any.
//
// An element says what it is by its attribute type: str, int, float, bool,
// null, list or dict. Without one it is
//
//   - a list, if all elements in it are called item, or all items;
//   - a dict, if it has other elements in it, each name once; <key name="…">
//     stands for a name that XML does not have;
//   - Text, if it has none.
//
// A command of Odoo's for a list of records is an element items with the item
// of the command in it and, at its end, the records in ids, which is a list by
// its name: of item, or of numbers with commas between them. One items that
// holds nothing but lists is the list of commands itself.
//
// Nothing is expanded or fetched: a document type, processing instructions,
// entities of its own, namespaces, other attributes and other encodings than
// UTF-8 are refused, and so is text beside elements.
func Parse(src []byte) (name string, value any, err error) {
	p := &parser{dec: xml.NewDecoder(bytes.NewReader(src))}
	start, err := p.root()
	if err != nil {
		return "", nil, err
	}
	e, err := p.element(start, 1)
	if err != nil {
		return "", nil, err
	}
	if next, err := p.token(); err != nil || next != nil {
		return "", nil, fmt.Errorf("%w: something follows the element", ErrSyntax)
	}
	return e.name, e.value, nil
}

type parser struct {
	dec   *xml.Decoder
	count int
	open  int // elements that have not ended
}

// element is one that has been read.
type element struct {
	name  string
	value any
}

// token returns the next token that says something; nil at the end.
func (p *parser) token() (xml.Token, error) {
	for {
		tok, err := p.dec.Token()
		if err == io.EOF {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %v", ErrSyntax, err)
		}
		switch tok := tok.(type) {
		case xml.Comment:
			continue
		case xml.ProcInst:
			// The declaration of an encoding that is not UTF-8 is an error of
			// the decoder's.
			if tok.Target == "xml" && p.count == 0 {
				continue
			}
			return nil, fmt.Errorf("%w: a processing instruction", ErrSyntax)
		case xml.Directive:
			return nil, fmt.Errorf("%w: a document type", ErrSyntax)
		case xml.CharData:
			if p.open == 0 && len(bytes.TrimSpace(tok)) == 0 {
				continue
			}
		case xml.StartElement:
			p.open++
		case xml.EndElement:
			p.open--
		}
		return xml.CopyToken(tok), nil
	}
}

func (p *parser) root() (xml.StartElement, error) {
	tok, err := p.token()
	if err != nil {
		return xml.StartElement{}, err
	}
	start, ok := tok.(xml.StartElement)
	if !ok {
		return xml.StartElement{}, fmt.Errorf("%w: no element", ErrSyntax)
	}
	return start, nil
}

// element reads an element to its end.
func (p *parser) element(start xml.StartElement, depth int) (element, error) {
	e := element{}
	if depth > MaxDepth {
		return e, fmt.Errorf("%w: deeper than %d elements", ErrSyntax, MaxDepth)
	}
	if p.count++; p.count > MaxElements {
		return e, fmt.Errorf("%w: more than %d elements", ErrSyntax, MaxElements)
	}
	kind, err := e.describe(start)
	if err != nil {
		return e, err
	}
	var text strings.Builder
	var inner []element
	for {
		tok, err := p.token()
		if err != nil {
			return e, err
		}
		switch tok := tok.(type) {
		case xml.CharData:
			text.Write(tok)
			continue
		case xml.StartElement:
			child, err := p.element(tok, depth+1)
			if err != nil {
				return e, err
			}
			inner = append(inner, child)
			continue
		}
		break // the end; the decoder has matched its name
	}
	if len(inner) > 0 && strings.TrimSpace(text.String()) != "" {
		return e, fmt.Errorf("%w: text beside elements in %q", ErrSyntax, e.name)
	}
	if e.value, err = value(e.name, kind, text.String(), inner); err != nil {
		return e, fmt.Errorf("%w: %v", ErrSyntax, err)
	}
	return e, nil
}

// describe reads the name and type of an element.
func (e *element) describe(start xml.StartElement) (kind string, err error) {
	e.name = start.Name.Local
	if start.Name.Space != "" {
		return "", fmt.Errorf("%w: a namespace", ErrSyntax)
	}
	given := map[string]bool{}
	for _, a := range start.Attr {
		if a.Name.Space != "" || given[a.Name.Local] {
			return "", fmt.Errorf("%w: an attribute of %q", ErrSyntax, e.name)
		}
		given[a.Name.Local] = true
		switch {
		case a.Name.Local == "type":
			kind = a.Value
		case a.Name.Local == "name" && start.Name.Local == "key":
			e.name = a.Value
		default:
			return "", fmt.Errorf("%w: an attribute of %q", ErrSyntax, e.name)
		}
	}
	return kind, nil
}

// value is what an element holds.
func value(name, kind, text string, inner []element) (any, error) {
	if len(inner) > 0 && kind != "" && kind != "list" && kind != "dict" {
		return nil, fmt.Errorf("elements in %q of type %s", name, kind)
	}
	plain := strings.TrimSpace(text)
	switch kind {
	case "":
		switch {
		case len(inner) == 0 && name == "ids":
			return numbers(plain)
		case len(inner) == 0:
			return Text(text), nil
		case name == "ids", name == "items", all(inner, "item"), all(inner, "items"):
			return list(name, inner), nil
		}
		return dict(name, inner)
	case "str":
		if name == "ids" {
			return numbers(plain)
		}
		return text, nil
	case "int":
		return strconv.ParseInt(plain, 10, 64)
	case "float":
		f, err := strconv.ParseFloat(plain, 64)
		if err != nil || f-f != 0 {
			return nil, fmt.Errorf("%q is no number", name)
		}
		return f, nil
	case "bool":
		switch plain {
		case "true", "True", "1":
			return true, nil
		case "false", "False", "0":
			return false, nil
		}
		return nil, fmt.Errorf("%q is no truth value", name)
	case "null":
		if plain != "" {
			return nil, fmt.Errorf("%q is not empty", name)
		}
		return nil, nil
	case "list":
		if plain != "" {
			return nil, fmt.Errorf("text in the list %q", name)
		}
		return list(name, inner), nil
	case "dict":
		if plain != "" {
			return nil, fmt.Errorf("text in the dict %q", name)
		}
		return dict(name, inner)
	}
	return nil, fmt.Errorf("%q is of an unknown type", name)
}

func all(inner []element, name string) bool {
	for _, e := range inner {
		if e.name != name {
			return false
		}
	}
	return true
}

func dict(name string, inner []element) (any, error) {
	out := make(map[string]any, len(inner))
	for _, e := range inner {
		if _, twice := out[e.name]; twice {
			return nil, fmt.Errorf("%q stands twice in %q", e.name, name)
		}
		out[e.name] = e.value
	}
	return out, nil
}

// list is the values of elements, in their order. An items that holds only
// lists is the list of commands that its parent is.
func list(name string, inner []element) []any {
	out := make([]any, 0, len(inner))
	for _, e := range inner {
		commands, ok := e.value.([]any)
		if name != "items" && e.name == "items" && ok && nested(commands) {
			out = append(out, commands...)
			continue
		}
		out = append(out, e.value)
	}
	return out
}

func nested(commands []any) bool {
	for _, c := range commands {
		if _, ok := c.([]any); !ok {
			return false
		}
	}
	return len(commands) > 0
}

// numbers reads ids with commas between them.
func numbers(text string) (any, error) {
	out := []any{}
	if strings.Count(text, ",") >= MaxElements {
		return nil, fmt.Errorf("more than %d ids", MaxElements)
	}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		n, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return nil, errors.New("ids are numbers with commas between them")
		}
		out = append(out, n)
	}
	return out, nil
}
