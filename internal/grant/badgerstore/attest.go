package badgerstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// To Badger, a log that was taken away or cut off is one that was never written:
// what was revoked since would be good again without a word. So what is written is
// counted. Soon after a write the next number is written, too, under a key of
// the log that is in use; and once that is synced, to a file beside the logs. At a
// start each number in the file has to be found, in its log or in the table that
// was made of it. A kill between the two leaves the file behind the logs, which
// does no harm, and never ahead of them.

const (
	// attestation is that file.
	attestation = "odoo-gateway-logs"
	// attestKey and the name of a log are the key under which it holds its number.
	attestKey = "\x00log "
)

// numbers are those of logs, by the names of their files.
type numbers map[string]uint64

// encode writes a line for each log, and their sum behind them.
func (n numbers) encode() []byte {
	var text bytes.Buffer
	for _, log := range slices.Sorted(maps.Keys(n)) {
		fmt.Fprintf(&text, "%s %d\n", log, n[log])
	}
	fmt.Fprintf(&text, "sum %08x\n", crc32.Checksum(text.Bytes(), castagnoli))
	return text.Bytes()
}

// decodeNumbers takes what encode writes, and nothing else.
func decodeNumbers(content []byte) (numbers, bool) {
	n := make(numbers)
	for line := range strings.Lines(string(content)) {
		log, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if number, err := strconv.ParseUint(text, 10, 64); err == nil && log != "sum" {
			n[log] = number
		}
	}
	return n, bytes.Equal(n.encode(), content)
}

// attested compares the file with what the logs hold. A store of before has
// neither file nor numbers.
func (db *DB) attested() error {
	held := make(numbers)
	err := db.badger.View(func(txn *badger.Txn) error {
		return scan(txn, []byte(attestKey), func(item *badger.Item) error {
			return item.Value(func(v []byte) error {
				if len(v) != 8 {
					return errors.New("it is malformed")
				}
				held[strings.TrimPrefix(string(item.Key()), attestKey)] = binary.BigEndian.Uint64(v)
				return nil
			})
		})
	})
	if err != nil {
		return err
	}
	for _, number := range held {
		db.attest.number = max(db.attest.number, number)
	}
	content, err := db.readAttestation()
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(held) == 0:
		return db.writeAttestation(nil)
	case errors.Is(err, fs.ErrNotExist):
		return damaged(attestation, "it is missing")
	case err != nil:
		return err
	}
	n, ok := decodeNumbers(content)
	if !ok {
		return damaged(attestation, "it can not be read")
	}
	for _, log := range slices.Sorted(maps.Keys(n)) {
		if held[log] < n[log] {
			return damaged(log, "it was taken away, or cut off, after something had been written to it")
		}
	}
	db.attest.logs = n
	return nil
}

// changed tells that something was written.
func (db *DB) changed() {
	select {
	case db.attest.changed <- struct{}{}:
	default:
	}
}

// attesting lives from Open to Close.
func (db *DB) attesting() {
	defer close(db.attest.done)
	for {
		select {
		case <-db.stop:
			return
		case <-db.attest.changed:
		}
		db.reported("attesting to what was written", db.attestNow)
		pause := time.NewTimer(db.opts.AttestEvery)
		select {
		case <-db.stop:
			pause.Stop()
			return
		case <-pause.C:
		}
	}
}

// attestNow gives what was written so far a number. On a full disk nothing is
// written, and there is nothing to attest to.
func (db *DB) attestNow() error {
	db.attest.Lock()
	defer db.attest.Unlock()
	if db.broken.Load() || db.ready() != nil {
		return nil
	}
	before, err := db.logs()
	for err == nil && len(before) > 0 {
		newest := before[len(before)-1]
		if err := db.attestTo(before, newest); err != nil {
			return err
		}
		var after []string
		if after, err = db.logs(); len(after) > 0 && after[len(after)-1] == newest {
			break
		}
		before = after // a log was begun meanwhile: who knows which of them took it
	}
	return err
}

// attestTo writes the next number to the newest log, and to the file after that.
func (db *DB) attestTo(logs []string, newest string) error {
	number := db.attest.number + 1
	err := db.badger.Update(func(txn *badger.Txn) error {
		gone, err := db.forgotten(txn, logs)
		for _, key := range gone {
			err = errors.Join(err, txn.Delete(key))
		}
		return errors.Join(err, txn.Set([]byte(attestKey+newest), binary.BigEndian.AppendUint64(nil, number)))
	})
	if err != nil {
		return db.wrote(err)
	}
	db.attest.number = number
	n := numbers{newest: number}
	for _, log := range logs {
		if was, ok := db.attest.logs[log]; ok && log != newest {
			n[log] = was
		}
	}
	if err := db.writeAttestation(n); err != nil {
		return err
	}
	db.attest.logs = n
	return nil
}

// forgotten are the keys of logs that are neither in the file nor there: tables
// were made of them long ago.
func (db *DB) forgotten(txn *badger.Txn, logs []string) (keys [][]byte, err error) {
	err = scan(txn, []byte(attestKey), func(item *badger.Item) error {
		log := strings.TrimPrefix(string(item.Key()), attestKey)
		if _, named := db.attest.logs[log]; !named && !slices.Contains(logs, log) {
			keys = append(keys, item.KeyCopy(nil))
		}
		return nil
	})
	return keys, err
}

// logs are the names of Badger's logs, the newest last.
func (db *DB) logs() ([]string, error) {
	dir, err := db.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	names = slices.DeleteFunc(names, func(name string) bool { return filepath.Ext(name) != ".mem" })
	slices.SortFunc(names, func(a, b string) int { // 00001.mem, and 100000.mem after 99999.mem
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	return names, err
}

func (db *DB) readAttestation() ([]byte, error) {
	f, err := db.root.Open(attestation)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 1<<20))
}

// writeAttestation replaces the file by one that is synced, so that there is a
// whole one at each instant.
func (db *DB) writeAttestation(n numbers) error { return replace(db.root, attestation, n.encode()) }
