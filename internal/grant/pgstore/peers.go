package pgstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"
)

// Nodes tell one another what none of them keeps, such as that somebody has guessed
// a secret wrong: as a change of nothing, in batches, so that what an attacker
// does costs few writes, and nobody waits for them.

const (
	// tellEvery is the time between two batches at the least.
	tellEvery = 250 * time.Millisecond
	// tellAtOnce is of how many things of each kind a batch tells. Beyond that a node
	// counts for itself: somebody has hundreds of networks to guess from, and must not
	// keep other kinds from being told.
	tellAtOnce = 25
	// tellAgain is how long what was told is worth hearing. A batch that is older is
	// emptied: it stays in the row of changes, and takes no room.
	tellAgain = 2 * time.Minute
	// hearAtOnce is how many batches are read that were told before, the last ones.
	hearAtOnce = 500
)

// thing is what nodes tell of.
type thing struct{ kind, key string }

// peers are the other nodes that share the store.
type peers struct {
	tell chan struct{} // there is something to tell

	mu      sync.Mutex
	waiting map[thing]int  // what to tell, and how often it has happened
	full    map[string]int // how many of them there are of each kind
	heard   func(kind, key string, n int)
	early   map[thing]int // was heard before anybody listened
}

// batch is one that was told.
type batch struct {
	number int64
	at     time.Time
}

func newPeers() peers {
	return peers{tell: make(chan struct{}, 1), waiting: make(map[thing]int), full: make(map[string]int), early: make(map[thing]int)}
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
	if _, there := p.waiting[t]; !there {
		if p.full[t.kind] >= tellAtOnce {
			return
		}
		p.full[t.kind]++
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
	var told []batch // that are not empty yet
	for {
		select {
		case <-ctx.Done():
			return
		case <-db.peers.tell:
		}
		things := db.peers.take()
		var text strings.Builder
		fmt.Fprintln(&text, db.node)
		for t, n := range things {
			fmt.Fprintf(&text, "%s %s %d\n", t.kind, t.key, n)
		}
		now := db.opts.Now()
		var old []int64
		for _, b := range told {
			if now.Sub(b.at) > tellAgain {
				old = append(old, b.number)
			}
		}
		var number int64
		err := db.update(ctx, func(ctx context.Context, tx pgx.Tx, _ bool) error {
			if len(old) > 0 {
				if _, err := tx.Exec(ctx, `UPDATE changes SET key = '' WHERE kind = $1 AND number = ANY($2)`, changedNothing, old); err != nil {
					return err
				}
			}
			if err := db.note(ctx, tx, "", change{changedNothing, text.String()}); err != nil {
				return err
			}
			return tx.QueryRow(ctx, `SELECT number FROM changes_head`).Scan(&number)
		})
		if err == nil {
			told = append(told[len(old):], batch{number, now})
		} else {
			for t, n := range things { // later
				db.peers.add(t, n)
			}
		}
		if !sleep(ctx, tellEvery) {
			return
		}
	}
}

// take is what there is to tell.
func (p *peers) take() map[thing]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	things := p.waiting
	p.waiting, p.full = make(map[thing]int), make(map[string]int)
	return things
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
	case len(p.early) < 1000*tellAtOnce:
		p.early[t] += n
	}
}

// hearRecent hears what was told lately, up to the change last and behind the change
// after, before the feed began. It takes its time, and where it fails nothing else
// does: somebody may have had much told.
func (db *DB) hearRecent(ctx context.Context, after, last int64) {
	if after > last { // numbers were given again
		after = 0
	}
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	rows, err := db.pool.Query(ctx, `SELECT key FROM changes WHERE number > $1 AND number <= $2 AND kind = $3 AND at > now() - $4::interval ORDER BY number DESC LIMIT $5`,
		after, last, changedNothing, tellAgain, hearAtOnce)
	var texts []string
	if err == nil {
		texts, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil && ctx.Err() == nil {
		db.log.Warn("what other nodes have told lately is not known", zap.String("store", db.place), zap.Error(err))
	}
	for _, text := range texts {
		db.peers.hearBatch(db.node, text)
	}
}
