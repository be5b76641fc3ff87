package backup

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// Verify reads a backup to its end without a key: it tells whether the file is
// whole, and not whether somebody has changed it on purpose.
func Verify(r io.Reader) (Summary, error) {
	return read(r, nil, func(grant.Record) error { return nil })
}

// Read reads a backup and hands its records to each. All of them have to be
// taken back where it fails: whether they are what was written is known at the
// end only.
func Read(r io.Reader, ring *seal.Ring, each func(grant.Record) error) (Summary, error) {
	if ring == nil {
		return Summary{}, errors.New("a sealing key is required")
	}
	return read(r, ring, each)
}

func read(r io.Reader, ring *seal.Ring, each func(grant.Record) error) (s Summary, err error) {
	in := reader{lines: bufio.NewReaderSize(r, 64<<10)}
	l, text, err := in.next()
	if err != nil {
		return s, err
	}
	if l.Head == nil || l.Head.Format != format {
		return s, in.damaged("it does not begin as a backup does")
	}
	s.MadeAt = l.Head.MadeAt
	if ring != nil {
		plain, err := ring.Open(l.Head.Canary, s.MadeAt.Format(time.RFC3339))
		if err != nil || string(plain) != canary {
			return s, ErrKey
		}
	}
	sums := newSums(ring)
	for l.End == nil {
		sums.add(text)
		if l, text, err = in.next(); err != nil {
			return s, err
		}
		switch {
		case l.Record != nil && l.Record.SigningKey != nil:
			return s, in.damaged("a signing key stands in it")
		case l.Record != nil:
			if err := l.Record.Validate(); err != nil {
				return s, in.damaged(err.Error())
			}
			s.count(*l.Record)
			if err := each(*l.Record); err != nil {
				return s, err
			}
		case l.End == nil:
			return s, in.damaged("neither a record nor the end")
		}
	}
	if form, err := json.Marshal(l, options); err != nil || !bytes.Equal(append(form, '\n'), text) {
		return s, in.damaged("its end is not written as ends are") // no sum covers it
	}
	sum := sums.plain.Sum(nil)
	s.SHA256 = hex.EncodeToString(sum)
	switch {
	case l.End.Records != s.Records:
		return s, in.damaged(fmt.Sprintf("%d records are said to be in it, and %d are", l.End.Records, s.Records))
	case !bytes.Equal(sum, l.End.SHA256):
		return s, in.damaged("its SHA-256 is not that of its records")
	case ring != nil && !hmac.Equal(sums.keyed.Sum(nil), l.End.HMAC):
		return s, in.damaged("somebody without the sealing key has changed it")
	}
	if _, err := in.lines.ReadByte(); !errors.Is(err, io.EOF) {
		return s, in.damaged("something follows its end")
	}
	return s, nil
}

type reader struct {
	lines *bufio.Reader
	line  int
}

func (r *reader) damaged(what string) error {
	return fmt.Errorf("%w: line %d: %s", ErrDamaged, r.line, what)
}

// next reads one line, which says exactly one thing.
func (r *reader) next() (l line, text []byte, err error) {
	r.line++
	for {
		part, err := r.lines.ReadSlice('\n')
		text = append(text, part...)
		switch {
		case err == nil:
			return r.parse(text)
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return l, nil, r.damaged("it is cut off")
		case !errors.Is(err, bufio.ErrBufferFull):
			return l, nil, fmt.Errorf("reading the backup: %w", err)
		case len(text) > maxLine:
			return l, nil, r.damaged("a line is too long")
		}
	}
}

func (r *reader) parse(text []byte) (l line, _ []byte, err error) {
	if r.line == 1 {
		// A newer head may have other fields, and a version that says so.
		var newer struct {
			Head struct {
				Format  string
				Version int
			}
		}
		if json.Unmarshal(text, &newer) == nil && newer.Head.Format == format && newer.Head.Version > version {
			return l, nil, ErrVersion
		}
	}
	if err := json.Unmarshal(text, &l, options); err != nil {
		return l, nil, r.damaged("it is no line of a backup") // the error may quote what is in it
	}
	one := 0
	for _, set := range []bool{l.Head != nil, l.Record != nil, l.End != nil} {
		if set {
			one++
		}
	}
	if one != 1 || (l.Head != nil) != (r.line == 1) {
		return l, nil, r.damaged("it is no line of a backup")
	}
	return l, text, nil
}
