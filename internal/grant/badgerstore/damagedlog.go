package badgerstore

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
)

// A log of Badger's is its head and entries, each with a sum, and behind them
// zeros. A crash may cut the last entry short. A power cut may besides leave out
// sectors of what was not yet answered for: there are zeros in the middle then.
// An entry that is wrong otherwise was damaged, and Badger would forget all from
// there on.
const (
	logHead  = 20
	sector   = 512
	leastGap = 8 // zeros up to the end of a sector: no entry has as many in a row but by chance
	// An entry begins with two bytes of marks, the second of which we never set,
	// and three numbers; its key is short.
	longestHead = 22
	longestKey  = 1 << 16
)

// readLog tells whether a log ends where it was ended, or cut short.
func readLog(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if at, ok := broken(content); ok {
		return damaged(path, "it can not be read from byte %d on", at)
	}
	return nil
}

// broken tells where the content of a log is damaged.
func broken(content []byte) (at int, ok bool) {
	if len(content) <= logHead {
		return 0, false
	}
	at = logHead
	for {
		n, ok := entryAt(content[at:])
		if !ok {
			break
		}
		at += n
	}
	end := gap(content, at)
	return at, end > at && !unfinished(content[at:end], content[at:])
}

// entryAt is the length of the entry that stands at the beginning.
func entryAt(content []byte) (n int, ok bool) {
	end, ok := sumAt(content)
	if !ok || len(content) < end+crc32.Size {
		return 0, false
	}
	return end + crc32.Size, crc32.Checksum(content[:end], castagnoli) == binary.BigEndian.Uint32(content[end:])
}

// sumAt is where the sum of an entry stands.
func sumAt(content []byte) (at int, ok bool) {
	if len(content) < 2 || content[0] == 0 || content[1] != 0 {
		return 0, false
	}
	at = 2
	var lengths [3]uint64 // of key and value; the last one is when it expires
	for i := range lengths {
		n := 0
		if lengths[i], n = binary.Uvarint(content[at:]); n <= 0 {
			return 0, false
		}
		at += n
	}
	if key, value := lengths[0], lengths[1]; key == 0 || key > longestKey || value > uint64(len(content)) {
		return 0, false
	}
	return at + int(lengths[0]) + int(lengths[1]), true
}

// gap is where zeros begin that reach to the end of a sector, or of the file, from
// somewhere on.
func gap(content []byte, from int) int {
	for from < len(content) {
		end := min(from+sector-from%sector, len(content))
		written := from + len(bytes.TrimRight(content[from:end], "\x00"))
		if end-written >= leastGap || end == len(content) {
			return written
		}
		from = end
	}
	return from
}

// unfinished tells whether an entry that is not right was cut short: it is not
// all there, and nothing stands behind it.
func unfinished(rest, content []byte) bool {
	for from := 1; from < len(rest); from++ {
		if n, ok := entryAt(rest[from:]); ok && n > 0 {
			return false
		}
	}
	if at, ok := sumAt(rest); ok && at <= len(rest) && at+crc32.Size <= len(content) {
		want := binary.BigEndian.AppendUint32(nil, crc32.Checksum(rest[:at], castagnoli))
		if sum := bytes.TrimRight(content[at:at+crc32.Size], "\x00"); !bytes.HasPrefix(want, sum) {
			return false // all of it is there, with another sum
		}
	}
	// Is it whole but for one bit of its head?
	head := bytes.Clone(rest[:min(len(rest), longestHead)])
	for i := range 8 * len(head) {
		head[i/8] ^= 1 << (i % 8)
		changed := append(bytes.Clone(head), content[len(head):min(len(content), len(rest)+crc32.Size)]...)
		if _, ok := entryAt(changed); ok {
			return false
		}
		head[i/8] ^= 1 << (i % 8)
	}
	return true
}
