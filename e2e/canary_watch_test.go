package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// watch is a transport that keeps every answer, and learns from each the
// secrets that it is there to carry: nothing else may ever carry them.
type watch struct {
	mu       sync.Mutex
	canaries map[string]canary // by the secret
	seen     []sighting
}

// canary is a secret that is looked for.
type canary struct {
	what  string
	forms []string
}

// sighting is an answer that has been seen.
type sighting struct {
	what    string
	text    string   // status, header and body
	carries []string // the secrets that it is there to carry
}

func newWatch() *watch { return &watch{canaries: map[string]canary{}} }

// secret makes a secret known, and returns it.
func (w *watch) secret(what, value string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.canaries[value]
	if c.what = what; c.forms == nil {
		c.forms = forms(value)
	}
	w.canaries[value] = c
	return value
}

// RoundTrip implements http.RoundTripper.
func (w *watch) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	var text strings.Builder
	fmt.Fprintln(&text, resp.Status)
	if err := resp.Header.Write(&text); err != nil {
		return nil, err
	}
	text.Write(body)
	s := sighting{what: r.Method + " " + r.URL.Path + " " + resp.Status, text: text.String()}
	for value, what := range carried(r, resp, body) {
		w.secret(what, value)
		s.carries = append(s.carries, value)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, s)
	return resp, nil
}

// carried are the secrets that an answer is there to carry.
func carried(r *http.Request, resp *http.Response, body []byte) map[string]string {
	found := map[string]string{}
	for _, c := range resp.Cookies() {
		if c.MaxAge >= 0 && len(c.Value) >= 16 {
			found[c.Value] = "cookie " + c.Name
		}
	}
	if to, err := url.Parse(resp.Header.Get("Location")); err == nil && to.Query().Get("code") != "" && to.Host != r.URL.Host {
		found[to.Query().Get("code")] = "code"
	}
	if resp.StatusCode != http.StatusOK {
		return found
	}
	var answer map[string]any
	oauth := strings.Contains(r.URL.Path, "restapi/") && (strings.Contains(r.URL.Path, "/oauth2/") || strings.Contains(r.URL.Path, "/application/"))
	if oauth && json.Unmarshal(body, &answer) == nil {
		for _, name := range []string{"code", "access_token", "refresh_token", "odoo_secret", "user_secret"} {
			if value, _ := answer[name].(string); value != "" {
				found[value] = name
			}
		}
	}
	if bytes.Contains(body, []byte(`value="allow"`)) {
		for _, tag := range inputTag.FindAllString(string(body), -1) {
			if value := attribute(tag, "value"); attribute(tag, "type") == "hidden" && len(value) >= 16 {
				found[value] = "input " + attribute(tag, "name")
			}
		}
	}
	return found
}

// leaks finds secrets in a text, but for some: whole or in part, and in the
// forms in which programs write them.
func (w *watch) leaks(text string, but []string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []string
	for value, c := range w.canaries {
		if slices.Contains(but, value) {
			continue
		}
		for _, form := range c.forms {
			if i := strings.Index(text, form); i >= 0 {
				found = append(found, fmt.Sprintf("%s: …%s%.24s…", c.what, text[max(0, i-200):i], form))
				break
			}
		}
	}
	return found
}

// forms are how a secret may be written, and parts that betray it as well.
func forms(value string) []string {
	quoted, _ := json.Marshal(value) // a text: never fails
	list := []string{value, url.QueryEscape(value), url.PathEscape(value), strings.Trim(string(quoted), `"`), hex.EncodeToString([]byte(value))}
	// In base64 a text looks in three ways, by where it begins in what was encoded.
	for before := range 3 {
		whole := append(make([]byte, before), value...)
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			list = append(list, encoding.EncodeToString(whole)[(before*8+5)/6:len(whole)*8/6])
		}
	}
	if len(value) >= 32 {
		list = append(list, value[len(value)-16:])
		if strings.Count(value, ".") != 2 { // in the middle of a JWT are claims
			list = append(list, value[len(value)/2-8:len(value)/2+8])
		}
	}
	return list
}

// answersAreClean fails for every answer with a secret that it is not there to carry.
func (w *watch) answersAreClean(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	seen := slices.Clone(w.seen)
	w.mu.Unlock()
	for _, s := range seen {
		for _, leak := range w.leaks(s.text, s.carries) {
			t.Errorf("%s has %s", s.what, leak)
		}
	}
}

// kinds are what secrets there are, to be compared with what there must be.
func (w *watch) kinds() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	count := map[string]int{}
	for _, c := range w.canaries {
		count[c.what]++
	}
	return count
}

// TestWatchFindsSecrets: the search that the canaries are looked for with sees
// them in every form, and leaves an answer alone that is there to carry them.
func TestWatchFindsSecrets(t *testing.T) {
	w := newWatch()
	s := w.secret("a secret", `0123456789abcdef/"canary"+0123456789-end of it`)
	quoted, _ := json.Marshal(s)
	for _, text := range []string{
		"x" + s + "y", "?x=" + url.QueryEscape(s) + "&", url.PathEscape(s), string(quoted),
		base64.StdEncoding.EncodeToString([]byte(s)), base64.URLEncoding.EncodeToString([]byte("x" + s + "y")),
		base64.StdEncoding.EncodeToString([]byte("xy" + s + "zz")), hex.EncodeToString([]byte("x" + s)), "…" + s[len(s)-16:],
	} {
		if len(w.leaks(text, nil)) != 1 {
			t.Errorf("not found in %q", text)
		}
		if len(w.leaks(text, []string{s})) != 0 {
			t.Errorf("found in %q, which is there to carry it", text)
		}
	}
	if found := w.leaks("01234567 canary end", nil); len(found) != 0 {
		t.Errorf("found what is not there: %q", found)
	}
}
