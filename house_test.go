package main

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

const module = "github.com/caryaledger/carya"

// mayImport says which rooms a room may import; a room is a folder below the root with
// everything in it. Arrows point down only.
var mayImport = map[string][]string{
	"":         {"client", "localnet", "node"}, // main.go
	"types":    {},
	"app":      {"types"},
	"abci":     {"app", "types"},
	"node":     {"abci", "app", "types"},
	"client":   {"types"},
	"localnet": {"client", "types"},
}

// banned are imports that a room must not have: what would let two honest nodes
// differ, or bring in what belongs elsewhere.
var banned = map[string][]string{
	"types": {"os", "net", "net/http", "math/rand", "math/rand/v2", "sync", "log", "log/slog", "runtime", "unsafe", "github.com/cometbft/cometbft", "github.com/cosmos/iavl"},
	"app":   {"os", "net", "net/http", "math/rand", "math/rand/v2", "sync", "log", "log/slog", "runtime", "unsafe", "github.com/cometbft/cometbft", "github.com/libp2p/go-libp2p"},
}

// onlyImporter says which folder alone may import a module.
var onlyImporter = map[string]string{
	"github.com/cosmos/iavl": module + "/app/store",
}

func loadHouse(t *testing.T) []*packages.Package {
	t.Helper()
	if testing.Short() {
		t.Skip("reads and type-checks the whole tree")
	}
	list, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo,
	}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		for _, e := range p.Errors {
			t.Errorf("%s: %v", p.PkgPath, e)
		}
	}
	return list
}

func roomOf(path string) string {
	room, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(path, module), "/"), "/")
	return room
}

// within reports whether an import path is a module or lies in it.
func within(path, module string) bool { return path == module || strings.HasPrefix(path, module+"/") }

// inventive is what makes up messages for tests and load. No rule runs it: it may draw
// numbers, from a seed.
const inventive = module + "/types/ceb/generate"

func TestHouse(t *testing.T) {
	for _, p := range loadHouse(t) {
		checkImports(t, p)
		checkDoc(t, p)
		if pure(p.PkgPath) {
			checkPure(t, p)
		}
	}
}

func checkImports(t *testing.T, p *packages.Package) {
	room := roomOf(p.PkgPath)
	allowed, known := mayImport[room]
	if !known {
		t.Errorf("%s: room %q is not in the house; add it to mayImport if it belongs there", p.PkgPath, room)
	}
	for path := range p.Imports {
		if to := roomOf(path); within(path, module) && to != room && !slices.Contains(allowed, to) {
			t.Errorf("%s imports %s: %q may import %v", p.PkgPath, path, room, allowed)
		}
		for _, no := range banned[room] {
			if pure(p.PkgPath) && within(path, no) {
				t.Errorf("%s imports %s: not in %q", p.PkgPath, path, room)
			}
		}
		for owned, by := range onlyImporter {
			if within(path, owned) && p.PkgPath != by {
				t.Errorf("%s imports %s: only %s may", p.PkgPath, path, by)
			}
		}
	}
}

// checkDoc wants one package comment, which says what the package is for.
func checkDoc(t *testing.T, p *packages.Package) {
	n := 0
	for _, f := range p.Syntax {
		if f.Doc != nil && strings.TrimSpace(f.Doc.Text()) != "" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%s: %d package comments, want one", p.PkgPath, n)
	}
}

// pure are the packages in which two honest nodes must not be able to differ. The
// store below app keeps files and locks; what it computes is checked by its own tests.
func pure(path string) bool {
	room := roomOf(path)
	return (room == "types" || room == "app") && path != module+"/app/store" && path != inventive
}

func checkPure(t *testing.T, p *packages.Package) {
	for _, f := range p.Syntax {
		ast.Inspect(f, func(n ast.Node) bool {
			if why := impurity(p, n); why != "" {
				t.Errorf("%s: %s", p.Fset.Position(n.Pos()), why)
			}
			return true
		})
	}
}

// impurity says why a piece of code could make honest nodes differ, "" if it cannot.
func impurity(p *packages.Package, n ast.Node) string {
	switch n := n.(type) {
	case *ast.GoStmt:
		return "a goroutine"
	case *ast.SelectStmt:
		return "a select"
	case *ast.RangeStmt:
		if isMap(p.TypesInfo.TypeOf(n.X)) {
			return "iterates over a map"
		}
	case *ast.BasicLit:
		if n.Kind == token.FLOAT {
			return "a float"
		}
	case *ast.Ident:
		return impureName(p, n)
	}
	return ""
}

func isMap(t types.Type) bool {
	if t == nil {
		return false
	}
	_, ok := t.Underlying().(*types.Map)
	return ok
}

func impureName(p *packages.Package, id *ast.Ident) string {
	obj := p.TypesInfo.Uses[id]
	if obj == nil || obj.Pkg() == nil && obj.Name() != "float64" && obj.Name() != "float32" {
		return ""
	}
	if obj.Pkg() == nil {
		return "a float"
	}
	if obj.Pkg().Path() == "time" {
		switch obj.Name() {
		case "Now", "Since", "Until", "Sleep", "After", "Tick", "NewTimer", "NewTicker", "AfterFunc", "Local":
			return "reads a clock: time." + obj.Name()
		}
	}
	return ""
}
