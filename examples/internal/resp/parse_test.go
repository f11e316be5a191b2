//go:build linux

package resp

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// TestParseInt compares parseInt with strconv, which takes more: what strconv would not write itself is none.
func TestParseInt(t *testing.T) {
	inputs := []string{"", "-", "+", "0", "-0", "00", "01", "-01", "+1", " 1", "1 ", "1.0", "0x1", "1e3", "１", "--1", "1-", "9223372036854775807",
		"9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551616", "99999999999999999999", "10000000000000000000"}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		n := int64(rng.Uint64()) >> rng.IntN(64)
		s := []byte(strconv.FormatInt(n, 10))
		inputs = append(inputs, string(s))
		s[rng.IntN(len(s))] = "0123456789-+ "[rng.IntN(13)]
		inputs = append(inputs, string(s))
	}
	for _, s := range inputs {
		want, err := strconv.ParseInt(s, 10, 64)
		ok := err == nil && strconv.FormatInt(want, 10) == s
		if !ok {
			want = 0
		}
		if got, gotOK := parseInt([]byte(s)); got != want || gotOK != ok {
			t.Errorf("parseInt(%q) = %d, %v, want %d, %v", s, got, gotOK, want, ok)
		}
	}
}

func TestLineNumber(t *testing.T) {
	for _, c := range []struct {
		in string
		n  int64
		ok bool
	}{{"5\r", 5, true}, {"-1\r", -1, true}, {"5", 0, false}, {"\r", 0, false}, {"", 0, false}, {"5\r\r", 0, false}, {"9223372036854775807\r", math.MaxInt64, true}} {
		if n, ok := lineNumber([]byte(c.in)); n != c.n || ok != c.ok {
			t.Errorf("lineNumber(%q) = %d, %v", c.in, n, ok)
		}
	}
}

func TestIsWord(t *testing.T) {
	for _, c := range []struct {
		in, lower string
		want      bool
	}{{"EX", "ex", true}, {"eX", "ex", true}, {"ex", "ex", true}, {"e", "ex", false}, {"exx", "ex", false}, {"e[", "e{", false}, {"", "", true}, {"E-X", "e-x", true}} {
		if got := isWord([]byte(c.in), c.lower); got != c.want {
			t.Errorf("isWord(%q, %q) = %v", c.in, c.lower, got)
		}
	}
}

// naiveGlob is glob by trying everything. Sets are taken apart by naiveSet.
func naiveGlob(pattern, s string) bool {
	if pattern == "" {
		return s == ""
	}
	switch pattern[0] {
	case '*':
		for i := 0; i <= len(s); i++ {
			if naiveGlob(pattern[1:], s[i:]) {
				return true
			}
		}
		return false
	case '[':
		members, negated, rest := naiveSet(pattern[1:])
		return s != "" && strings.Contains(members, s[:1]) != negated && naiveGlob(rest, s[1:])
	case '\\':
		if len(pattern) > 1 {
			pattern = pattern[1:]
		}
	case '?':
		return s != "" && naiveGlob(pattern[1:], s[1:])
	}
	return s != "" && s[0] == pattern[0] && naiveGlob(pattern[1:], s[1:])
}

// naiveSet lists the members of the set whose inside p begins with, and returns what follows the set.
func naiveSet(p string) (members string, negated bool, rest string) {
	p, negated = strings.CutPrefix(p, "^")
	for p != "" && p[0] != ']' {
		switch {
		case p[0] == '\\' && len(p) > 1:
			members += p[1:2]
			p = p[2:]
		case len(p) > 2 && p[1] == '-':
			for b := 0; b < 256; b++ {
				if byte(b) >= p[0] && byte(b) <= p[2] || byte(b) >= p[2] && byte(b) <= p[0] {
					members += string([]byte{byte(b)})
				}
			}
			p = p[3:]
		default:
			members += p[:1]
			p = p[1:]
		}
	}
	return members, negated, strings.TrimPrefix(p, "]")
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"*", "", true}, {"a", "", false}, {"h?llo", "hello", true}, {"h*llo", "heeeello", true}, {"h[ae]llo", "hallo", true},
		{"h[^e]llo", "hello", false}, {"h[a-b]llo", "hbllo", true}, {"h[b-a]llo", "hallo", true}, {`\*`, "*", true}, {`\*`, "x", false}, {`[\]]`, "]", true},
		{"[]", "a", false}, {"[^]", "a", true}, {"[ab", "b", true}, {"[a-", "-", true}, {`a\`, `a\`, true}, {"*ab", "aab", true}, {"a*b*c", "axbxbxc", true}, {"k[é]", "k", false},
	} {
		if got := glob([]byte(c.pattern), c.s); got != c.want {
			t.Errorf("glob(%q, %q) = %v", c.pattern, c.s, got)
		}
	}
	rng := rand.New(rand.NewPCG(3, 4))
	pick := func(alphabet string, n int) string {
		b := make([]byte, rng.IntN(n))
		for i := range b {
			b[i] = alphabet[rng.IntN(len(alphabet))]
		}
		return string(b)
	}
	for range 100_000 {
		pattern, s := pick(`ab*?[]^-\`, 9), pick(`abc-\]`, 7)
		if got, want := glob([]byte(pattern), s), naiveGlob(pattern, s); got != want {
			t.Fatalf("glob(%q, %q) = %v", pattern, s, got)
		}
	}
}

// TestGlobWork gives glob a pattern on which matching by trying everything takes longer than anybody waits.
func TestGlobWork(t *testing.T) {
	if glob([]byte(strings.Repeat("a*", 50)+"b"), strings.Repeat("a", 10_000)) {
		t.Error("no b is there")
	}
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
		ok   bool
	}{
		{"", nil, true}, {"  \t ", nil, true}, {"a", []string{"a"}, true}, {" a  bc\td ", []string{"a", "bc", "d"}, true},
		{`"a b" 'c d'`, []string{"a b", "c d"}, true}, {`""`, []string{""}, true}, {`'' a`, []string{"", "a"}, true},
		{`"\x00\xfF\xg0\n\r\t\b\a\\\""`, []string{"\x00\xffxg0\n\r\t\b\a\\\""}, true}, {`'\'\n\x'`, []string{`'\n\x`}, true}, {`'\\'`, nil, false},
		{`"`, nil, false}, {`'`, nil, false}, {`"a`, nil, false}, {`"a"b`, nil, false}, {`'a'b`, nil, false}, {`"\"`, nil, false}, {`"a\`, nil, false}, {`'\'`, nil, false},
		{`a"b"`, []string{"ab"}, true}, {`a\b`, []string{`a\b`}, true}, {"a\x00b", []string{"a", "b"}, true}, {`"\x4`, nil, false},
	} {
		var q query
		ok := q.split([]byte(c.in))
		var got []string
		for _, a := range q.arguments(nil) {
			got = append(got, string(a))
		}
		if ok != c.ok || ok && (len(got) != len(c.want) || strings.Join(got, "\x01") != strings.Join(c.want, "\x01")) {
			t.Errorf("%q: %q, %v; want %q, %v", c.in, got, ok, c.want, c.ok)
		}
	}
}
