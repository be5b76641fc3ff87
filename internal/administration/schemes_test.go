package administration

import "testing"

func TestFilterIsReadable(t *testing.T) {
	for filter, want := range map[string]string{
		"":                                   "",
		`[["customer_rank","\u003e",0]]`:     `[["customer_rank",">",0]]`,
		`["\u0026", ["a", "\u003c", 1e400]]`: `["&",["a","<",1e400]]`,
		`[["name", "=", "\\u003e"]]`:         `[["name","=","\\u003e"]]`,
		"no JSON":                            "no JSON",
	} {
		if got := readable(filter); got != want {
			t.Errorf("%s: %s, want %s", filter, got, want)
		}
	}
}
