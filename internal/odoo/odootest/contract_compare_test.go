package odootest

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"sort"
	"strings"

	"golang.org/x/net/html"
)

// sameHeaders must have the recorded value, or be absent as recorded.
var sameHeaders = []string{"Content-Type", "Location", "Cache-Control", "X-Frame-Options", "Content-Security-Policy",
	"X-Content-Type-Options", "WWW-Authenticate", "Accept", "Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Connection", "Server"}

// compare checks the live answer against the recorded one.
func (st *stage) compare(a answer) {
	st.t.Helper()
	want := st.rec.Response
	if a.StatusCode != want.Status {
		st.t.Errorf("status %d, recorded %d\n%.300s", a.StatusCode, want.Status, a.body)
		return
	}
	recorded := http.Header{}
	for _, h := range want.Headers {
		recorded.Add(h[0], st.localised(h[1]))
	}
	for _, name := range sameHeaders {
		got := a.Header.Get(name)
		if name == "Connection" && a.Close {
			got = "close"
		}
		if want := strings.TrimSpace(recorded.Get(name)); got != want {
			st.t.Errorf("%s: %q, recorded %q", name, got, want)
		}
	}
	st.compareCookies(a, recorded)
	switch {
	case want.JSON != nil:
		st.compareJSON(a.body, want.JSON)
	case want.HTML != nil:
		st.comparePage(a.body, *want.HTML)
	case want.Body != nil:
		st.compareBody(a.body, *want.Body)
	}
}

var volatile = regexp.MustCompile(`Expires=[^;]+; `)

// compareCookies wants the same cookies with the same attributes, and a new
// session id exactly where the recording has a new one.
func (st *stage) compareCookies(a answer, recorded http.Header) {
	st.t.Helper()
	var names []string
	describe := func(lines []string, sent string) []string {
		names = nil
		for _, line := range lines {
			pair, attributes, _ := strings.Cut(line, "; ")
			name, value, _ := strings.Cut(pair, "=")
			if name == "session_id" {
				value = map[bool]string{true: "the same", false: "a new one"}[value == sent]
			}
			names = append(names, fmt.Sprintf("%s = %s; %s", name, value, volatile.ReplaceAllString(attributes, "")))
		}
		return names
	}
	got := describe(a.Header.Values("Set-Cookie"), st.before)
	sent := strings.TrimPrefix(st.rec.Request.Headers["Cookie"], "session_id=")
	want := describe(recorded.Values("Set-Cookie"), sent)
	if !slices.Equal(got, want) {
		st.t.Errorf("cookies %q, recorded %q", got, want)
	}
}

func (st *stage) compareJSON(body, recorded []byte) {
	st.t.Helper()
	got, err := decodeJSON(body)
	if err != nil {
		st.t.Errorf("%v in %.200s", err, body)
		return
	}
	want, err := decodeJSON(recorded)
	if err != nil {
		st.t.Fatal(err)
	}
	if differences := st.unlike("", got, want); len(differences) > 0 {
		st.t.Errorf("%s\n  got %.600s\n  recorded %.600s", strings.Join(differences, "\n"), body, recorded)
	}
}

// exact are the places whose value counts, not only its shape.
var exact = map[string]bool{
	".jsonrpc": true, ".id": true, ".error.code": true, ".error.message": true, ".error.data.name": true, ".name": true,
	".result.server_serie": true, ".result.uid": true, ".result.is_admin": true, ".result.is_system": true,
	".result.is_internal_user": true, ".result.username": true, ".result.db": true, ".result.res_model": true,
	".result.type": true, ".version": true,
}

// opaque members depend on the installed addons or on the demo data: only the
// type of their value is compared.
var opaque = map[string]bool{
	"user_settings": true, "storeData": true, "view_info": true, "cache_hashes": true, "web_tours": true, "currencies": true,
	"allowed_companies": true, "bundle_params": true, "context": true, "selection": true, "help": true,
}

// unlike lists where two JSON values differ in shape. An empty value (false)
// and an empty list fit anything that they can stand for in Odoo.
func (st *stage) unlike(path string, got, want any) []string {
	if _, scalar := want.(map[string]any); exact[path] && !scalar && st.rec.Response.Status < 500 && !(path == ".name" && !strings.Contains(string(st.rec.Response.JSON), "debug")) {
		if fmt.Sprint(got) != fmt.Sprint(want) {
			return []string{fmt.Sprintf("%s: %v, recorded %v", path, got, want)}
		}
		return nil
	}
	if got == false || want == false {
		return nil
	}
	switch want := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s: %T, recorded an object", path, got)}
		}
		var out []string
		for _, name := range sortedNames(g, want) {
			gv, here := g[name]
			wv, there := want[name]
			switch {
			case !there:
				out = append(out, path+"."+name+": not recorded")
			case !here:
				out = append(out, path+"."+name+": missing")
			case opaque[name] && fmt.Sprintf("%T", gv) == fmt.Sprintf("%T", wv):
			default:
				out = append(out, st.unlike(path+"."+name, gv, wv)...)
			}
		}
		return out
	case []any:
		g, ok := got.([]any)
		if !ok {
			return []string{fmt.Sprintf("%s: %T, recorded a list", path, got)}
		}
		if len(g) == 0 || len(want) == 0 {
			return nil
		}
		return st.unlike(path+"[]", g[0], want[0])
	}
	if fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) {
		return []string{fmt.Sprintf("%s: %T, recorded %T", path, got, want)}
	}
	return nil
}

func sortedNames(maps ...map[string]any) []string {
	seen := map[string]bool{}
	for _, m := range maps {
		for name := range m {
			seen[name] = true
		}
	}
	names := make([]string, 0, len(seen))
	for name := range seen {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

var sizeOnly = regexp.MustCompile(`^<(\d+) bytes ([^>]+)>$`)

// compareBody compares texts as they are. Of files only the placeholder
// image's size counts, because it is how a client could recognise it.
func (st *stage) compareBody(got []byte, recorded string) {
	st.t.Helper()
	if m := sizeOnly.FindStringSubmatch(recorded); m != nil {
		if m[1] == "6314" && len(got) != 6314 || len(got) == 0 {
			st.t.Errorf("a file of %d bytes, recorded %s", len(got), m[1])
		}
		return
	}
	if strings.HasPrefix(st.rec.Request.Path, "/web/assets/") {
		return
	}
	if want := st.localised(recorded); string(got) != want {
		st.t.Errorf("body %q, recorded %q", got, want)
	}
}

// comparePage compares title, forms with their inputs, alerts, and that the
// recorded links are there.
func (st *stage) comparePage(body []byte, want recordedPage) {
	st.t.Helper()
	got := reduce(st, body)
	if got.Title != want.Title {
		st.t.Errorf("title %q, recorded %q", got.Title, want.Title)
	}
	cut := want.Length == cutLength
	if len(got.Forms) < len(want.Forms) || !cut && len(got.Forms) != len(want.Forms) {
		st.t.Errorf("%d forms, recorded %d", len(got.Forms), len(want.Forms))
	}
	for i := range min(len(got.Forms), len(want.Forms)) {
		g, w := got.Forms[i], want.Forms[i]
		if g.Action != w.Action || g.Method != w.Method {
			st.t.Errorf("form %s %q, recorded %s %q", g.Method, g.Action, w.Method, w.Action)
		}
		inputs := slices.DeleteFunc(slices.Clone(w.Inputs), func(in recordedInput) bool { return in.Name == "" })
		if len(g.Inputs) < len(inputs) || !cut && len(g.Inputs) != len(inputs) {
			st.t.Errorf("inputs %v, recorded %v", g.Inputs, inputs)
			continue
		}
		for j, in := range inputs {
			if csrfPlaceholder.MatchString(in.Value) {
				in.Value = g.Inputs[j].Value
			}
			if g.Inputs[j] != in {
				st.t.Errorf("input %v, recorded %v", g.Inputs[j], in)
			}
		}
	}
	if !slices.Equal(got.Alerts, want.Alerts) {
		st.t.Errorf("alerts %q, recorded %q", got.Alerts, want.Alerts)
	}
	for _, link := range want.Links {
		link = recordedClient.ReplaceAllString(st.localised(link), "client_id=X")
		if !slices.Contains(got.Links, link) {
			st.t.Errorf("no link %q among %q", link, got.Links)
		}
	}
}

// reduce makes of a page what the recordings have of theirs.
func reduce(st *stage, body []byte) recordedPage {
	st.t.Helper()
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		st.t.Fatal(err)
	}
	page := recordedPage{Alerts: []string{}}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "title":
			page.Title = strings.TrimSpace(textOf(n))
		case "form":
			page.Forms = append(page.Forms, recordedForm{Action: attribute(n, "action"), Method: attribute(n, "method")})
		case "input":
			if last := len(page.Forms) - 1; last >= 0 {
				page.Forms[last].Inputs = append(page.Forms[last].Inputs,
					recordedInput{attribute(n, "name"), attribute(n, "type"), attribute(n, "value")})
			}
		case "a":
			page.Links = append(page.Links, recordedClient.ReplaceAllString(attribute(n, "href"), "client_id=X"))
		}
		if strings.Contains(attribute(n, "class"), "alert-danger") {
			page.Alerts = append(page.Alerts, strings.TrimSpace(textOf(n)))
		}
	}
	return page
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}
