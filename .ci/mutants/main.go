// Mutants takes the protections of the scenarios out, one at a time, and demands that the test of the scenario then
// fails.
//
// An entry says what is taken out, by an exact text and what stands there instead, and which test has to notice. The
// test is run as the tree is, and has to pass; then with the change, laid over the tree by go's -overlay, and has to
// fail. A change that does not build shows nothing, and ends the run like one that survives. Nothing is written to
// the tree but the record.
//
//	make mutants                         # all of it, half an hour; writes docs/mutants.txt
//	make mutants ARGS='-scenario 5'      # one scenario; -v shows what the tests say
//	make mutants ARGS=-check             # whether every text is still there, in a second
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("mutants: ")
	root := flag.String("root", "../..", "the project's `directory`")
	scenario := flag.Int("scenario", 0, "the `number` of the only scenario to run; 0 is all")
	check := flag.Bool("check", false, "run nothing, see only that each text occurs once")
	record := flag.String("record", "", "the `file` for the table")
	verbose := flag.Bool("v", false, "show what the failing tests say")
	flag.Parse()

	dir, err := filepath.Abs(*root)
	if err != nil {
		log.Fatal(err)
	}
	entries, err := load(".", *scenario)
	if err != nil {
		log.Fatal(err)
	}
	if *check {
		err = checkAll(dir, entries)
	} else {
		err = runAll(dir, entries, *record, *verbose)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// load reads the entries of all files of a directory, those of one scenario if it is not 0, in the order of scenarios.
func load(dir string, scenario int) ([]entry, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, err
	}
	var all []entry
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		entries, err := parse(name, string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
	}
	all = slices.DeleteFunc(all, func(e entry) bool { return scenario != 0 && e.scenario != scenario })
	if len(all) == 0 {
		return nil, fmt.Errorf("no entry for scenario %d", scenario)
	}
	slices.SortStableFunc(all, func(a, b entry) int { return a.scenario - b.scenario })
	return all, nil
}

// checkAll sees that each change can be made.
func checkAll(root string, entries []entry) error {
	for _, e := range entries {
		if _, err := e.mutate(root); err != nil {
			return err
		}
	}
	fmt.Printf("%d mutants, each of their texts is there\n", len(entries))
	return nil
}

// runAll runs the entries one after another, prints a row for each as it comes, and writes the record when all are
// done.
func runAll(root string, entries []entry, record string, verbose bool) error {
	work, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	r := runner{root: root, work: work, built: map[string]string{}, sound: map[string]string{}, verbose: verbose}
	var t table
	fmt.Print(t.head())
	bad := 0
	for _, e := range entries {
		result := r.run(e)
		if result != caught {
			bad++
		}
		fmt.Print(t.add(e, result))
	}
	fmt.Print(t.foot())
	if record != "" {
		if err := os.WriteFile(record, []byte(t.text.String()), 0o644); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d were not caught", bad, len(entries))
	}
	return nil
}
