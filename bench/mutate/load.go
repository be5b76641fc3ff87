package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// loaded is a package with its types.
type loaded struct {
	path   string // import path
	dir    string
	name   string
	fset   *token.FileSet
	files  []*ast.File
	names  []string // of files, absolute
	source [][]byte
	info   *types.Info
	types  *types.Package
}

// load reads the one package that a pattern names.
func load(pattern string) (*loaded, error) {
	list, err := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export,DepOnly,Dir,Name,GoFiles", pattern).Output()
	if err != nil {
		return nil, fmt.Errorf("go list %s: %w", pattern, err)
	}
	exports := map[string]string{}
	p := &loaded{fset: token.NewFileSet()}
	for dec := json.NewDecoder(strings.NewReader(string(list))); ; {
		var entry struct {
			ImportPath, Export, Dir, Name string
			DepOnly                       bool
			GoFiles                       []string
		}
		if err := dec.Decode(&entry); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		exports[entry.ImportPath] = entry.Export
		if entry.DepOnly {
			continue
		}
		if p.path != "" {
			return nil, errors.New("name one package")
		}
		p.path, p.dir, p.name = entry.ImportPath, entry.Dir, entry.Name
		for _, name := range entry.GoFiles {
			p.names = append(p.names, filepath.Join(entry.Dir, name))
		}
	}
	for _, name := range p.names {
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(p.fset, name, source, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		p.files, p.source = append(p.files, file), append(p.source, source)
	}
	p.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	conf := types.Config{Importer: importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
	p.types, err = conf.Check(p.path, p.fset, p.files, p.info)
	return p, err
}
