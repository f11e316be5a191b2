package main

import (
	"bytes"
	"math/rand/v2"
	"strings"
)

// letters holds no byte of a CRLF.
const letters = "the quick brown fox jumps over the lazy dog and "

// headers is what header text repeats. Every byte of CRLF CRLF is common in it, but the literal is absent.
const headers = "Host: www.example.org\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
	"Accept-Language: en-GB,en;q=0.5\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Referer: https://www.example.org/articles/2024/11/terminators?page=2\r\n" +
	"Connection: keep-alive\r\n" +
	"Cookie: session=8f14e45fceea167a; theme=dark; consent=analytics-no\r\n" +
	"Cache-Control: max-age=0\r\n" +
	"If-None-Match: \"5d8c72a5edda8d6a\"\r\n" +
	"X-Forwarded-For: 203.0.113.7, 198.51.100.22\r\n"

// sentences are what English text is made of.
var sentences = []string{
	"The mill stands where the river narrows, and its wheel has turned there for longer than anyone can say. ",
	"In spring the water rises to the second stone of the wall, and the miller opens the upper gate. ",
	"Nobody has counted the sacks that went over the bridge in those years, but there must have been thousands. ",
	"When the wind comes from the east, one can hear the stones from the far side of the meadow. ",
	"Her father had taught her to listen to the wheel rather than to look at it. ",
	"A dry summer is worse than a wet one, since no gate will make water that is not there. ",
	"They mended the race with oak and clay, and it has held ever since. ",
	"On Sundays the children set paper boats on the pond and wait to see which of them reaches the weir first. ",
	"The road to the village is shorter by the path through the orchard, if the gate is not locked. ",
	"It was said that the old miller could tell the weight of a sack by the sound that it made on the floor. ",
}

// literal64 is absent from English text, but all its letters are among the most common there.
const literal64 = "the stone in the water is not there on a wall at the other side "

// The boundaries of 16 bytes are absent from header text: one is random, the other made of letters that are everywhere.
const (
	commonBoundary = "\r\n--application-"
	base62Boundary = "\r\n--f7Gq0Lz81XbW"
)

// repeated returns n bytes of s, s, s, …
func repeated(s string, n int) []byte {
	return bytes.Repeat([]byte(s), n/len(s)+1)[:n]
}

// english returns n bytes of sentences in random order.
func english(n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	text := make([]byte, 0, n+200)
	for len(text) < n {
		text = append(text, sentences[r.IntN(len(sentences))]...)
	}
	return text[:n]
}

// linesOf returns n bytes of lines of length bytes each, the end of the line included; the last one may be cut off.
func linesOf(length int, end string, n int) []byte {
	return repeated(string(repeated("payload ", length-len(end)))+end, n)
}

// randomLines returns n bytes of lines whose lengths, the end of the line included, are spread evenly around mean.
func randomLines(mean int, end string, n int, seed uint64) []byte {
	const least = 3
	r := rand.New(rand.NewPCG(seed, 1))
	text := make([]byte, 0, n+2*mean)
	for len(text) < n {
		length := least + r.IntN(2*(mean-least)+1)
		text = append(append(text, repeated("payload ", length-len(end))...), end...)
	}
	return text[:n]
}

// as returns n times the letter a.
func as(n int) string { return strings.Repeat("a", n) }
