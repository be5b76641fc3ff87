package caddymodule

import (
	"os"
	"strings"
	"testing"
)

// TestMessagesAreInTroubleshooting: what Caddy says when it does not start can
// be looked up word for word.
func TestMessagesAreInTroubleshooting(t *testing.T) {
	page, err := os.ReadFile("../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	o := storeOptions{name: "/x", module: &BadgerStore{dir: "/x"}}
	for words, message := range map[string]string{otherKey: errOtherKey("/x").Error(), noKey: errNoKey(o).Error()} {
		if !strings.Contains(message, words) || !strings.Contains(string(page), "*"+words+"*") {
			t.Errorf("%q is not in docs/troubleshooting.md, or not in %q", words, message)
		}
	}
}
