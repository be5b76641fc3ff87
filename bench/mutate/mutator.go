package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// mutant is one mistake.
type mutant struct {
	id   int
	file string
	line int
	what string
}

// mutator rewrites the files of a package with every mistake in them, each
// behind a switch.
type mutator struct {
	pkg     *loaded
	mutants []mutant
	source  []byte
	start   token.Pos // of the file that is being rewritten
	keep    map[ast.Node]bool
}

// comparisons are what each comparison may be mistaken for.
var comparisons = map[token.Token][]token.Token{
	token.LSS: {token.LEQ, token.GEQ}, token.LEQ: {token.LSS, token.GTR},
	token.GTR: {token.GEQ, token.LEQ}, token.GEQ: {token.GTR, token.LSS},
	token.EQL: {token.NEQ}, token.NEQ: {token.EQL},
}

var arithmetic = map[token.Token]token.Token{
	token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL,
}

// file returns the text of a file with its mistakes.
func (m *mutator) file(i int, f *ast.File) string {
	m.source, m.start, m.keep = m.pkg.source[i], m.pkg.fset.File(f.Pos()).Pos(0), map[ast.Node]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ForStmt:
			m.keep[n.Post] = true // takes no if
		case *ast.GenDecl:
			return n.Tok == token.VAR
		case *ast.DeferStmt:
			m.keep[n.Call] = true
		case *ast.GoStmt:
			m.keep[n.Call] = true
		}
		return true
	})
	return m.text(f)
}

// text is the text of a node with the mistakes in everything below it.
func (m *mutator) text(n ast.Node) string {
	var out strings.Builder
	at := n.Pos()
	if f, ok := n.(*ast.File); ok {
		at = f.FileStart
	}
	end := n.End()
	if f, ok := n.(*ast.File); ok {
		end = f.FileEnd
	}
	ast.Inspect(n, func(child ast.Node) bool {
		if child == nil || child == n {
			return true
		}
		if g, ok := child.(*ast.GenDecl); ok && g.Tok != token.VAR {
			return false
		}
		if child.Pos() < at {
			return true
		}
		replaced, ok := m.mutate(child)
		if ok {
			out.Write(m.raw(at, child.Pos()))
			out.WriteString(replaced)
			at = child.End()
			return false
		}
		return true
	})
	out.Write(m.raw(at, end))
	return out.String()
}

func (m *mutator) raw(from, to token.Pos) []byte { return m.source[from-m.start : to-m.start] }

func (m *mutator) plain(n ast.Node) string { return string(m.raw(n.Pos(), n.End())) }

// mutate returns the text of a node with its own mistakes; ok is false where
// it has none.
func (m *mutator) mutate(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		return m.binary(n)
	case *ast.IfStmt:
		return "", false
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			return m.choice(n, "bool", []string{m.plain(n.X)})
		}
	case *ast.Ident:
		if v := m.pkg.info.Types[n]; (n.Name == "true" || n.Name == "false") && v.IsValue() && basic(v.Type) {
			return m.choice(n, "bool", []string{"!" + n.Name})
		}
	case *ast.ExprStmt:
		call, ok := n.X.(*ast.CallExpr)
		if !ok || m.keep[call] || strings.HasPrefix(m.plain(n), "panic(") {
			return "", false
		}
		id := m.add(n, "without "+brief(m.plain(n)))
		return fmt.Sprintf("if !mutated(%d) { %s }", id, m.text(n)), true
	case *ast.IncDecStmt:
		if m.keep[n] {
			return "", false
		}
		other := map[token.Token]string{token.INC: "--", token.DEC: "++"}[n.Tok]
		id := m.add(n, m.plain(n)+" becomes "+other)
		return fmt.Sprintf("if mutated(%d) { %s%s } else { %s }", id, m.plain(n.X), other, m.text(n)), true
	}
	return "", false
}

func (m *mutator) binary(n *ast.BinaryExpr) (string, bool) {
	v := m.pkg.info.Types[n]
	if v.Value != nil || v.Type == nil {
		return "", false // a constant stays one
	}
	x, y := m.plain(n.X), m.plain(n.Y)
	var others []string
	switch {
	case n.Op == token.LAND, n.Op == token.LOR:
		swap := map[token.Token]string{token.LAND: "||", token.LOR: "&&"}[n.Op]
		others = []string{x + " " + swap + " " + y, x, y}
	case comparisons[n.Op] != nil:
		for _, op := range comparisons[n.Op] {
			others = append(others, x+" "+op.String()+" "+y)
		}
	case arithmetic[n.Op] != 0:
		b, ok := v.Type.Underlying().(*types.Basic)
		if !ok || b.Info()&types.IsNumeric == 0 {
			return "", false
		}
		name := types.TypeString(v.Type, func(p *types.Package) string {
			if p == m.pkg.types {
				return ""
			}
			return p.Name()
		})
		if strings.Contains(name, "untyped") {
			return "", false
		}
		return m.choice(n, name, []string{x + " " + arithmetic[n.Op].String() + " " + y})
	default:
		return "", false
	}
	if !basic(v.Type) {
		return "", false
	}
	return m.choice(n, "bool", others)
}

// basic tells whether a type is bool itself.
func basic(t types.Type) bool {
	b, ok := t.(*types.Basic)
	return ok && b.Info()&types.IsBoolean != 0
}

// choice is an expression of that type which is one of the others where its
// switch is on.
func (m *mutator) choice(n ast.Expr, kind string, others []string) (string, bool) {
	if v := m.pkg.info.Types[n]; v.Value != nil && kind == "bool" {
		if _, ident := n.(*ast.Ident); !ident {
			return "", false
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "func() %s {", kind)
	for _, other := range others {
		fmt.Fprintf(&b, " if mutated(%d) { return %s };", m.add(n, brief(m.plain(n))+" becomes "+brief(other)), other)
	}
	fmt.Fprintf(&b, " return %s }()", m.text(n))
	return b.String(), true
}

func (m *mutator) add(n ast.Node, what string) int {
	at := m.pkg.fset.Position(n.Pos())
	id := len(m.mutants) + 1
	m.mutants = append(m.mutants, mutant{id: id, file: at.Filename, line: at.Line, what: what})
	return id
}

func brief(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 90 {
		return s[:90] + "…"
	}
	return s
}
