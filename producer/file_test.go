package producer

import (
	"errors"
	"io"
	"os"
	"testing"
)

func TestFileMore(t *testing.T) {
	data := noise(2, 3*fileChunkBytes+100)
	size := int64(len(data))
	for _, tt := range []struct {
		name   string
		off, n int64
		want   []byte
		err    error
	}{
		{"all", 0, -1, data, nil},
		{"all, counted", 0, size, data, nil},
		{"a part", 5, 10, data[5:15], nil},
		{"from the middle to the end", size - 7, -1, data[size-7:], nil},
		{"a whole number of chunks", 100, 2 * fileChunkBytes, data[100 : 100+2*fileChunkBytes], nil},
		{"nothing", 5, 0, nil, nil},
		{"at the end", size, -1, nil, nil},
		{"beyond the end", size + 5, -1, nil, nil},
		{"more than there is", size - 7, 8, data[size-7:], io.ErrUnexpectedEOF},
		{"nothing of what was promised", size + 5, 1, nil, io.ErrUnexpectedEOF},
		{"an offset below 0", -1, 5, nil, os.ErrInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := tempFile(t, data)
			p := File(f, tt.off, tt.n)
			got, err := drain(t, p)
			mustEqual(t, got, tt.want)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			closeProducer(t, p)
			if err := f.Close(); !errors.Is(err, os.ErrClosed) {
				t.Fatalf("the file was not closed: %v", err)
			}
		})
	}
}

// n < 0 means the size at the first use: what is appended later belongs to somebody else.
func TestFileSizeAtFirstUse(t *testing.T) {
	f := tempFile(t, noise(3, fileChunkBytes))
	p := File(f, 0, -1)
	if _, err := f.WriteAt([]byte("seen"), fileChunkBytes); err != nil {
		t.Fatal(err)
	}
	first, err := p.More()
	if len(first) != fileChunkBytes || err != nil {
		t.Fatalf("%d bytes, %v", len(first), err)
	}
	if _, err := f.WriteAt([]byte("late"), fileChunkBytes+4); err != nil {
		t.Fatal(err)
	}
	if rest, err := p.More(); string(rest) != "seen" || err != io.EOF {
		t.Fatalf("%q, %v", rest, err)
	}
	closeProducer(t, p)
}

func TestFileOfNothing(t *testing.T) {
	for _, n := range []int64{-1, 5} {
		p := File(nil, 0, n)
		if _, err := p.More(); !errors.Is(err, os.ErrInvalid) {
			t.Errorf("More of a nil file, n = %d: %v", n, err)
		}
		if err := p.(io.Closer).Close(); !errors.Is(err, os.ErrInvalid) {
			t.Errorf("Close of a nil file: %v", err)
		}
	}
}
