package pgstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Nodes tell one another what none of them keeps, such as that somebody has guessed
// a secret wrong: as a change of nothing, in batches, so that what an attacker
// does costs few writes, and nobody waits for them.

const (
	// tellEvery is the time between two batches at the least.
	tellEvery = 250 * time.Millisecond
	// tellAtOnce is of how many things a batch tells. Beyond that a node counts for
	// itself: somebody has hundreds of networks to guess from.
	tellAtOnce = 200
	// tellAgain is how long what was told is worth hearing.
	tellAgain = "2 minutes"
)

// thing is what nodes tell of.
type thing struct{ kind, key string }

// peers are the other nodes that share the store.
type peers struct {
	tell chan struct{} // there is something to tell

	mu      sync.Mutex
	waiting map[thing]int // what to tell, and how often it has happened
	heard   func(kind, key string, n int)
	early   map[thing]int // was heard before anybody listened
}

func newPeers() peers {
	return peers{tell: make(chan struct{}, 1), waiting: make(map[thing]int), early: make(map[thing]int)}
}

// Tell tells the other nodes of the store that something has happened to what has
// this key: soon, and without waiting. Kind and key have no white space.
func (db *DB) Tell(kind, key string) {
	if db.closed.Load() || !storable(kind, key) || strings.ContainsAny(kind+key, " \n") {
		return
	}
	db.peers.add(thing{kind, key}, 1)
}

func (p *peers) add(t thing, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, there := p.waiting[t]; !there && len(p.waiting) >= tellAtOnce {
		return
	}
	p.waiting[t] += n
	select {
	case p.tell <- struct{}{}:
	default:
	}
}

// Hear has each thing handed over that other nodes tell, and how often it has
// happened, beginning with what was told lately.
func (db *DB) Hear(heard func(kind, key string, n int)) {
	p := &db.peers
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = heard
	for t, n := range p.early {
		heard(t.kind, t.key, n)
	}
	p.early = nil
}

// telling writes batches until ctx ends.
func (db *DB) telling(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-db.peers.tell:
		}
		db.peers.mu.Lock()
		batch := db.peers.waiting
		db.peers.waiting = make(map[thing]int)
		db.peers.mu.Unlock()
		var text strings.Builder
		fmt.Fprintln(&text, db.node)
		for t, n := range batch {
			fmt.Fprintf(&text, "%s %s %d\n", t.kind, t.key, n)
		}
		err := db.update(ctx, func(ctx context.Context, tx pgx.Tx, _ bool) error {
			return db.note(ctx, tx, "", change{changedNothing, text.String()})
		})
		if err != nil {
			for t, n := range batch { // later
				db.peers.add(t, n)
			}
		}
		if !sleep(ctx, tellEvery) {
			return
		}
	}
}

// hearBatch hears what another node has told.
func (p *peers) hearBatch(self, text string) {
	node, things, _ := strings.Cut(text, "\n")
	if node == self {
		return
	}
	for line := range strings.Lines(things) {
		words := strings.Fields(line)
		if len(words) != 3 {
			continue
		}
		if n, err := strconv.Atoi(words[2]); err == nil && n > 0 {
			p.hear(thing{words[0], words[1]}, n)
		}
	}
}

func (p *peers) hear(t thing, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.heard != nil:
		p.heard(t.kind, t.key, n)
	case len(p.early) < 100*tellAtOnce:
		p.early[t] += n
	}
}

// hearRecent hears what was told lately, up to the change last and behind the change
// after, before the feed begins.
func (db *DB) hearRecent(ctx context.Context, conn *pgx.Conn, after, last int64) error {
	if after > last { // numbers were given again
		after = 0
	}
	rows, err := conn.Query(ctx, `SELECT key FROM changes WHERE number > $1 AND number <= $2 AND kind = $3 AND at > now() - interval '`+tellAgain+`' ORDER BY number`,
		after, last, changedNothing)
	if err != nil {
		return err
	}
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, text := range texts {
		db.peers.hearBatch(db.node, text)
	}
	return err
}
