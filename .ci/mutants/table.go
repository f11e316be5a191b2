package main

import (
	"fmt"
	"strings"
)

// table is the record: a row for each mutant, without times, so that two runs of the same tree give the same text.
type table struct {
	text  strings.Builder
	rows  int
	count map[string]int
}

// row is how a line of the table is laid out: scenario, result, test, what is taken out.
const row = "%8v  %-12s  %-44s  %s\n"

func (t *table) line(scenario any, result, test, without string) string {
	s := fmt.Sprintf(row, scenario, result, test, without)
	t.text.WriteString(s)
	return s
}

func (t *table) head() string {
	t.count = map[string]int{}
	return t.line("scenario", "result", "test", "without")
}

// add writes the row of an entry.
func (t *table) add(e entry, result string) string {
	t.rows++
	t.count[result]++
	test := strings.Join(append([]string{e.pkg, e.run}, e.flags...), " ")
	return t.line(e.scenario, result, test, e.without)
}

func (t *table) foot() string {
	return t.line("all", fmt.Sprintf("%d of %d", t.count[caught], t.rows), "caught", "")
}
