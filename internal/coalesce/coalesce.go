// Package coalesce makes one question of several that are asked at the same
// time. A page with forty links asks for forty records, one by one; Odoo takes
// a hundred times as long for that as for all forty at once.
//
// A question that meets no other like it is asked at once. Those that come
// while it is under way are collected, for a moment, and asked together. No
// question is given an answer that was on its way before it was asked: whoever
// has just written reads what they wrote.
package coalesce

import (
	"context"
	"sync"
	"time"
)

const (
	// DefaultWait is how long questions are collected unless Config says
	// otherwise.
	DefaultWait = 3 * time.Millisecond
	// DefaultMost is how many items are asked for together unless Config says
	// otherwise.
	DefaultMost = 200
)

// Config configures New.
type Config struct {
	// Wait is how long questions are collected at most; 0 is DefaultWait.
	Wait time.Duration
	// Most is how many items are asked for together at most; 0 is DefaultMost.
	Most int
}

// Ask asks for items. Its context outlives that of any one who waits for the
// answer, and ends when nobody does.
type Ask[A any] func(ctx context.Context, items []int64) (A, error)

// Group collects questions. It is safe for concurrent use.
type Group[A any] struct {
	wait time.Duration
	most int

	mu    sync.Mutex
	lines map[string]*line[A]
}

// line is all that is asked under one key.
type line[A any] struct {
	running int       // questions that were sent, or are due to be
	next    *batch[A] // being collected; nil is none
}

// batch is a question that is being collected, or has been sent.
type batch[A any] struct {
	items   []int64
	has     map[int64]bool
	waiting int           // those who have not left
	due     chan struct{} // closed where there is nothing more to wait for
	isDue   bool
	stop    context.CancelFunc // of a question that was sent; nil before
	done    chan struct{}      // closed behind the answer
	asked   bool               // there is an answer, or an error
	answer  A
	err     error
}

// New returns a group without questions.
func New[A any](c Config) *Group[A] {
	if c.Wait <= 0 {
		c.Wait = DefaultWait
	}
	if c.Most <= 0 {
		c.Most = DefaultMost
	}
	return &Group[A]{wait: c.Wait, most: c.Most, lines: make(map[string]*line[A])}
}

// Do asks for items, together with those who ask under the same key meanwhile;
// key must say everything about the question but the items, and who asks. The
// answer may hold other items as well. No item stands twice. Without items, the
// key is the question.
//
// An error of a question for several is nobody's: each asks again, alone. It
// is shared by those alone who have asked for the same.
//
// ask is run by one of those who wait, before its own Do returns.
func (g *Group[A]) Do(ctx context.Context, key string, items []int64, ask Ask[A]) (A, error) {
	g.mu.Lock()
	l := g.lines[key]
	if l == nil {
		l = &line[A]{}
		g.lines[key] = l
	}
	if l.running == 0 || len(items) > g.most {
		l.running++
		g.mu.Unlock()
		defer g.finished(key, l)
		return ask(ctx, items)
	}
	b, leads := l.next, false
	if b == nil || !b.add(items, g.most) {
		if b != nil { // it is full
			l.goOn(b)
		}
		b, leads = &batch[A]{has: make(map[int64]bool), due: make(chan struct{}), done: make(chan struct{})}, true
		b.add(items, g.most)
		l.next = b
	}
	b.waiting++
	g.mu.Unlock()

	stay := context.AfterFunc(ctx, func() { g.leave(b) })
	if leads {
		g.lead(ctx, key, l, b, ask)
	} else {
		select {
		case <-b.done:
		case <-ctx.Done():
		}
	}
	stays := stay()
	var none A
	switch err := ctx.Err(); {
	case err != nil:
		if stays { // it has seen the end first
			g.leave(b)
		}
		return none, err
	case !b.asked, b.err != nil && len(b.items) != len(items):
		return ask(ctx, items)
	}
	return b.answer, b.err
}

// lead collects, and asks for all. It stays for the others where its own
// client has gone: ask may hang on the request that it belongs to.
func (g *Group[A]) lead(ctx context.Context, key string, l *line[A], b *batch[A], ask Ask[A]) {
	defer close(b.done)
	timer := time.NewTimer(g.wait)
	defer timer.Stop()
	select {
	case <-b.due:
	case <-timer.C:
	}
	g.mu.Lock()
	if l.next == b {
		l.next = nil
	}
	l.goOn(b)
	together, stop := context.WithCancel(context.WithoutCancel(ctx))
	if b.stop = stop; b.waiting == 0 {
		stop()
	}
	g.mu.Unlock()
	defer stop()
	defer g.finished(key, l)
	if together.Err() == nil {
		b.answer, b.err = ask(together, b.items)
		b.asked = true
	}
}

// leave is called once by each who does not wait any more.
func (g *Group[A]) leave(b *batch[A]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if b.waiting--; b.waiting == 0 && b.stop != nil {
		b.stop()
	}
}

// finished ends a question of a line.
func (g *Group[A]) finished(key string, l *line[A]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if l.running--; l.running > 0 {
		return
	}
	if l.next != nil {
		l.goOn(l.next)
	} else {
		delete(g.lines, key)
	}
}

// add takes items in, unless they are too many then. An empty batch takes all.
func (b *batch[A]) add(items []int64, most int) bool {
	added := 0
	for _, item := range items {
		if !b.has[item] {
			added++
		}
	}
	if len(b.items) > 0 && len(b.items)+added > most {
		return false
	}
	for _, item := range items {
		if !b.has[item] {
			b.has[item] = true
			b.items = append(b.items, item)
		}
	}
	return true
}

// goOn lets a batch be sent.
func (l *line[A]) goOn(b *batch[A]) {
	if !b.isDue {
		b.isDue = true
		l.running++
		close(b.due)
	}
}

// Waiting is how many wait for a question that was not sent yet.
func (g *Group[A]) Waiting() (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range g.lines {
		if l.next != nil {
			n += l.next.waiting
		}
	}
	return n
}
