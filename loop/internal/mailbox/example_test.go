package mailbox_test

import (
	"fmt"

	"github.com/millrace-net/millrace/loop/internal/mailbox"
)

// Two messages of one batch wake the reader once.
func Example() {
	box := mailbox.New[string](100, 1<<20, func() { fmt.Println("wake") })
	_ = box.Put("first", []byte("some bytes"))
	_ = box.Put("second", nil)
	box.Take()
	for {
		item, ok := box.Next()
		if !ok {
			break
		}
		fmt.Printf("%s %q\n", item.Value, item.Data)
	}
	// Output:
	// wake
	// first "some bytes"
	// second ""
}
