//go:build browser

package e2e

import (
	"strings"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// barriers finds what keeps people from reading or working a page: text of too
// little contrast (WCAG 2.2, 1.4.3), headings out of order, fields, buttons
// and links without a name, images without an alternative.
const barriers = `(() => {
	const found = [], folded = document.querySelectorAll("details:not([open])");
	for (const e of folded) e.open = true; // what is folded away has no text of its own to look at
	const rgb = s => (s.match(/[\d.]+/g) || []).map(Number);
	const luminance = c => {
		const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const ground = e => {
		for (; e; e = e.parentElement) {
			const c = rgb(getComputedStyle(e).backgroundColor);
			if (c.length === 3 || c[3] === 1) return c.slice(0, 3);
		}
		return [255, 255, 255];
	};
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (texts.nextNode()) {
		const text = texts.currentNode.data.trim(), e = texts.currentNode.parentElement, style = getComputedStyle(e);
		if (!text || !e.checkVisibility()) continue;
		const [a, b] = [luminance(rgb(style.color).slice(0, 3)), luminance(ground(e))].sort((x, y) => y - x);
		const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
		const ratio = (a + 0.05) / (b + 0.05);
		if (ratio < (large ? 3 : 4.5)) found.push("contrast " + ratio.toFixed(2) + " of " + JSON.stringify(text));
	}
	let level = 0, first = 0;
	for (const h of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
		const l = Number(h.tagName[1]);
		if (l === 1) first++;
		if (l > level + 1) found.push("heading " + h.innerText + " skips a level");
		level = l;
	}
	if (first !== 1) found.push(first + " first headings");
	for (const e of document.querySelectorAll("input:not([type=hidden])")) if (!e.labels.length) found.push("no label: " + e.name);
	for (const e of document.querySelectorAll("button, a[href]")) {
		if (!(e.getAttribute("aria-label") || e.innerText).trim()) found.push("no name: " + e.outerHTML);
		if (e.tagName === "BUTTON" && e.getBoundingClientRect().height < 24) found.push("too small: " + e.innerText);
	}
	for (const e of document.images) if (!e.hasAttribute("alt") || !e.naturalWidth) found.push("image: " + e.src);
	for (const e of document.querySelectorAll("[id]")) if (document.querySelectorAll("#" + e.id).length > 1) found.push("twice: " + e.id);
	for (const e of document.querySelectorAll("[aria-describedby]")) if (!document.getElementById(e.getAttribute("aria-describedby"))) found.push("described by nothing: " + e.name);
	if (!document.documentElement.lang || !document.title || document.querySelectorAll("main").length !== 1) found.push("no language, title or main part");
	for (const e of folded) e.open = false;
	return found.join("\n");
})()`

// accessible fails where a page of the gateway's has barriers.
func (b *browser) accessible(name string, l look) {
	b.t.Helper()
	if !strings.HasPrefix(b.at().Path, "/restapi/") {
		return
	}
	if found := value(b, "look for barriers", chromedp.Evaluate[string](barriers)); found != "" {
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
