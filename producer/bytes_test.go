package producer

import (
	"io"
	"slices"
	"testing"
)

// naiveChunks is what simple_producer yields, by asynchat's own words: while data is left, its first chunk bytes.
func naiveChunks(p string, chunk int) []string {
	var chunks []string
	for len(p) > chunk {
		chunks = append(chunks, p[:chunk])
		p = p[chunk:]
	}
	if p != "" {
		chunks = append(chunks, p)
	}
	return chunks
}

func TestBytesChunks(t *testing.T) {
	const text = "hello world\nI'm not dead yet!\n"
	for n := range len(text) + 1 {
		for chunk := 1; chunk <= n+2; chunk++ {
			b := mustBytes(t, text[:n], chunk)
			var got []string
			for {
				p, err := b.More()
				if len(p) > 0 {
					got = append(got, string(p))
				}
				mustCheck(t, b.(*chunked))
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if want := naiveChunks(text[:n], chunk); !slices.Equal(got, want) {
				t.Fatalf("%d bytes in chunks of %d: %q, want %q", n, chunk, got, want)
			}
			if p, err := b.More(); len(p) != 0 || err != io.EOF {
				t.Fatalf("More after the end: %q, %v", p, err)
			}
		}
	}
}

// asynchat loses the data without a word.
func TestBytesRefusesChunkSize(t *testing.T) {
	for _, chunk := range []int{0, -1, -1 << 31} {
		if b, err := Bytes([]byte("data"), chunk); err == nil || b != nil {
			t.Errorf("chunk size %d: %v, %v, want an error", chunk, b, err)
		}
	}
}

// A chunk must not have room into which an append would write over the next one.
func TestBytesChunkCannotGrow(t *testing.T) {
	b := mustBytes(t, "abcdef", 2)
	p, _ := b.More()
	_ = append(p, 'X')
	if p, _ := b.More(); string(p) != "cd" {
		t.Fatalf("second chunk is %q after an append to the first", p)
	}
}
