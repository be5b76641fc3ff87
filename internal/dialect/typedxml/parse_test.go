package typedxml_test

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/dialect/typedxml"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

func TestParse(t *testing.T) {
	type dict = map[string]any
	type list = []any
	const text = typedxml.Text("x")
	for in, want := range map[string]any{
		`<vals>x</vals>`: text,
		`<?xml version="1.0" encoding="UTF-8"?><!-- a --><vals><!-- b -->x</vals> <!-- c -->`: text,
		`<vals><![CDATA[<&>]]></vals>`:                                                 typedxml.Text("<&>"),
		`<vals>&lt;&amp;&gt;&#9;&#x41;</vals>`:                                         typedxml.Text("<&>\tA"),
		`<vals/>`:                                                                      typedxml.Text(""),
		`<vals type="str"> x </vals>`:                                                  " x ",
		`<vals type="int"> -7 </vals>`:                                                 int64(-7),
		`<vals type="float">1.5e3</vals>`:                                              1500.0,
		`<vals type="bool">True</vals>`:                                                true,
		`<vals type="bool">false</vals>`:                                               false,
		`<vals type="null"/>`:                                                          nil,
		`<vals type="list"/>`:                                                          list{},
		`<vals type="dict"> </vals>`:                                                   dict{},
		"<vals>\n <a>x</a>\n <b>x</b>\n</vals>\n":                                      dict{"a": text, "b": text},
		`<vals><item>x</item><item>x</item></vals>`:                                    list{text, text},
		`<vals type="dict"><item>x</item></vals>`:                                      dict{"item": text},
		`<vals type="list"><a>x</a><a>x</a></vals>`:                                    list{text, text},
		`<vals><key name="a b">x</key></vals>`:                                         dict{"a b": text},
		`<vals><a type="list"><item>x</item></a></vals>`:                               dict{"a": list{text}},
		`<vals><items><item>x</item><item/></items></vals>`:                            list{list{text, typedxml.Text("")}},
		`<ids type="str">17, 20</ids>`:                                                 list{int64(17), int64(20)},
		`<ids>17</ids>`:                                                                list{int64(17)},
		`<ids><item type="int">17</item></ids>`:                                        list{int64(17)},
		`<v><items><item>x</item><ids>1,2</ids></items></v>`:                           list{list{text, list{int64(1), int64(2)}}},
		`<v><items><item><item>x</item></item><item><item>x</item></item></items></v>`: list{list{text}, list{text}},
		`<v><items><item>x</item></items><items><item>x</item></items></v>`:            list{list{text}, list{text}},
	} {
		_, got, err := typedxml.Parse([]byte(in))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %#v %v\nwant %#v", in, got, err, want)
		}
	}
	if name, _, err := typedxml.Parse([]byte(`<kwargs/>`)); name != "kwargs" || err != nil {
		t.Errorf("%q %v", name, err)
	}
}

func TestParseRefused(t *testing.T) {
	deep := strings.Repeat("<a>", typedxml.MaxDepth+1) + strings.Repeat("</a>", typedxml.MaxDepth+1)
	for name, in := range map[string]string{
		"nothing": ``, "text": `x`, "text before": `x<vals/>`, "text after": `<vals/>x`, "two elements": `<a/><b/>`,
		"no end": `<vals>`, "another end": `<vals></vals2>`, "mixed": `<vals>x<a/></vals>`,
		"document type": `<!DOCTYPE vals><vals/>`, "document type inside": `<vals><!ENTITY x "y"></vals>`,
		"entity": `<vals>&x;</vals>`, "entity of HTML": `<vals>&nbsp;</vals>`, "billion laughs": `<!DOCTYPE l [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><l>&b;</l>`,
		"instruction": `<?php x?><vals/>`, "instruction inside": `<vals><?xml version="1.0"?></vals>`,
		"encoding": `<?xml version="1.0" encoding="ISO-8859-1"?><vals/>`, "no UTF-8": "<vals>\xff</vals>", "UTF-16": "\xff\xfe<\x00v\x00/\x00>\x00",
		"NUL": "<vals>\x00</vals>", "namespace": `<vals xmlns="urn:x"/>`, "prefix": `<x:vals xmlns:x="urn:x"/>`, "undeclared prefix": `<x:vals/>`,
		"attribute": `<vals id="1"/>`, "attribute twice": `<vals type="int" type="str">1</vals>`, "attribute with prefix": `<vals xml:type="int">1</vals>`,
		"name of no key": `<vals name="x"/>`, "unknown type": `<vals type="object">x</vals>`,
		"no number": `<vals type="int">1.5</vals>`, "too large": `<vals type="int">99999999999999999999</vals>`,
		"infinite": `<vals type="float">inf</vals>`, "not a number": `<vals type="float">nan</vals>`, "no truth value": `<vals type="bool">yes</vals>`,
		"no null": `<vals type="null">x</vals>`, "elements in a number": `<vals type="int"><a/></vals>`, "text in a list": `<vals type="list">x</vals>`, "text in a dict": `<vals type="dict">x</vals>`,
		"name twice": `<vals><a/><a/></vals>`, "name twice by key": `<vals><a/><key name="a"/></vals>`, "mixed items": `<vals><item/><item/><a/></vals>`,
		"ids": `<ids>a</ids>`, "too deep": deep, "too many": "<a>" + strings.Repeat("<item/>", typedxml.MaxElements) + "</a>",
		"too many ids": "<ids>1" + strings.Repeat(",1", typedxml.MaxElements) + "</ids>",
	} {
		if _, got, err := typedxml.Parse([]byte(in)); !errors.Is(err, typedxml.ErrSyntax) {
			t.Errorf("%s: %#v %v", name, got, err)
		}
	}
	if _, _, err := typedxml.Parse([]byte(strings.Repeat("<a>", typedxml.MaxDepth) + strings.Repeat("</a>", typedxml.MaxDepth))); err != nil {
		t.Errorf("as deep as it may be: %v", err)
	}
	for _, in := range []string{"<a>" + strings.Repeat("<item/>", typedxml.MaxElements-1) + "</a>", "<ids>1" + strings.Repeat(",1", typedxml.MaxElements-1) + "</ids>"} {
		if _, _, err := typedxml.Parse([]byte(in)); err != nil {
			t.Errorf("as many as there may be: %v", err)
		}
	}
}

// FuzzParse: whatever comes, Parse ends without a panic, within its bounds,
// and its values are those that calls are made of.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`<?xml version="1.0"?><vals><a type="int">1</a><key name="b c">x</key><l><item/></l></vals>`))
	f.Add([]byte(`<v><items><item>6</item><item>0</item><ids>1,2</ids></items></v>`))
	f.Add([]byte(`<!DOCTYPE l [<!ENTITY a "aa">]><l>&a;</l>`))
	f.Fuzz(func(t *testing.T, in []byte) {
		_, v, err := typedxml.Parse(in)
		if err != nil {
			if !errors.Is(err, typedxml.ErrSyntax) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		if depth(t, v) > typedxml.MaxDepth+1 {
			t.Fatal("too deep")
		}
	})
}

func depth(t *testing.T, v any) int {
	most := 0
	switch v := v.(type) {
	case nil, bool, int64, float64, string, typedxml.Text:
	case []any:
		for _, item := range v {
			most = max(most, depth(t, item))
		}
	case map[string]any:
		for _, item := range v {
			most = max(most, depth(t, item))
		}
	default:
		t.Fatalf("a value of type %T", v)
	}
	return most + 1
}

// FuzzRoundTrip: what Append has written within an element, Parse reads as it was.
func FuzzRoundTrip(f *testing.F) {
	f.Add(`{"a":[1,-2.5,true,null,"<x>&\n"],"b c":{"":"y"}}`)
	f.Add(`[[],{},"",{"item":[1]},{"items":[[1]]},{"ids":[1]},{"key":1}]`)
	f.Fuzz(func(t *testing.T, in string) {
		before, err := odoo.ParseJSON([]byte(in), odoo.Limits{Depth: typedxml.MaxDepth - 2, Values: 1000})
		if err != nil || !plainJSON(before) {
			return
		}
		text, err := json.Marshal(before)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := typedxml.Append([]byte("<vals>"), append(append([]byte(`{"v":`), text...), '}'), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		_, after, err := typedxml.Parse(append(doc, "</vals>"...))
		if err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
		if got := after.(map[string]any)["v"]; !reflect.DeepEqual(got, before) {
			t.Errorf("%s\ngot  %#v\nwant %#v", doc, got, before)
		}
	})
}

// plainJSON leaves out what XML can not hold, and the names that mean more.
func plainJSON(v any) bool {
	switch v := v.(type) {
	case string:
		return !strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\r\n", r) || r >= 0xfffe })
	case float64:
		return math.Abs(v) < 1e15 && v != math.Trunc(v)
	case []any:
		for _, item := range v {
			if !plainJSON(item) {
				return false
			}
		}
	case map[string]any:
		for name, item := range v {
			if name == "" || name == "ids" || name != strings.TrimSpace(name) || !plainJSON(name) || !plainJSON(item) {
				return false
			}
		}
	}
	return true
}
