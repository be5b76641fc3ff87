package badgerstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/fb"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/table"
)

// Badger ends the process over a damaged table, and takes damage in the middle of
// a log or of its manifest for the end of it: what stands behind that is lost
// without a word, revocations among it. So the files are looked through before
// Badger opens them.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errDamaged is wrapped by what says which file is damaged, and how.
var errDamaged = errors.New("is damaged")

func damaged(file, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", errDamaged, filepath.Base(file), fmt.Sprintf(format, args...))
}

// undamaged looks through the files of a store that no process has open.
func undamaged(o Options) error {
	path := filepath.Join(o.Dir, badger.ManifestFilename)
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil // a new one: see checkFiles
	}
	if err != nil {
		return err
	}
	tables, err := readManifest(o, path, content)
	if err != nil {
		return err
	}
	for id, t := range tables {
		if t.Compression != options.None {
			continue // none of ours: see admit
		}
		if err := readTable(table.NewFilename(id, o.Dir)); err != nil {
			return err
		}
	}
	// Tables that the manifest does not name are what a crash has left of work
	// that was begun: Badger removes them.
	logs, err := filepath.Glob(filepath.Join(o.Dir, "*.mem"))
	if err != nil {
		return err
	}
	for _, log := range logs {
		if err := readLog(log); err != nil {
			return err
		}
	}
	return nil
}

// readManifest returns the tables of the store.
func readManifest(o Options, path string, content []byte) (map[uint64]badger.TableManifest, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, end, err := badger.ReplayManifestFile(f, 0, badgerOptions(o))
	if err != nil {
		return nil, damaged(path, "%s", firstLine(err))
	}
	if end < int64(len(content)) && !cutShort(content[end:]) {
		return nil, damaged(path, "it can not be read from byte %d on", end)
	}
	return m.Tables, nil
}

// cutShort tells whether the end of a manifest, which can not be read, is a change
// whose writing a crash has cut short. Then nothing stands behind it, and it is
// not whole with a length that is wrong. A change is its length, its sum and its
// text.
func cutShort(rest []byte) bool {
	if len(rest) < 8 {
		return true
	}
	want, sum := binary.BigEndian.Uint32(rest[4:]), uint32(0)
	for i := 8; i < len(rest); i++ {
		if sum = crc32.Update(sum, castagnoli, rest[i:i+1]); sum == want {
			return false
		}
	}
	for from := 1; from+8 < len(rest); from++ {
		length := uint64(binary.BigEndian.Uint32(rest[from:]))
		if text := rest[from+8:]; length > 0 && length <= uint64(len(text)) && crc32.Checksum(text[:length], castagnoli) == binary.BigEndian.Uint32(rest[from+4:]) {
			return false
		}
	}
	return true
}

// readTable verifies the sums of a table: of its index, and of each of its
// blocks, whose places the index tells.
func readTable(path string) error {
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return damaged(path, "it is missing")
	}
	if err != nil {
		return err
	}
	before, sum, ok := cutSum(content)
	if !ok || len(before) < 4 {
		return damaged(path, "its end can not be read")
	}
	before, length := before[:len(before)-4], binary.BigEndian.Uint32(before[len(before)-4:])
	if length == 0 || uint64(length) > uint64(len(before)) {
		return damaged(path, "its end can not be read")
	}
	text := before[len(before)-int(length):]
	if crc32.Checksum(text, castagnoli) != sum {
		return damaged(path, "its index is not what was written")
	}
	index := fb.GetRootAsTableIndex(text, 0)
	for i := range index.OffsetsLength() {
		var block fb.BlockOffset
		if !index.Offsets(&block, i) || uint64(block.Offset())+uint64(block.Len()) > uint64(len(before)) {
			return damaged(path, "its index is not what was written")
		}
		text, sum, ok := cutSum(content[block.Offset():][:block.Len()])
		if !ok || crc32.Checksum(text, castagnoli) != sum {
			return damaged(path, "what stands at byte %d is not what was written", block.Offset())
		}
	}
	return nil
}

// cutSum parts what a sum stands behind from the sum, a message of Protocol
// Buffers with its length. Its only field that is set is the second, the CRC-32.
func cutSum(content []byte) (before []byte, sum uint32, ok bool) {
	if len(content) < 4 {
		return nil, 0, false
	}
	content, length := content[:len(content)-4], binary.BigEndian.Uint32(content[len(content)-4:])
	if uint64(length) > uint64(len(content)) {
		return nil, 0, false
	}
	before, text := content[:len(content)-int(length)], content[len(content)-int(length):]
	if length == 0 {
		return before, 0, true // a sum of 0 is not written
	}
	value, n := binary.Uvarint(text[1:])
	if text[0] != 2<<3 || n != len(text)-1 || value > math.MaxUint32 {
		return nil, 0, false
	}
	return before, uint32(value), true
}
