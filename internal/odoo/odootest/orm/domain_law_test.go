package orm

import (
	"math/rand/v2"
	"testing"
)

// leaves that any user may ask of partners; no dates, which stay null.
var leaves = []any{
	list("name", "ilike", "a"), list("vat", "<", "US12345675"), list("vat", "=", false), list("parent_id", "!=", false),
	list("customer_rank", ">", int64(2)), list("category_id", "in", list(int64(7), false)), list("child_ids.name", "ilike", "o"),
	list("country_id.code", "=", "US"), list("id", "child_of", int64(9)), list("is_company", "=", true), list(int64(1), "=", int64(1)),
	list("parent_id", "any", list(list("vat", "ilike", "7"))), list("email", "=ilike", "%example.com"),
}

func randomDomain(r *rand.Rand, depth int) []any {
	if depth == 0 || r.IntN(3) == 0 {
		return list(leaves[r.IntN(len(leaves))])
	}
	switch r.IntN(3) {
	case 0:
		return append(list("!"), randomDomain(r, depth-1)...)
	case 1:
		return append(append(list("&"), randomDomain(r, depth-1)...), randomDomain(r, depth-1)...)
	}
	return append(append(list("|"), randomDomain(r, depth-1)...), randomDomain(r, depth-1)...)
}

func join(operator string, domains ...[]any) []any {
	out := list(operator)
	for _, d := range domains {
		out = append(out, d...)
	}
	return out
}

// Domains of 19 are sets: a negation is the complement, and what is in one of
// two is what is in each, less what is in both.
func TestDomainsAreSets(t *testing.T) {
	p := open(t, 19).as(t, "admin")
	all := p.count("res.partner")
	r := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		a, b := randomDomain(r, 4), randomDomain(r, 4)
		if p.count("res.partner", a...)+p.count("res.partner", join("!", a)...) != all {
			t.Errorf("%s is not the complement of its negation", python(a))
		}
		both, either := p.count("res.partner", join("&", a, b)...), p.count("res.partner", join("|", a, b)...)
		if both+either != p.count("res.partner", a...)+p.count("res.partner", b...) {
			t.Errorf("%s and %s do not add up", python(a), python(b))
		}
		if implied := p.count("res.partner", append(append(list(), a...), b...)...); implied != both {
			t.Errorf("%s %s: the implied & counts %d, the written one %d", python(a), python(b), implied, both)
		}
		if flat := conjunction(conjuncts(join("&", a, b))); p.count("res.partner", flat...) != both {
			t.Errorf("%s means something else than %s and %s", python(flat), python(a), python(b))
		}
	}
}
