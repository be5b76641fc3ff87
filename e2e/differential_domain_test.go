package e2e

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// generator makes inquiries of a catalogue. Each is made of the seed and its
// number alone, so that one that fails can be asked again by itself.
type generator struct {
	*rand.Rand
	*catalogue
}

func (c *catalogue) inquiry(seed, number uint64) inquiry {
	return generator{rand.New(rand.NewPCG(seed, number)), c}.inquiry()
}

func one[T any](g generator, from []T) T { return from[g.IntN(len(from))] }

// chance is true once in n times.
func (g generator) chance(n int) bool { return g.IntN(n) == 0 }

// some takes up to n of a list, in any order, each once.
func some[T any](g generator, n int, from []T) []T {
	out := slices.Clone(from)
	g.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out[:min(len(out), 1+g.IntN(n))]
}

// texts are what goes wrong on the way through quotes, addresses, XML,
// patterns and templates.
var texts = []string{
	"a", "O'Brien", `"quoted"`, `'`, `''`, `\`, `a\b`, `\n`, "%", "100%", "_", "%25", "%s", "[", "]", "[50%]", "(x, y)", "{z}", "a,b", "a=b&c;d",
	"+", "1+1", "#", "?", "/", "<b>&amp;</b>", "]]>", "None", "True", "0", "12", "1.0", " x ", "  ", "tab\there", "line\nbreak",
	"Söhne", "ünïcödé", "日本語", "日", "😀", "é", "İstanbul", "ß", "$1", "{{7*7}}", "--", "'; --", "*", "|", "!", "&",
}

// domain is several conditions, nested, in prefix notation.
func (g generator) domain(model string) []any {
	out := []any{}
	for range g.IntN(4) {
		out = append(out, g.condition(model, 3)...)
	}
	return out
}

// condition is one operand: a leaf, or an operator with its operands.
func (g generator) condition(model string, depth int) []any {
	switch n := g.IntN(10); {
	case depth > 0 && n < 3:
		out := []any{one(g, []string{"&", "|", "|"})}
		return append(append(out, g.condition(model, depth-1)...), g.condition(model, depth-1)...)
	case depth > 0 && n < 4:
		return append([]any{"!"}, g.condition(model, depth-1)...)
	case n == 9 && g.chance(4):
		return []any{[]any{int64(g.IntN(2)), "=", int64(1)}}
	}
	return []any{g.leaf(model, 2)}
}

// leaf is one condition; hops is how many relations it may still follow.
func (g generator) leaf(model string, hops int) []any {
	m := g.models[model]
	links := m.pick(func(f *fieldFacts) bool { return f.searchable && g.models[f.relation] != nil })
	if hops > 0 && len(links) > 0 && g.chance(4) {
		link := one(g, links)
		if g.version >= 17 && g.chance(3) {
			return []any{link.name, one(g, []string{"any", "not any"}), g.condition(link.relation, hops-1)}
		}
		below := g.leaf(link.relation, hops-1)
		return []any{link.name + "." + below[0].(string), below[1], below[2]}
	}
	// display_name is left out: the gateway searches the name in its place.
	f := one(g, m.pick(func(f *fieldFacts) bool {
		return f.searchable && !f.byMethod && f.name != "display_name" && comparable(f.kind)
	}))
	operator, value := g.comparison(m, f)
	return []any{f.name, operator, value}
}

func comparable(kind string) bool {
	switch kind {
	case "char", "text", "html", "selection", "integer", "float", "monetary", "boolean", "date", "datetime",
		"many2one", "one2many", "many2many", "binary":
		return true
	}
	return false
}

var (
	equalities  = []string{"=", "!=", "=", "!=", "in", "not in", "=?"}
	inequality  = []string{"<", ">", "<=", ">="}
	likenesses  = []string{"like", "ilike", "not like", "not ilike", "=like", "=ilike", "ilike", "like"}
	newLikeness = []string{"not =like", "not =ilike"} // from 19 on
)

// comparison is an operator with a value that suits it and the field.
func (g generator) comparison(m *modelFacts, f *fieldFacts) (string, any) {
	switch f.kind {
	case "binary":
		return one(g, []string{"=", "!="}), false
	case "boolean":
		if g.chance(4) {
			return one(g, []string{"in", "not in"}), one(g, []any{[]any{true}, []any{false}, []any{true, false}})
		}
		return one(g, []string{"=", "!="}), g.chance(2)
	case "many2one", "one2many", "many2many":
		return g.relation(f)
	case "char", "text", "html", "selection":
		if n := g.IntN(8); n < 4 {
			operator := one(g, likenesses)
			if g.version >= 19 && g.chance(10) {
				operator = one(g, newLikeness)
			}
			return operator, g.pattern(f, operator)
		} else if n == 4 && f.kind == "char" {
			return one(g, inequality), g.value(f)
		}
	default:
		if g.chance(2) {
			return one(g, inequality), g.value(f)
		}
	}
	operator := one(g, equalities)
	return operator, g.operand(operator, func() any { return g.value(f) })
}

// operand is one value, or a list where the operator takes one. Without a
// value is false.
func (g generator) operand(operator string, value func() any) any {
	if operator != "in" && operator != "not in" {
		if g.chance(4) {
			return false
		}
		return value()
	}
	list := []any{}
	for range g.IntN(4) {
		if v := value(); !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	if g.chance(5) {
		list = append(list, false)
	}
	return list
}

func (g generator) relation(f *fieldFacts) (string, any) {
	id := func() any {
		if len(f.samples) == 0 || g.chance(6) {
			return one(g, []any{int64(1), int64(2), int64(999_999)})
		}
		return one(g, f.samples)
	}
	if to := g.models[f.relation]; to != nil && g.chance(4) {
		if parent := to.fields["parent_id"]; parent != nil && parent.relation == to.name && parent.searchable {
			operator := one(g, []string{"child_of", "parent_of"})
			if g.chance(3) {
				return operator, []any{id(), int64(1)}
			}
			return operator, id()
		}
	}
	operator := one(g, equalities)
	return operator, g.operand(operator, id)
}

// value is one that records have, or one near to it.
func (g generator) value(f *fieldFacts) any {
	sampled := len(f.samples) > 0 && !g.chance(5)
	switch f.kind {
	case "integer":
		if sampled {
			return one(g, f.samples)
		}
		return one(g, []any{int64(0), int64(-1), int64(7), int64(1 << 30)})
	case "float", "monetary":
		if sampled {
			return one(g, f.samples)
		}
		return one(g, []any{0.0, -1.5, int64(3), 1e6, 0.1})
	case "date":
		if sampled {
			return one(g, f.samples)
		}
		return one(g, []any{"2024-02-29", "2026-01-01", "1970-01-01"})
	case "datetime":
		if sampled {
			return one(g, f.samples)
		}
		return one(g, []any{"2024-02-29 23:59:59", "2026-11-21 00:00:00", "2026-01-01"})
	}
	if sampled {
		return one(g, f.samples)
	}
	return one(g, texts)
}

// pattern is a text for an operator of the like family: part of one that
// records have, or any other.
func (g generator) pattern(f *fieldFacts, operator string) any {
	text := one(g, texts)
	if len(f.samples) > 0 && g.chance(2) {
		whole, _ := one(g, f.samples).(string)
		if letters := []rune(whole); len(letters) > 0 {
			from := g.IntN(len(letters))
			text = string(letters[from:min(len(letters), from+1+g.IntN(8))])
		}
		if strings.Contains(operator, "=") {
			text = one(g, []string{"%" + text + "%", text + "%", strings.ToUpper(text) + "_", whole})
		}
	}
	if strings.Contains(operator, "=") {
		// The rules refuse a pattern that ends within an escape.
		text = strings.TrimRight(text, `\`)
	}
	return text
}
