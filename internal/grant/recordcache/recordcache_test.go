package recordcache

import "testing"

// TestCacheNeverKeepsTheOld plays the one race that matters: a reader has read
// before a write, and fills in after it.
func TestCacheNeverKeepsTheOld(t *testing.T) {
	c := New[string](10)
	_, mark, ok := c.Get("key")
	if ok {
		t.Fatal("a new cache has the key")
	}
	c.Drop("key") // the writer, done
	c.Fill("key", mark, "old")
	if v, _, ok := c.Get("key"); ok {
		t.Fatalf("the cache keeps %q", v)
	}
	_, mark, _ = c.Get("key")
	c.Fill("key", mark, "new")
	if v, _, ok := c.Get("key"); !ok || v != "new" {
		t.Fatalf("the cache has %q, %v", v, ok)
	}
	c.Drop("key")
	if _, _, ok := c.Get("key"); ok {
		t.Fatal("a dropped value is still there")
	}
}

// TestClearIsDropOfEverything: of what is kept, and of what is about to be.
func TestClearIsDropOfEverything(t *testing.T) {
	c := New[string](10)
	_, mark, _ := c.Get("kept")
	c.Fill("kept", mark, "old")
	_, mark, _ = c.Get("read")
	c.Clear()
	c.Fill("read", mark, "old")
	for _, key := range []string{"kept", "read"} {
		if v, _, ok := c.Get(key); ok {
			t.Errorf("%s: the cache keeps %q", key, v)
		}
	}
}
