//go:build linux

package loop

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// readDoc is a file of docs/.
func readDoc(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// section is what stands below a heading of the second level.
func section(t *testing.T, doc, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(doc, "\n## "+heading+"\n")
	if !found {
		t.Fatalf("no section %q", heading)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

// tableRows are the cells of the first table in text, without its head.
func tableRows(t *testing.T, text string) (rows [][]string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			if len(rows) > 0 {
				break
			}
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	if len(rows) < 3 {
		t.Fatalf("no table in %.40q", text)
	}
	return rows[2:]
}

var units = map[string]int64{
	"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
	"ms": int64(time.Millisecond), "s": int64(time.Second), "min": int64(time.Minute),
}

var amountSyntax = regexp.MustCompile(`^([0-9,]+) ?(KiB|MiB|GiB|ms|s|min)?( − 1)?`)

// amount is the number at the beginning of text, with its unit, as the docs write them: "64 KiB", "1,048,576", "2 GiB − 1",
// "10 min".
func amount(text string) (n int64, ok bool) {
	m := amountSyntax.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(m[1], ",", ""), 10, 64)
	n *= units[m[2]]
	if m[3] != "" {
		n--
	}
	return n, err == nil
}

// documentedDefault is what the cell of a default stands for.
func documentedDefault(cell string, o Options) (int64, bool) {
	switch cell {
	case "GOMAXPROCS":
		return int64(runtime.GOMAXPROCS(0)), true
	case "a quarter of `HighWater`":
		return int64(o.HighWater / 4), true
	case "none":
		return 0, true
	case "`CloseOversize`":
		return int64(CloseOversize), true
	case "`CloseOverflow`":
		return int64(CloseOverflow), true
	}
	return amount(cell)
}

// number is the value of a field that holds one.
func number(v reflect.Value) (n int64, ok bool) {
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		return v.Int(), true
	case reflect.Uint8:
		return int64(v.Uint()), true
	}
	return 0, false
}

// Every option that is a number, a time or a policy has a row, which gives its default; every row is of an option.
func TestOptionsOfLimitsDoc(t *testing.T) {
	defaults, err := Options{}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	rows := tableRows(t, section(t, readDoc(t, "limits.md"), "Options"))
	seen := map[string]bool{"Balance": true} // which limits nothing
	for _, row := range rows {
		name := strings.Trim(row[0], "`")
		got, ok := number(reflect.ValueOf(defaults).FieldByName(name))
		if !ok {
			t.Errorf("%s is no option that is a number", name)
			continue
		}
		seen[name] = true
		if want, ok := documentedDefault(row[1], defaults); !ok || got != want {
			t.Errorf("%s has the default %d, and %q in the table", name, got, row[1])
		}
	}
	fields := reflect.TypeFor[Options]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		if _, is := number(reflect.Zero(fields.Field(i).Type)); is && !seen[name] {
			t.Errorf("%s is not in the table", name)
		}
	}
}

// try is what the options say to a value of one field.
func try(name string, n int64) error {
	var o Options
	v := reflect.ValueOf(&o).Elem().FieldByName(name)
	if v.Kind() == reflect.Int && strconv.IntSize == 32 && n != int64(int32(n)) {
		return fmt.Errorf("%w: %s is no int here", ErrOption, name)
	}
	v.SetInt(n)
	_, err := o.withDefaults()
	return err
}

// boundsOf are the least and the greatest value that the cell of a range names, -1 for none; highWater is that of the options.
func boundsOf(cell string, highWater int64) (least, most int64, ok bool) {
	cell, _, _ = strings.Cut(cell, ";")
	cell = strings.ReplaceAll(cell, "`HighWater`", strconv.FormatInt(highWater, 10))
	if rest, is := strings.CutPrefix(cell, "up to "); is {
		most, ok = amount(rest)
		return 0, most, ok
	}
	if rest, is := strings.CutPrefix(cell, "from "); is {
		least, ok = amount(rest)
		return least, -1, ok
	}
	low, high, _ := strings.Cut(cell, " to ")
	least, known := amount(low)
	most, ok = amount(high)
	return least, most, ok && known
}

// What the range of an option names is taken, and what lies beside it is refused with an error that names the option.
func TestRangesOfLimitsDoc(t *testing.T) {
	defaults, err := Options{}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range tableRows(t, section(t, readDoc(t, "limits.md"), "Options")) {
		name, cell := strings.Trim(row[0], "`"), row[2]
		if cell == "" { // a policy
			continue
		}
		takes := func(n int64) {
			if err := try(name, n); err != nil {
				t.Errorf("%s is to take %d: %v", name, n, err)
			}
		}
		refuses := func(n int64) {
			if err := try(name, n); !errors.Is(err, ErrOption) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s is to refuse %d: %v", name, n, err)
			}
		}
		if strings.Contains(cell, "below 0") {
			takes(-1)
		} else {
			refuses(-1)
		}
		least, most, ok := boundsOf(cell, int64(defaults.HighWater))
		if !ok {
			if !strings.HasPrefix(cell, "below 0") {
				t.Errorf("%s has the range %q, which nothing is made of", name, cell)
			}
			continue
		}
		takes(least)
		if least > 1 { // 0 is the default
			refuses(least - 1)
		}
		if most >= 0 {
			takes(most)
			refuses(most + 1)
		}
	}
}

// A time that has to be positive is refused when it is far below 0, also where its milliseconds do not fit an int.
func TestNegativeTimesAreRefused(t *testing.T) {
	for _, d := range []time.Duration{-time.Millisecond, -(1<<32 - 1000) * time.Millisecond, math.MinInt64} {
		for _, name := range []string{"DrainTimeout", "RatePeriod"} {
			if err := try(name, int64(d)); !errors.Is(err, ErrOption) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s of %v: %v", name, d, err)
			}
		}
	}
}

// declaredErrors are the exported errors of a package.
func declaredErrors(t *testing.T, dir string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(dir, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				for _, name := range spec.(*ast.ValueSpec).Names {
					if strings.HasPrefix(name.Name, "Err") {
						names[name.Name] = true
					}
				}
			}
		}
	}
	return names
}

var errorName = regexp.MustCompile("`(Err[A-Z][A-Za-z]*)`")

// Every exported error has a row in its package's table, and every row that names an Err… names one of them; limits.md
// speaks of no others.
func TestErrorsDoc(t *testing.T) {
	doc, known := readDoc(t, "errors.md"), map[string]bool{}
	for _, pkg := range []string{"loop", "match", "ringbuf", "producer"} {
		declared := declaredErrors(t, filepath.Join("..", pkg))
		rows := map[string]bool{}
		for _, row := range tableRows(t, section(t, doc, pkg)) {
			name := strings.Trim(row[0], "`")
			if rows[name] {
				t.Errorf("%s: %s has two rows", pkg, name)
			}
			rows[name] = true
			if !declared[name] && !strings.HasPrefix(name, "io.") {
				t.Errorf("%s: %s has a row, and is no exported error", pkg, name)
			}
		}
		for name := range declared {
			known[name] = true
			if !rows[name] {
				t.Errorf("%s: %s has no row", pkg, name)
			}
		}
	}
	for _, m := range errorName.FindAllStringSubmatch(readDoc(t, "limits.md"), -1) {
		if !known[m[1]] {
			t.Errorf("limits.md speaks of %s, which is no exported error", m[1])
		}
	}
}
