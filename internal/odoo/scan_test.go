package odoo

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// scanned are answers, with whether the scanner takes them.
var scanned = map[string]bool{
	`[]`:                           true,
	" [ ] ":                        true,
	`[{}]`:                         true,
	`[{"id": 1, "name": "Azure"}]`: true,
	`[{"id":1,"tags":[4,5,[]],"m":[7,"x"]},{"id":2,"tags":[],"m":false}]`: true,
	`[{"a":-0.5e+10,"b":0,"c":12E3,"d":null,"e":true}]`:                   true,
	`[{"a":"caf\u00e9 \"x\" \\ \/ \b\f\n\r\t é"}]`:                        true,
	`[{"a":1,"b":2},{"b":2,"a":1},{"a":1,"b":2,"c":3},{"a":1}]`:           true,
	`[{"a":{"b":1}}]`:         false, // left to jsontext
	`[{"\u0061":1}]`:          false,
	`[{"a":"\ud83d\ude00"}]`:  false,
	`[[[[[[[[[[[1]]]]]]]]]]]`: false,
	`[{"a":` + strings.Repeat("[", 9) + strings.Repeat("]", 9) + `}]`: false,
	`[{"a":1,"a":2}]`:                           false, // malformed, or nearly
	`[{"a":1,"b":2},{"a":1,"a":2}]`:             false,
	`[{"a":1,"b":2},{"b":1,"b":2}]`:             false,
	`[{"a":1,"b":2,"c":3},{"x":1,"b":2,"x":3}]`: false,
	`[{"a":1,"b":2,"c":3},{"c":1,"b":2,"c":3}]`: false,
	`[{"a":1},]`: false, `[{"a":1,}]`: false, `[{"a" 1}]`: false, `[{"a":01}]`: false, `[{"a":1.}]`: false, `[{"a":.5}]`: false,
	`[{"a":+1}]`: false, `[{"a":1e}]`: false, `[{"a":-}]`: false, `[{"a":tru}]`: false, `[{"a":nul}]`: false, `[{"a":"x}]`: false,
	`[{"a":"\x"}]`: false, `[{"a":"\u12"}]`: false, `[{"a":"\udc00"}]`: false, "[{\"a\":\"\n\"}]": false, "[{\"a\":\"\xff\"}]": false,
	`[{"a":1}] x`: false, `[{"a":1}`: false, `[{"a":1`: false, `[`: false, ``: false, `{}`: false, `[1]`: false, `[{"a":[1,]}]`: false,
	`[{"a":"x\`: false, `[{"a":[1 2]}]`: false, `[{"a":1 "b":2}]`: false, `[{"a":1}{"b":2}]`: false, `[{"a":}]`: false, `[{a:1}]`: false,
}

func TestScan(t *testing.T) {
	for in, want := range scanned {
		if _, ok := plainRecords(jsontext.Value(in)); ok != want {
			t.Errorf("%s is taken: %v", in, ok)
		}
		compareScan(t, []byte(in))
	}
	var many strings.Builder
	for i := range maxNames + 1 {
		fmt.Fprintf(&many, `,"f%d":%d`, i, i)
	}
	wide := []byte("[{" + many.String()[1:] + "}]")
	if _, ok := plainRecords(wide); ok {
		t.Error("a record of more names than there is room for is taken")
	}
	compareScan(t, wide)
}

// references are values of a many2one, with the id in those that are taken.
var references = map[string]int64{
	`[7,"Azure"]`: 7, ` [ 7 , "A\u00e9" ] `: 7, `[9223372036854775807,""]`: 9223372036854775807,
	`[9223372036854775808,""]`: 0, `[07,"x"]`: 0, `[0,"x"]`: 0, `[-7,"x"]`: 0, `[7.0,"x"]`: 0, `[7]`: 0, `[7,"x",1]`: 0, `[7,"x"] 1`: 0,
	`[7,false]`: 0, `[7,"x]`: 0, `["7","x"]`: 0, `false`: 0, ``: 0, `[7,"\ud800"]`: 0, "[7,\"\xff\"]": 0, `[`: 0, `[7`: 0,
}

func TestReference(t *testing.T) {
	for in, want := range references {
		if id, ok := Reference(jsontext.Value(in)); id*int64(btoi(ok)) != want {
			t.Errorf("%s refers to %d, %v", in, id, ok)
		}
		compareScan(t, []byte(in))
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A record does not share memory with the next one.
func TestRecordsGrowApart(t *testing.T) {
	records, ok := plainRecords(jsontext.Value(`[{"a":1},{"a":2},{"a":3}]`))
	if !ok {
		t.Fatal("not taken")
	}
	_ = append(records[0], Member{"b", jsontext.Value("9")})
	_ = append(records[0][0].Value, '9')
	if got := string(AppendRecords(nil, records)); got != `[{"a":1},{"a":2},{"a":3}]` {
		t.Error(got)
	}
}

// compareScan fails where the scanner takes what jsontext refuses, or otherwise.
func compareScan(t *testing.T, in []byte) {
	t.Helper()
	want, err := anyRecords(bytes.Clone(in))
	got, ok := plainRecords(in)
	if ok && (err != nil || len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want)) {
		t.Errorf("%q: %q, and by jsontext %q, %v", in, got, want, err)
	}
	if id, ok := Reference(in); ok {
		parsed, err := ParseJSON(in, DefaultLimits)
		pair, _ := parsed.([]any)
		if err != nil || len(pair) != 2 || pair[0] != id {
			t.Errorf("%q refers to %d, and is %v, %v", in, id, parsed, err)
		}
		if _, isText := pair[1].(string); !isText {
			t.Errorf("%q has a name", in)
		}
	}
	if _, valid := ParseResult(in); valid != jsontext.Value(in).IsValid() {
		t.Errorf("%q is valid: %v", in, valid)
	}
}

func FuzzScan(f *testing.F) {
	for in := range scanned {
		f.Add([]byte(in))
	}
	for in := range references {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) { compareScan(t, in) })
}
