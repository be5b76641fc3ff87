package connection

import "time"

// checked is whose a session was when somebody last looked.
type checked struct {
	uid int64
	at  time.Time // zero where nobody has looked since the last doubt
	// doubts counts the doubts, so that an answer to a question from before
	// one is not taken for an answer to it.
	doubts uint64
}

// known tells whether the session with this hash was found to be that user's
// less than d ago. If not, doubts is what know wants back.
func (t *Table) known(hash string, uid int64, d time.Duration) (ok bool, doubts uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, found := t.checked.Get(hash)
	return found && c.uid == uid && !c.at.IsZero() && t.now().Sub(c.at) < d, c.doubts
}

// know notes that the session with this hash is that user's, unless that has
// been doubted since the caller began to ask.
func (t *Table) know(hash string, uid int64, doubts uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c, _ := t.checked.Peek(hash); c.doubts == doubts {
		t.checked.Add(hash, checked{uid: uid, at: t.now(), doubts: doubts})
	}
}

// doubt makes the next user of the session with this hash look whose it is.
func (t *Table) doubt(hash string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, _ := t.checked.Peek(hash)
	t.checked.Add(hash, checked{doubts: c.doubts + 1})
}
