package node

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// ReadConfig reads a config.toml and checks it. Keys that are absent have their default;
// a key that is not known is an error.
func ReadConfig(file string) (*Config, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w (make a home directory with `carya init`)", err)
	}
	c := DefaultConfig()
	if err := c.decode(string(data)); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return c, nil
}

// decode puts what the TOML says over what the configuration has.
func (c *Config) decode(text string) error {
	md, err := toml.Decode(text, c)
	if err != nil {
		return err
	}
	if unknown := md.Undecoded(); len(unknown) > 0 {
		return unknownKey(unknown...)
	}
	return nil
}

// withheld are keys and sections that people look for and will not find.
var withheld = map[string]string{
	"create_empty_blocks":          "it is always true: with the application's own pool the chain stops without empty blocks; set consensus.timeout_commit for the idle pace",
	"create_empty_blocks_interval": "with the application's own pool the chain stops when it waits for transactions; set consensus.timeout_commit for the idle pace",
	"skip_timeout_commit":          "it keeps every processor busy with empty blocks; set consensus.timeout_commit",
	"pex":                          "peers are named in p2p.peers; strangers are not asked for more",
	"seeds":                        "peers are named in p2p.peers; strangers are not asked for more",
	"libp2p":                       "CometBFT's libp2p transport admits any peer of any chain, so it is not offered",
	"lp2p":                         "CometBFT's libp2p transport admits any peer of any chain, so it is not offered",
	"adaptive_sync":                "a validator that uses it can be made to sign two blocks of one height",
	"max_tx_bytes":                 "it is the same on all nodes, because a peer that sends a larger transaction is dropped",
	"max_batch_bytes":              "it is the same on all nodes, because a peer that sends a larger batch is dropped",
	"indexer":                      "the journal and the read model are the indexes",
}

// unknownKey is the error about keys that the configuration does not have.
func unknownKey(keys ...toml.Key) error {
	for _, key := range keys {
		for _, part := range key {
			if why, ok := withheld[part]; ok {
				return fmt.Errorf("key %q is not offered: %s", key, why)
			}
		}
	}
	name := keys[0].String()
	return fmt.Errorf("key %q is not known; did you mean %q?", name, nearestKey(name))
}

// Set gives one key a value, as the command line does: Set("p2p.listen=127.0.0.1:7000").
// Lists are separated by commas.
func (c *Config) Set(assignment string) error {
	key, value, ok := strings.Cut(assignment, "=")
	if !ok {
		return fmt.Errorf("%q is not key=value", assignment)
	}
	key = strings.TrimSpace(key)
	var field reflect.Value
	eachKey(reflect.ValueOf(c).Elem(), "", func(name string, v reflect.Value, _ string) {
		if name == key {
			field = v
		}
	})
	if !field.IsValid() {
		return unknownKey(toml.Key(strings.Split(key, ".")))
	}
	if err := c.decode(key + " = " + literal(field, value)); err != nil {
		return fmt.Errorf("%s: %w", assignment, err)
	}
	return nil
}

// literal writes the command line's value as TOML for a field of that type.
func literal(field reflect.Value, value string) string {
	switch field.Interface().(type) {
	case string, time.Duration:
		return strconv.Quote(value)
	case []string:
		if value == "" {
			return "[]"
		}
		return quoteAll(strings.Split(value, ","))
	}
	return value
}

func quoteAll(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = strconv.Quote(strings.TrimSpace(s))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// eachKey calls f for every key of the configuration with its field and the struct and
// field name that its comment stands under.
func eachKey(v reflect.Value, prefix string, f func(key string, field reflect.Value, comment string)) {
	for i := range v.NumField() {
		t := v.Type().Field(i)
		key := prefix + t.Tag.Get("toml")
		if t.Type.Kind() == reflect.Struct {
			eachKey(v.Field(i), key+".", f)
			continue
		}
		f(key, v.Field(i), v.Type().Name()+"."+t.Name)
	}
}

// nearestKey is the known key that differs least.
func nearestKey(key string) (nearest string) {
	best := -1
	eachKey(reflect.ValueOf(Config{}), "", func(known string, _ reflect.Value, _ string) {
		if d := distance(key, known); best < 0 || d < best {
			nearest, best = known, d
		}
	})
	return nearest
}

// distance is Levenshtein's: insertions, deletions and replacements between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Encode writes the configuration as TOML with its manual.
func (c *Config) Encode() []byte {
	comments := configComments()
	var b strings.Builder
	writeComment(&b, "The configuration of a Carya node. A key that is absent has the default value; a key\nthat is not known is an error.")
	section := ""
	eachKey(reflect.ValueOf(*c), "", func(key string, field reflect.Value, comment string) {
		if s, _, ok := strings.Cut(key, "."); ok && s != section {
			section = s
			b.WriteByte('\n')
			structName, _, _ := strings.Cut(comment, ".")
			writeComment(&b, sectionManual(comments[structName]))
			fmt.Fprintf(&b, "[%s]\n", section)
		}
		if text := comments[comment]; text != "" {
			b.WriteByte('\n')
			writeComment(&b, text)
		}
		fmt.Fprintf(&b, "%s = %s\n", key[strings.LastIndex(key, ".")+1:], encodeValue(field))
	})
	return []byte(b.String())
}

// sectionManual turns a struct's comment, "P2PConfig is how …", into a section's.
func sectionManual(comment string) string {
	_, text, _ := strings.Cut(comment, " ")
	text = strings.TrimPrefix(text, "is ")
	return strings.ToUpper(text[:1]) + text[1:]
}

func writeComment(b *strings.Builder, text string) {
	for line := range strings.Lines(strings.TrimSpace(text)) {
		fmt.Fprintf(b, "# %s\n", strings.TrimRight(line, "\n"))
	}
}

func encodeValue(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case string:
		return strconv.Quote(x)
	case time.Duration:
		return strconv.Quote(shortDuration(x))
	case []string:
		return quoteAll(x)
	}
	return fmt.Sprint(v.Interface())
}

// shortDuration writes 1m instead of 1m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// configComments reads the comments of the configuration's structs and fields from the
// source, which is part of the program.
func configComments() map[string]string {
	comments := map[string]string{}
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", configSource, parser.ParseComments)
	if err != nil {
		panic(err) // the compiler has read the same file
	}
	for _, d := range file.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok || decl.Tok != token.TYPE {
			continue
		}
		spec := decl.Specs[0].(*ast.TypeSpec)
		comments[spec.Name.Name] = decl.Doc.Text()
		fields, ok := spec.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, f := range fields.Fields.List {
			for _, name := range f.Names {
				comments[spec.Name.Name+"."+name.Name] = f.Doc.Text()
			}
		}
	}
	return comments
}
