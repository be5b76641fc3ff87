//go:build browser

package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
)

// stepTime is how long one step in the browser may take: a busy machine and a
// real Odoo that builds its style sheets for the first time need most of it.
const stepTime = 90 * time.Second

// browser is a fresh Chromium with one tab, and a folder for what it saw.
type browser struct {
	t      *testing.T
	ctx    context.Context
	folder string
	shots  int
	ours   []string // how the addresses of our own pages begin

	mu sync.Mutex
	// complaints are what the console said about our own pages: a refused
	// style sheet or form is a defect that one does not see from the markup.
	complaints []string
}

// look is one way to see a page.
type look struct {
	name          string
	width, height int64
	scale         float64
	phone         bool
	scheme        string
}

var (
	desktop = look{"desktop-light", 1280, 800, 1, false, "light"}
	looks   = []look{
		{"desktop-dark", 1280, 800, 1, false, "dark"},
		{"phone-light", 390, 844, 2, true, "light"},
		{"phone-dark", 390, 844, 2, true, "dark"},
		desktop,
	}
)

// openBrowser starts a Chromium with a profile of its own. What its console
// says about pages whose address begins with one of ours fails the test.
func openBrowser(t *testing.T, name string, ours ...string) *browser {
	t.Helper()
	folder := filepath.Join("..", "artifacts", name)
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	// Chromium gets a fresh profile, which chromedp removes again.
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("chromium"),
		chromedp.NoSandbox, // the tests may run as root, where the sandbox does not start
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("no-first-run", true),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("closing chromium: %v", err)
		}
	})
	b := &browser{t: t, ctx: ctx, folder: folder, ours: ours}
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("starting chromium: %v", err)
	}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	b.wear(desktop)
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, c := range b.complaints {
			t.Errorf("the browser complains about %s", c)
		}
	})
	return b
}

// listen collects the console's errors about our own pages.
func (b *browser) listen(event any) {
	e, ok := event.(*log.EventEntryAdded)
	if !ok || e.Entry.Level != log.EntryLevelError {
		return
	}
	// A page that is an error by its status is said here too.
	if e.Entry.Source == log.EntrySourceNetwork && !strings.Contains(e.Entry.URL, "/static/") {
		return
	}
	if !slices.ContainsFunc(b.ours, func(prefix string) bool { return strings.HasPrefix(e.Entry.URL, prefix) }) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, e.Entry.URL+": "+e.Entry.Text)
}

// run does steps in the tab, and shows the page where they fail.
func (b *browser) run(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	value(b, what, func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		return chromedp.Steps(steps...)(ctx, t)
	})
}

// value does one step that returns something.
func value[T any](b *browser, what string, step chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTime)
	defer cancel()
	v, err := chromedp.Run(ctx, step)
	if err != nil {
		at, _ := chromedp.Run(b.ctx, chromedp.Location())
		text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`))
		b.shot("failed", desktop)
		b.t.Fatalf("%s: %v\nat %s:\n%s", what, err, at, text)
	}
	return v
}

// open goes to an address and waits for a selector.
func (b *browser) open(address string, wait chromedp.CSS) {
	b.t.Helper()
	b.run("open "+address, chromedp.Navigate(address), chromedp.WaitVisible(wait))
}

// click presses what a selector finds and waits for the page that follows to
// have the other selector, which the page itself must not have.
func (b *browser) click(selector, then chromedp.CSS) {
	b.t.Helper()
	b.run(fmt.Sprintf("click %s and wait for %s", selector, then), chromedp.Click(selector), chromedp.WaitVisible(then))
}

// fill types into fields, by their name.
func (b *browser) fill(fields map[string]string) {
	b.t.Helper()
	for name, text := range fields {
		field := chromedp.CSS(fmt.Sprintf(`input[name=%q]:not([type=hidden])`, name))
		b.run("fill "+name, chromedp.WaitVisible(field), chromedp.SendKeys(field, text))
	}
}

// text returns what a person reads on the page.
func (b *browser) text() string {
	b.t.Helper()
	return value(b, "read the page", chromedp.Evaluate[string](`document.body.innerText`))
}

// at returns where the tab is.
func (b *browser) at() *url.URL {
	b.t.Helper()
	u, err := url.Parse(value(b, "read the address", chromedp.Location()))
	if err != nil {
		b.t.Fatal(err)
	}
	return u
}

// reads fails where the page lacks a text.
func (b *browser) reads(texts ...string) {
	b.t.Helper()
	page := b.text()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			b.t.Errorf("the page at %s lacks %q:\n%s", b.at(), text, page)
		}
	}
}

// lacks fails where the page has a text.
func (b *browser) lacks(texts ...string) {
	b.t.Helper()
	page := b.text()
	for _, text := range texts {
		if strings.Contains(page, text) {
			b.t.Errorf("the page at %s has %q:\n%s", b.at(), text, page)
		}
	}
}

// wear sets the window and the colour scheme.
func (b *browser) wear(l look) {
	b.t.Helper()
	viewport := []chromedp.EmulateViewportOption{chromedp.EmulateScale(l.scale)}
	if l.phone {
		viewport = append(viewport, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	b.run("set the window", chromedp.EmulateViewport(l.width, l.height, viewport...),
		chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}},
			})
			return err
		}))
}

// brokenWords finds the words of headings and buttons that go on in the next line.
const brokenWords = `[...document.querySelectorAll("h1, h2, button, .button")].flatMap(e => {
	const found = [], texts = document.createTreeWalker(e, NodeFilter.SHOW_TEXT), range = document.createRange();
	while (texts.nextNode()) for (const word of texts.currentNode.data.matchAll(/[^\s\-\u00ad]+/g)) {
		range.setStart(texts.currentNode, word.index);
		range.setEnd(texts.currentNode, word.index + word[0].length);
		if (new Set([...range.getClientRects()].map(r => r.top)).size > 1) found.push(word[0]);
	}
	return found;
}).join(" ")`

// ownPage keeps the page in every look, and checks what a person would
// stumble over: a page of ours that must be scrolled sideways, a word in two
// halves.
func (b *browser) ownPage(name string) {
	b.t.Helper()
	b.shots++
	for _, l := range looks {
		b.wear(l)
		if value(b, "measure the page", chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`)) {
			b.t.Errorf("%s: wider than a %s window", name, l.name)
		}
		if broken := value(b, "look for broken words", chromedp.Evaluate[string](brokenWords)); broken != "" {
			b.t.Errorf("%s: broken in a %s window: %s", name, l.name, broken)
		}
		b.accessible(name, l)
		b.shot(name, l)
	}
}

// odooPage keeps a page that is not ours, as it is.
func (b *browser) odooPage(name string) {
	b.t.Helper()
	b.shots++
	b.shot(name, desktop)
}

func (b *browser) shot(name string, l look) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTime)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Errorf("screenshot %s: %v", name, err)
		return
	}
	file := filepath.Join(b.folder, fmt.Sprintf("%02d-%s-%s.png", b.shots, name, l.name))
	if err := os.WriteFile(file, png, 0o644); err != nil {
		b.t.Error(err)
	}
}
