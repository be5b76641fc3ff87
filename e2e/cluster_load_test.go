package e2e

import (
	"io"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// load is clients that connect, refresh, read and revoke over the balancer until
// they are told to stop, and note what they were answered. Where no answer comes,
// or one that says "later", they do as applications do: a refresh is tried again
// with the same token, and a code is fetched anew.
type load struct {
	t    *testing.T
	c    *cluster
	stop chan struct{}
	all  sync.WaitGroup

	answered, failed atomic.Int64

	mu    sync.Mutex
	lives []life
}

// life is what an application was given by one code.
type life struct {
	as app
	tokens
	// ended says that its end was answered. Where it was asked for and no answer
	// came, there is no life to judge.
	ended bool
}

// startLoad starts the clients.
func startLoad(t *testing.T, c *cluster) *load {
	t.Helper()
	l := &load{t: t, c: c, stop: make(chan struct{})}
	for i := range clients {
		p := c.visitor(t)
		p.on(c.nodes[i%len(c.nodes)]).logIn(c.odoo, "/web/login")
		p.http.Transport = &http.Transport{}
		t.Cleanup(p.http.CloseIdleConnections)
		l.all.Go(func() { l.client(p, i) })
	}
	t.Cleanup(l.halt)
	return l
}

// halt ends the load. Halting twice is no error.
func (l *load) halt() {
	select {
	case <-l.stop:
	default:
		close(l.stop)
	}
	l.all.Wait()
}

func (l *load) stopped() bool {
	select {
	case <-l.stop:
		return true
	default:
		return false
	}
}

func (l *load) client(p *person, first int) {
	for turn := 0; !l.stopped(); turn++ {
		as := loadedApp((first + turn*clients) % loaded)
		code := l.code(p, as)
		if code == "" {
			continue
		}
		o := l.ask(p, as, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {as.redirect}})
		if o.status != http.StatusOK {
			// An answer that was lost has used the code up: that was nobody's
			// acknowledged authorization.
			continue
		}
		if now, certain := l.live(p, life{as: as, tokens: o.tokens}, turn%3 == 2); certain {
			l.mu.Lock()
			l.lives = append(l.lives, now)
			l.mu.Unlock()
		}
	}
}

// live refreshes and reads, and has the token set end where that is wanted.
func (l *load) live(p *person, now life, end bool) (_ life, certain bool) {
	certain = true
	for range 4 {
		o := l.ask(p, now.as, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {now.Refresh}})
		certain = o.status == http.StatusOK // another one may have come about, and is judged by its grace
		switch {
		case certain:
			now.tokens = o.tokens
		case o.status == http.StatusBadRequest || o.status == http.StatusUnauthorized:
			l.t.Errorf("%s: a refresh token that was given is refused: %d %s", now.as.id, o.status, o.Error)
			return now, false
		}
		if status := l.read(p, now.Access); status == http.StatusUnauthorized {
			l.t.Errorf("%s: an access token that was given is refused", now.as.id)
			return now, false
		}
		if l.stopped() {
			break
		}
	}
	if !end || !certain {
		return now, certain
	}
	r := p.request("POST", revokePath, url.Values{"token": {now.Refresh}})
	r.SetBasicAuth(url.QueryEscape(now.as.id), url.QueryEscape(now.as.secret))
	resp, err := p.http.Do(r)
	if !l.count(resp, err) {
		return now, false
	}
	now.ended = true
	return now, true
}

// code has the person's browser bring a code, "" where it does not.
func (l *load) code(p *person, as app) string {
	resp, err := p.http.Do(p.request("GET", as.authorizeURL(p.base, "s"), nil))
	if !l.count(resp, err) {
		return ""
	}
	at, err := url.Parse(resp.Header.Get("Location"))
	if err != nil {
		return ""
	}
	if at.Path == "/web/login" {
		l.t.Errorf("%s: a session that lives is sent to the login", as.id)
	}
	return at.Query().Get("code")
}

func (l *load) ask(p *person, as app, form url.Values) granted {
	o := p.grant(as, form)
	if o.status == http.StatusOK {
		l.answered.Add(1)
	} else {
		l.failed.Add(1)
	}
	return o
}

func (l *load) read(p *person, token string) int {
	r := p.request("GET", "/restapi/1.0/object/res.partner/search_count?domain=[]", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := p.http.Do(r)
	if !l.count(resp, err) && err != nil {
		return 0
	}
	return resp.StatusCode
}

// count reads an answer to its end, and tells whether it is a good one.
func (l *load) count(resp *http.Response, err error) bool {
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	if err != nil || resp.StatusCode >= 400 {
		l.failed.Add(1)
		return false
	}
	l.answered.Add(1)
	return true
}

// served waits until so many more requests were answered well.
func (l *load) served(more int64) {
	l.t.Helper()
	want := l.answered.Load() + more
	eventually(l.t, "clients are served", func() bool { return l.answered.Load() >= want })
}

// judge looks whether all that was answered stands, on each node.
func (l *load) judge() (lived, ended int) {
	l.t.Helper()
	l.halt()
	p := l.c.visitor(l.t)
	for i, now := range l.lives {
		n := l.c.nodes[i%len(l.c.nodes)]
		o := p.on(n).grant(now.as, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {now.Refresh}})
		switch {
		case now.ended:
			ended++
			if o.status != http.StatusBadRequest || p.status(n, now.Access) != http.StatusUnauthorized {
				l.t.Errorf("%s: what has ended is good again: %d", now.as.id, o.status)
			}
		default:
			lived++
			if o.status != http.StatusOK || p.status(n, now.Access) != http.StatusOK || p.status(n, o.Access) != http.StatusOK {
				l.t.Errorf("%s: an authorization that was acknowledged is lost: %d %s", now.as.id, o.status, o.Error)
			}
		}
	}
	var verdict struct{ Broken int }
	l.c.nodes[0].administer(l.t, "GET", "/audit/verify", nil, &verdict)
	if verdict.Broken != 0 {
		l.t.Errorf("the audit trail is broken at %d places", verdict.Broken)
	}
	if lived == 0 || ended == 0 {
		l.t.Errorf("%d lived and %d ended: the test proves nothing", lived, ended)
	}
	return lived, ended
}
