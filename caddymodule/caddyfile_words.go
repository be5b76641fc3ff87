package caddymodule

import (
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// longSettings may have a value of several lines, at the given place.
var longSettings = map[string]int{"filter": 1, "description": 1, "force": 2, "preset": 2}

// refuseOpenQuotes refuses words of several lines where none belongs. Where a
// quote is not closed, all lines up to the next one are one word, those with
// secrets included, and an error about that word would show them.
func refuseOpenQuotes(d *caddyfile.Dispenser) error {
	defer d.Reset()
	before := []string{"", ""}
	for d.Next() {
		word := d.Val()
		if strings.Contains(word, "\n") && !slices.ContainsFunc([]int{1, 2}, func(n int) bool { return longSettings[before[len(before)-n]] == n }) {
			return d.Err("a word has several lines: is a quote not closed?")
		}
		before = append(before[1:], word)
	}
	return nil
}
