package typedxml_test

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/dialect/typedxml"
)

func TestAppend(t *testing.T) {
	for in, want := range map[string]string{
		`{"res.partner":[{"id":12,"country_id":[486,"United Kingdom"]}]}`: `<res.partner type="list"><item type="dict"><id type="int">12</id><country_id type="list"><item type="int">486</item><item type="str">United Kingdom</item></country_id></item></res.partner>`,
		`{"return":true}`:             `<return type="bool">true</return>`,
		`{"b":false,"a":null}`:        `<b type="bool">false</b><a type="null"></a>`,
		`{"f":1.50,"g":-1e5,"h":-0}`:  `<f type="float">1.50</f><g type="float">-1e5</g><h type="int">-0</h>`,
		`{}`:                          ``,
		`[]`:                          ``,
		`[1,"a"]`:                     `<item type="int">1</item><item type="str">a</item>`,
		`"a"`:                         `<item type="str">a</item>`,
		`{"d":{},"l":[],"s":""}`:      `<d type="dict"></d><l type="list"></l><s type="str"></s>`,
		`{"t":"<a b=\"c\">&amp;]]>"}`: `<t type="str">&lt;a b=&quot;c&quot;&gt;&amp;amp;]]&gt;</t>`,
		`{"t":" \t\r\n\u0000\u001b\uffff\ufffe\ud83d\ude00"}`: `<t type="str"> &#9;&#13;&#10;` + "\ufffd\ufffd\ufffd\ufffd😀" + `</t>`,
		`{"a b":1,"1":2,"a:b":3,"xmlfoo":4,"é":5,"":6,"-a":7,"a\"><x":8}`: `<key name="a b" type="int">1</key><key name="1" type="int">2</key><key name="a:b" type="int">3</key>` +
			`<key name="xmlfoo" type="int">4</key><key name="é" type="int">5</key><key name="" type="int">6</key><key name="-a" type="int">7</key><key name="a&quot;&gt;&lt;x" type="int">8</key>`,
	} {
		got, err := typedxml.Append([]byte("+"), []byte(in), 1<<20)
		if err != nil || string(got) != "+"+want {
			t.Errorf("%s\ngot  %s %v\nwant %s", in, got, err, want)
		}
	}
	for _, in := range []string{``, `{`, `[1`, `{"a"}`, `nil`, `{} {}`, `{"a":"` + "\xff" + `"}`} {
		if got, err := typedxml.Append(nil, []byte(in), 1<<20); err == nil {
			t.Errorf("%s: %s", in, got)
		}
	}
}

// A list of numbers is ten times as long in XML: the limit counts what leaves.
func TestAppendIsBounded(t *testing.T) {
	in := []byte("[" + strings.Repeat("1,", 999) + "1]")
	whole, err := typedxml.Append(nil, in, 1<<20)
	if err != nil || len(whole) < 10*len(in) {
		t.Fatalf("%d bytes of %d, %v", len(whole), len(in), err)
	}
	for limit, want := range map[int]error{len(whole): nil, len(whole) - 1: typedxml.ErrTooLarge, len(in): typedxml.ErrTooLarge, 1: typedxml.ErrTooLarge} {
		if got, err := typedxml.Append(nil, in, int64(limit)); err != want || len(got) > limit+len(`<item type="int">1</item>`) {
			t.Errorf("limit %d: %d bytes, %v", limit, len(got), err)
		}
	}
}

// FuzzAppend: whatever the JSON, the elements are well-formed inside a root,
// as many as there are values, and hold no text that was not there.
func FuzzAppend(f *testing.F) {
	for _, seed := range []string{`{"a":[1,{"b c":"<&>"}]}`, `[[],{},null]`, `{"xml":"\u0000"}`, `"]]>"`, `{"":{"":""}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		out, err := typedxml.Append(nil, in, 1<<20)
		if err != nil {
			return
		}
		var value any
		if json.Unmarshal(in, &value) != nil {
			return // numbers out of range and the like: only the form is judged
		}
		dec := xml.NewDecoder(strings.NewReader("<root>" + string(out) + "</root>"))
		for {
			tok, err := dec.Token()
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatalf("%v in %s", err, out)
			}
			switch tok := tok.(type) {
			case xml.StartElement:
				if tok.Name.Space != "" {
					t.Fatalf("%v in %s", tok, out)
				}
			case xml.Comment, xml.ProcInst, xml.Directive:
				t.Fatalf("%v in %s", tok, out)
			}
		}
	})
}
