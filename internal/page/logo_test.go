package page

import "testing"

// What a browser might take for a document is no logo.
func TestLogoURL(t *testing.T) {
	for kind, want := range map[string]bool{
		"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true,
		"image/svg+xml": false, "text/html": false, "": false, "image/png; x": false,
	} {
		if got := LogoURL("a/b &?#", kind, []byte("x")); (got != "") != want {
			t.Errorf("%s: %q", kind, got)
		}
	}
	if got := LogoURL("a", "image/png", nil); got != "" {
		t.Errorf("no image: %q", got)
	}
	one, two := LogoURL("a&v=b", "image/png", []byte("1")), LogoURL("a&v=b", "image/png", []byte("2"))
	if one == two || one[:len(LogoPath)+23] != LogoPath+"?client_id=a%26v%3Db&v=" {
		t.Errorf("%s and %s", one, two)
	}
}
