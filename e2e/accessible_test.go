//go:build browser

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// barriers asks axe-core for what keeps people from reading or working a page,
// what is folded away included: WCAG 2.2 at levels A and AA, and axe's rules of
// good practice. Its answers are one line each; the first also says whether axe
// looked at anything.
const barriers = `(async () => {
	const folded = document.querySelectorAll("details:not([open])");
	for (const e of folded) e.open = true;
	const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
	const result = await axe.run(document, {runOnly: rules, resultTypes: ["violations", "incomplete"]});
	for (const e of folded) e.open = false;
	const lines = [String(result.passes.length)];
	for (const v of result.violations.concat(result.incomplete))
		for (const n of v.nodes) lines.push(v.id + ": " + n.html + " " + [...n.any, ...n.all, ...n.none].map(c => c.message).join("; "));
	return lines.join("\n");
})()`

// axe is the text of axe-core, installed as the lock file says in a copy of its
// folder.
var axe = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "axe")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, os.DirFS("axe")); err != nil {
		return "", err
	}
	install := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	return string(text), err
})

// accessible fails where a page of the gateway's has barriers.
func (b *browser) accessible(name string, l look) {
	b.t.Helper()
	if !strings.HasPrefix(b.at().Path, "/restapi/") {
		return
	}
	script, err := axe()
	if err != nil {
		b.t.Fatal(err)
	}
	value(b, "load axe", chromedp.Evaluate[bool](script+";true"))
	passed, found, _ := strings.Cut(value(b, "look for barriers", chromedp.Evaluate[string](barriers, chromedp.EvalAwaitPromise)), "\n")
	if n, err := strconv.Atoi(passed); err != nil || n < 10 {
		b.t.Errorf("%s, %s: axe has passed %s rules, want 10 or more", name, l.name, passed)
	}
	if found != "" {
		b.t.Errorf("%s, %s: %s", name, l.name, found)
	}
}

// focused is the name of what has the keyboard's focus, and whether one sees that.
const focused = `(() => {
	const e = document.activeElement, style = getComputedStyle(e);
	const name = (e.getAttribute("aria-label") || e.labels && e.labels.length && e.labels[0].innerText || e.innerText).trim();
	return style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2 ? name + " (not to be seen)" : name;
})()`

// tabs presses Tab from the top of the page on and compares what gets the focus.
func (b *browser) tabs(want ...string) {
	b.t.Helper()
	for i, name := range want {
		b.run("press Tab", chromedp.KeyEvent(kb.Tab))
		if got := value(b, "read the focus", chromedp.Evaluate[string](focused)); got != name {
			b.t.Errorf("Tab %d at %s leads to %q, want %q", i+1, b.at().Path, got, name)
		}
	}
}
