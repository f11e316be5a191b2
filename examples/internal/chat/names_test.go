//go:build linux

package chat

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Against a set and a sort.
func TestNames(t *testing.T) {
	const most = 5
	random := rand.New(rand.NewPCG(1, 2))
	model := map[string]bool{}
	var n names
	for step := range 5000 {
		name := fmt.Sprintf("n%d", random.IntN(12))
		if random.IntN(2) == 0 {
			if err := n.claim(name); (err != nil) != model[name] {
				t.Fatalf("step %d: claim %s: %v, model says taken: %t", step, name, err, model[name])
			}
			model[name] = true
		} else {
			n.release(name)
			delete(model, name)
		}
		if err := n.check(); err != nil {
			t.Fatal(err)
		}
		var all []string
		for name := range model {
			all = append(all, name)
		}
		slices.Sort(all)
		want := fmt.Sprintf("%d here: %s", len(all), strings.Join(all[:min(most, len(all))], ", "))
		if len(all) > most {
			want += ", ..."
		}
		if got := string(n.appendList(nil, most)); got != want {
			t.Fatalf("step %d: %q, want %q", step, got, want)
		}
	}
}
