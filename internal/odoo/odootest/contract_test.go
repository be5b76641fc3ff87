package odootest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"
)

// recording is one exchange with a real server. Ids, keys and tokens in it
// are placeholders; HTML is reduced to its title, forms and links.
type recording struct {
	Version  string `json:"odoo"`
	Name     string `json:"name"`
	Request  recordedRequest
	Response recordedResponse
}

type recordedRequest struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    *string           `json:"body"`
}

type recordedResponse struct {
	Status  int             `json:"status"`
	Headers [][2]string     `json:"headers"`
	JSON    json.RawMessage `json:"json"`
	Body    *string         `json:"body"`
	HTML    *recordedPage   `json:"html"`
}

type recordedPage struct {
	Title  string         `json:"title"`
	Forms  []recordedForm `json:"forms"`
	Alerts []string       `json:"alerts"`
	Links  []string       `json:"links"`
	Length int            `json:"length"`
}

type recordedForm struct {
	Action string          `json:"action"`
	Method string          `json:"method"`
	Inputs []recordedInput `json:"inputs"`
}

type recordedInput struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

// cutLength is the length at which pages were cut before they were reduced:
// what such a page lacks at its end says nothing.
const cutLength = 5012

func loadRecordings(t *testing.T, file string) map[string]recording {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	all := map[string]recording{}
	for _, one := range list {
		var r recording
		// A few exchanges were noted as plain text; they are listed as not covered.
		if err := json.Unmarshal(one, &r); err != nil {
			var text struct{ Name string }
			if json.Unmarshal(one, &text) != nil {
				t.Fatalf("%s: %v", file, err)
			}
			r = recording{Name: text.Name}
		}
		all[r.Name] = r
	}
	return all
}

// TestContract replays every recorded request against the simulation, brought
// into the state that the recording was made in, and compares the answers.
func TestContract(t *testing.T) {
	files, err := filepath.Glob("testdata/recordings/*.json")
	if err != nil || len(files) != 5 {
		t.Fatalf("recordings: %v, %v", files, err)
	}
	covered, skipped := 0, 0
	listed := map[string]bool{}
	for _, file := range files {
		label := strings.TrimSuffix(filepath.Base(file), ".json")
		version, err := strconv.Atoi(label[:2])
		if err != nil {
			t.Fatal(err)
		}
		all := loadRecordings(t, file)
		// Most recordings need no state but a session of their own.
		shared, _ := startServer(t, Options{Version: version})
		names := make([]string, 0, len(all))
		for name := range all {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			if key := notCoveredKey(name, label); key != "" {
				listed[key] = true
				skipped++
				continue
			}
			covered++
			t.Run(label+"/"+name, func(t *testing.T) {
				t.Parallel()
				replay(t, shared, all[name])
			})
		}
	}
	for key := range notCovered {
		if !listed[key] {
			t.Errorf("%q is listed as not covered, but there is no such recording", key)
		}
	}
	t.Logf("recordings: %d covered, %d not covered (%d reasons)", covered, skipped, len(notCovered))
}

// notCoveredKey finds the entry of notCovered for a recording: its name, or
// its name in one version.
func notCoveredKey(name, label string) string {
	for _, key := range []string{label + "/" + name, name} {
		if _, ok := notCovered[key]; ok {
			return key
		}
	}
	return ""
}

// stage is the simulation set up for one recording.
type stage struct {
	t      *testing.T
	s      *Server
	v      int
	b      *browser // the one that sends the recorded request
	rec    recording
	body   string
	keys   map[string]string // live API keys by placeholder
	before string            // session id that the request presents
	host   string
	bare   bool // the request goes out without the browser's session
}

func replay(t *testing.T, shared *Server, rec recording) {
	s := shared
	sc := sceneOf(rec.Name)
	if sc != nil {
		s, _ = startServer(t, Options{Version: shared.Version()})
	}
	st := &stage{t: t, s: s, v: s.Version(), rec: rec, b: newBrowser(t, s), keys: map[string]string{}}
	st.host = strings.TrimPrefix(s.URL, "http://")
	if rec.Request.Body != nil {
		st.body = *rec.Request.Body
	}
	st.body = st.localised(st.body)
	for placeholder, key := range map[string]func() string{
		"1":         func() string { return s.NewAPIKey("admin", "gateway", time.Time{}) },
		"admin":     func() string { return s.NewAPIKey("admin", "gateway", time.Time{}) },
		"2":         func() string { return s.NewAPIKey("demo", "gateway", time.Time{}) },
		"demo":      func() string { return s.NewAPIKey("demo", "gateway", time.Time{}) },
		"revocable": func() string { return s.NewAPIKey("demo", "gateway", time.Time{}) },
		"expired":   func() string { return s.NewAPIKey("demo", "gateway", s.now().Add(-time.Hour)) },
	} {
		marker := "<api_key-" + placeholder + ">"
		if strings.Contains(st.body, marker) || strings.Contains(rec.Request.Headers["Authorization"], marker) {
			st.keys[marker] = key()
		}
	}
	st.prepare(sc)
	st.compare(st.send())
}

var (
	csrfPlaceholder = regexp.MustCompile(`<csrf_token-\d+>`)
	recordedHost    = regexp.MustCompile(`127\.0\.0\.1(:|%3A|%253A)80(16|17|18|19)`)
	recordedClient  = regexp.MustCompile(`client_id=[0-9a-f]{8}-[0-9a-f-]{27}`)
)

// localised puts the simulation's address and its second-factor login in the
// place of the recorded ones.
func (st *stage) localised(text string) string {
	text = recordedHost.ReplaceAllStringFunc(text, func(m string) string {
		colon := recordedHost.FindStringSubmatch(m)[1]
		return strings.ReplaceAll(st.host, ":", colon)
	})
	text = strings.ReplaceAll(text, `"probe", "probe-pw-4"`, fmt.Sprintf("%q, %q", TOTPLogin, TOTPPassword))
	text = strings.ReplaceAll(text, `"login": "probe", "password": "probe-pw-4"`, fmt.Sprintf(`"login": %q, "password": %q`, TOTPLogin, TOTPPassword))
	text = strings.ReplaceAll(text, "login=probe&password=probe-pw-4", "login="+TOTPLogin+"&password="+TOTPPassword)
	text = regexp.MustCompile(`\d, "probe-pw-4", "res.users"`).ReplaceAllString(text, fmt.Sprintf("%d, %q, \"res.users\"", st.s.UID(TOTPLogin), TOTPPassword))
	return text
}

// send replays the request with live ids, keys and tokens.
func (st *stage) send() answer {
	st.t.Helper()
	req := st.rec.Request
	header := []string{}
	for name, value := range req.Headers {
		if name == "Cookie" || name == "Content-Type" || name == "Content-Length" || name == "Host" {
			continue
		}
		for marker, key := range st.keys {
			value = strings.ReplaceAll(value, marker, key)
		}
		header = append(header, name, st.localised(value))
	}
	for marker, key := range st.keys {
		st.body = strings.ReplaceAll(st.body, marker, key)
	}
	if csrfPlaceholder.MatchString(st.body) {
		page := "/web/login"
		if strings.HasPrefix(req.Path, "/web/login/totp") {
			page = withRedirect("/web/login/totp", "/x")
		}
		st.body = csrfPlaceholder.ReplaceAllString(st.body, token(st.t, st.b.get(page).body))
	}
	if _, ok := req.Headers["Cookie"]; !ok || st.bare {
		delete(st.b.cookies, "session_id")
	}
	for name := range st.b.cookies {
		if name != "session_id" {
			delete(st.b.cookies, name)
		}
	}
	st.before = st.b.cookies["session_id"]
	r, err := http.NewRequest(req.Method, st.s.URL+st.localised(req.Path), strings.NewReader(st.body))
	if err != nil {
		st.t.Fatal(err)
	}
	r.Header.Set("User-Agent", st.b.agent)
	if ct, ok := req.Headers["Content-Type"]; ok {
		r.Header.Set("Content-Type", ct)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if st.before != "" {
		r.AddCookie(&http.Cookie{Name: "session_id", Value: st.before})
	}
	res, err := st.s.Client().Do(r)
	if err != nil {
		st.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		st.t.Fatal(err)
	}
	return answer{res, raw}
}
