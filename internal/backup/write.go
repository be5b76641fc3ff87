package backup

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// Export hands out all records of a store as they stood at one moment.
type Export func(each func(grant.Record) error) error

// Write writes a backup. Where it fails, what was written has no end and is no
// backup.
func Write(w io.Writer, ring *seal.Ring, now time.Time, export Export) (Summary, error) {
	now = now.UTC().Truncate(time.Second)
	summary := Summary{MadeAt: now}
	out := bufio.NewWriterSize(w, 64<<10)
	sums := newSums(ring)
	put := func(l line) error {
		text, err := json.Marshal(l, options)
		if err != nil {
			return fmt.Errorf("writing a record: %w", err)
		}
		text = append(text, '\n')
		if l.End == nil {
			sums.add(text)
		}
		if _, err := out.Write(text); err != nil {
			return fmt.Errorf("writing the backup: %w", err)
		}
		return nil
	}
	h := head{Format: format, Version: version, MadeAt: now, Canary: ring.Seal([]byte(canary), now.Format(time.RFC3339))}
	if err := put(line{Head: &h}); err != nil {
		return summary, err
	}
	err := export(func(r grant.Record) error {
		if r.SigningKey != nil {
			return nil
		}
		summary.count(r)
		return put(line{Record: &r})
	})
	if err != nil {
		return summary, err
	}
	e := end{Records: summary.Records, SHA256: sums.plain.Sum(nil), HMAC: sums.keyed.Sum(nil)}
	if err := put(line{End: &e}); err != nil {
		return summary, err
	}
	summary.SHA256 = hex.EncodeToString(e.SHA256)
	if err := out.Flush(); err != nil {
		return summary, fmt.Errorf("writing the backup: %w", err)
	}
	return summary, nil
}
