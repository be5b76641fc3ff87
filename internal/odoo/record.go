package odoo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// ErrShape is wrapped by errors about a well-formed answer that is not of the
// expected shape.
var ErrShape = errors.New("odoo: unexpected answer")

// Records splits a list of records, as read and search_read answer, into
// their members, in order and without parsing the values. The values point
// into v. Duplicate names are refused. Errors wrap [ErrShape].
func Records(v jsontext.Value) ([]Record, error) {
	if records, ok := plainRecords(v); ok {
		return records, nil
	}
	return anyRecords(v)
}

// plainRecords are those that the scanner takes.
func plainRecords(v jsontext.Value) ([]Record, bool) {
	into := recordList{records: []Record{}}
	s := scanner{reader: reader{data: v}}
	ok := s.records(&into)
	return into.records, ok
}

// recordList takes records together, member by member. The members of all
// records lie in few pieces of memory, and names that are those of the record
// before are kept once.
type recordList struct {
	records []Record
	list    []Member
	start   int // of the record that is being taken
}

func (l *recordList) add(name []byte, value jsontext.Value) {
	at := len(l.list) - l.start
	if len(l.list) == cap(l.list) { // to a new piece, with what there is of the record
		list := make([]Member, at, max(8, 2*cap(l.list), 2*at))
		copy(list, l.list[l.start:])
		l.list, l.start = list, 0
	}
	var known string
	if n := len(l.records); n > 0 && at < len(l.records[n-1]) && l.records[n-1][at].Name == string(name) {
		known = l.records[n-1][at].Name
	} else {
		known = string(name)
	}
	l.list = append(l.list, Member{known, value})
}

func (l *recordList) next() {
	l.records = append(l.records, Record(l.list[l.start:len(l.list):len(l.list)]))
	l.start = len(l.list)
}

// anyRecords are whatever jsontext takes.
func anyRecords(v jsontext.Value) ([]Record, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(v))
	if err := expect(dec, '['); err != nil {
		return nil, err
	}
	records := []Record{}
	var all members
	for dec.PeekKind() != ']' {
		r, err := all.read(dec, v)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	if err := finish(dec, ']'); err != nil {
		return nil, err
	}
	return records, nil
}

// RecordsByID splits a list of records into these, each as it is, by their ids.
// They point into v. Errors wrap [ErrShape].
func RecordsByID(v jsontext.Value) (map[int64]jsontext.Value, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(v))
	if err := expect(dec, '['); err != nil {
		return nil, err
	}
	records := make(map[int64]jsontext.Value)
	for dec.PeekKind() != ']' {
		record, err := readRaw(dec, v)
		if err != nil {
			return nil, err
		}
		id, err := idOf(record)
		if err != nil {
			return nil, err
		}
		records[id] = record
	}
	return records, finish(dec, ']')
}

// idOf is the id of a record.
func idOf(record jsontext.Value) (int64, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(record))
	if err := expect(dec, '{'); err != nil {
		return 0, err
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return 0, fmt.Errorf("%w: %w", ErrShape, err)
		}
		found := name.String() == "id" // the token does not outlive the next read
		value, err := dec.ReadValue()
		if err != nil {
			return 0, fmt.Errorf("%w: %w", ErrShape, err)
		}
		if id, ok := Int(value); found && ok {
			return id, nil
		}
	}
	return 0, fmt.Errorf("%w: a record without an id", ErrShape)
}

// members holds those of all records in few pieces of memory. Records of one
// answer have the same names in the same order, which are kept once.
type members struct {
	list []Member
	last Record
}

// piece is how many members are made room for at once.
const piece = 64

func (m *members) read(dec *jsontext.Decoder, all jsontext.Value) (Record, error) {
	if err := expect(dec, '{'); err != nil {
		return nil, err
	}
	if cap(m.list)-len(m.list) < len(m.last) {
		m.list = make([]Member, 0, max(piece, 2*cap(m.list), len(m.last)))
	}
	start := len(m.list)
	for dec.PeekKind() != '}' {
		name, err := m.name(dec, len(m.list)-start)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrShape, err)
		}
		value, err := readRaw(dec, all)
		if err != nil {
			return nil, err
		}
		m.list = append(m.list, Member{name, value})
	}
	m.last = m.list[start:len(m.list):len(m.list)]
	return m.last, expect(dec, '}')
}

// name reads the name of the member at i.
func (m *members) name(dec *jsontext.Decoder, i int) (string, error) {
	raw, err := dec.ReadValue()
	if err != nil {
		return "", err
	}
	plain := bytes.IndexByte(raw, '\\') < 0
	if plain && i < len(m.last) && len(raw) == len(m.last[i].Name)+2 && string(raw[1:len(raw)-1]) == m.last[i].Name {
		return m.last[i].Name, nil
	}
	name, err := jsontext.AppendUnquote(nil, raw)
	return string(name), err
}

// readRaw returns the next value as a part of all, the decoder's whole input:
// the decoder's own copy does not outlive the next read.
func readRaw(dec *jsontext.Decoder, all jsontext.Value) (jsontext.Value, error) {
	raw, err := dec.ReadValue()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrShape, err)
	}
	end := dec.InputOffset()
	return all[end-int64(len(raw)) : end : end], nil
}

func expect(dec *jsontext.Decoder, kind jsontext.Kind) error {
	tok, err := dec.ReadToken()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrShape, err)
	}
	if tok.Kind() != kind {
		return fmt.Errorf("%w: %v where %v was expected", ErrShape, tok.Kind(), kind)
	}
	return nil
}

// finish reads the last token and insists that nothing follows.
func finish(dec *jsontext.Decoder, kind jsontext.Kind) error {
	if err := expect(dec, kind); err != nil {
		return err
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return fmt.Errorf("%w: data after the value", ErrShape)
	}
	return nil
}

// AppendRecords appends records as a JSON list, values as they are.
func AppendRecords(dst []byte, records []Record) []byte {
	dst = append(dst, '[')
	for i, r := range records {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendRecord(dst, r)
	}
	return append(dst, ']')
}

// AppendRecord appends one record as a JSON object, values as they are.
func AppendRecord(dst []byte, r Record) []byte {
	dst = append(dst, '{')
	for i, m := range r {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendName(dst, m.Name)
		dst = append(append(dst, ':'), m.Value...)
	}
	return append(dst, '}')
}

// appendName appends the name of a member. Invalid UTF-8 can not come from a
// decoder; it would be replaced.
func appendName(dst []byte, name string) []byte {
	for i := range len(name) {
		if c := name[i]; (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '_' && c != '.' {
			dst, _ = jsontext.AppendQuote(dst, name)
			return dst
		}
	}
	return append(append(append(dst, '"'), name...), '"')
}

// ID returns the record's id; ok is false where it has none.
func (r Record) ID() (id int64, ok bool) { return Int(r.Get("id")) }

// Int reads a whole number; ok is false for anything else, null and missing
// included.
func Int(v jsontext.Value) (i int64, ok bool) {
	i, err := strconv.ParseInt(string(bytes.TrimSpace(v)), 10, 64)
	return i, err == nil && v.Kind() == '0'
}

// IDs reads a list of record ids, as search answers. Errors wrap [ErrShape].
func IDs(v jsontext.Value) ([]int64, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(v))
	if err := expect(dec, '['); err != nil {
		return nil, err
	}
	ids := []int64{}
	for dec.PeekKind() != ']' {
		raw, err := readRaw(dec, v)
		if err != nil {
			return nil, err
		}
		id, ok := Int(raw)
		if !ok || id <= 0 {
			return nil, fmt.Errorf("%w: not a record id", ErrShape)
		}
		ids = append(ids, id)
	}
	if err := finish(dec, ']'); err != nil {
		return nil, err
	}
	return ids, nil
}

// ValueIDs reads record ids out of a parsed value: one id or a list of them.
// ok is false for anything else, zero and negative numbers included.
func ValueIDs(v any) (ids []int64, ok bool) {
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	ids = make([]int64, len(list))
	for i, e := range list {
		id, isInt := e.(int64)
		if !isInt || id <= 0 {
			return nil, false
		}
		ids[i] = id
	}
	return ids, true
}

// IDList is the value to send for ids.
func IDList(ids []int64) []any {
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = id
	}
	return list
}
