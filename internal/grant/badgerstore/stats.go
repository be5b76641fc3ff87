package badgerstore

import "context"

// Stats is how a store is doing.
type Stats struct {
	// Bytes is what its files take, as Badger last counted, which is once a
	// minute.
	Bytes int64
	// FreeBytes is the room left on the disk, for whoever runs Caddy.
	FreeBytes uint64
	// Writable says that there is room for new grants: see Options.FreeSpaceFloor.
	Writable bool
	// Failures is how often reading or writing has failed since the store was
	// opened.
	Failures uint64
}

// Stats returns how the store is doing; ok is false once it is closed.
func (db *DB) Stats() (s Stats, ok bool) {
	leave, err := db.enter(context.Background())
	if err != nil {
		return Stats{}, false
	}
	defer leave()
	lsm, values := db.badger.Size()
	s = Stats{Bytes: lsm + values, Writable: db.room() == nil, Failures: db.failures.Load()}
	if free, err := db.opts.FreeSpace(db.opts.Dir); err == nil {
		s.FreeBytes = free
	}
	return s, true
}
