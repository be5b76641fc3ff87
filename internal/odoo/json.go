package odoo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// ErrJSON is wrapped by every error of ParseJSON.
var ErrJSON = errors.New("odoo: malformed JSON")

const (
	// maxNumber is the longest number literal in bytes: what Odoo writes has
	// at most 24, and longer ones only cost time.
	maxNumber = 64
	// maxExponent is above what a float64 can hold in either direction.
	maxExponent = 400
)

// ParseJSON parses exactly one JSON value into nil, bool, int64, float64,
// string, []any and map[string]any. A number is an int64 where it is written
// without fraction and exponent and fits, else a float64. Refused are
// duplicate names at any depth, invalid UTF-8, numbers out of range, whatever
// exceeds the limits, and anything but white space after the value.
// Every error wraps [ErrJSON].
func ParseJSON(data []byte, limits Limits) (any, error) {
	if crowded(data, limits.Values) {
		return nil, fmt.Errorf("%w: %w", ErrJSON, tooMany(limits.Values))
	}
	if v, ok := parsePlain(data, limits); ok {
		return v, nil
	}
	return parseAny(data, limits)
}

// parseAny is ParseJSON of whatever there may be.
func parseAny(data []byte, limits Limits) (any, error) {
	p := parser{dec: jsontext.NewDecoder(bytes.NewBuffer(data)), limits: limits}
	v, err := p.value(0)
	if err == nil {
		if _, end := p.dec.ReadToken(); end != io.EOF {
			err = errors.New("data after the value")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJSON, err)
	}
	return v, nil
}

type parser struct {
	dec    *jsontext.Decoder
	limits Limits
	seen   int
}

func (p *parser) value(depth int) (any, error) {
	if p.seen++; p.seen > p.limits.Values {
		return nil, tooMany(p.limits.Values)
	}
	tok, err := p.dec.ReadToken()
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	switch tok.Kind() {
	case 'n':
		return nil, nil
	case 't', 'f':
		return tok.Bool(), nil
	case '"':
		return tok.String(), nil
	case '0':
		return parseNumber(tok.String())
	}
	if depth++; depth > p.limits.Depth {
		return nil, fmt.Errorf("nested deeper than %d", p.limits.Depth)
	}
	if tok.Kind() == '[' {
		return p.array(depth)
	}
	return p.object(depth)
}

func (p *parser) array(depth int) (any, error) {
	list := []any{}
	for p.dec.PeekKind() != ']' {
		v, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := p.dec.ReadToken()
	return list, err
}

func (p *parser) object(depth int) (any, error) {
	object := map[string]any{}
	for p.dec.PeekKind() != '}' {
		if p.seen++; p.seen > p.limits.Values {
			return nil, tooMany(p.limits.Values)
		}
		name, err := p.dec.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String() // before the next read invalidates it
		if object[key], err = p.value(depth); err != nil {
			return nil, err
		}
	}
	_, err := p.dec.ReadToken()
	return object, err
}

func parseNumber(s string) (any, error) {
	if len(s) > maxNumber {
		return nil, fmt.Errorf("number of %d characters", len(s))
	}
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(s), "e")
	if !scientific && !strings.Contains(mantissa, ".") {
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return i, nil
		}
	}
	if scientific {
		if e, err := strconv.Atoi(exponent); err != nil || e > maxExponent || e < -maxExponent {
			return nil, fmt.Errorf("exponent out of range in %s", s)
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, fmt.Errorf("number out of range: %s", s)
	}
	return f, nil
}

// MarshalValue writes a value of the set that [ParseJSON] yields. Names of
// objects are sorted, so that equal values have equal text. A float64 keeps a
// fraction or exponent and so stays a float on the other side.
func MarshalValue(v any) (jsontext.Value, error) {
	return AppendJSON(nil, v)
}

// AppendJSON appends what [MarshalValue] writes. A type outside the set, NaN,
// infinities and invalid UTF-8 are errors.
func AppendJSON(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case float64:
		return appendFloat(dst, v)
	case string:
		return appendString(dst, v)
	case []any:
		dst = append(dst, '[')
		var err error
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = AppendJSON(dst, e); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	case map[string]any:
		return appendObject(dst, v)
	default:
		return nil, fmt.Errorf("odoo: no JSON for a value of type %T", v)
	}
}

func appendFloat(dst []byte, f float64) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("odoo: no JSON for the number %v", f)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'g', -1, 64)
	if !bytes.ContainsAny(dst[start:], ".e") {
		dst = append(dst, ".0"...)
	}
	return dst, nil
}

func appendString(dst []byte, s string) ([]byte, error) {
	out, err := jsontext.AppendQuote(dst, s)
	if err != nil {
		return nil, fmt.Errorf("odoo: text is not UTF-8: %w", err)
	}
	return out, nil
}

func appendObject(dst []byte, object map[string]any) ([]byte, error) {
	dst = append(dst, '{')
	var few [16]string
	names := few[:0]
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	var err error
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendString(dst, name); err != nil {
			return nil, err
		}
		dst = append(dst, ':')
		if dst, err = AppendJSON(dst, object[name]); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}
