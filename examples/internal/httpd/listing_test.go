//go:build linux

package httpd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDirectory(t *testing.T) {
	root, dir := tree(t, map[string]string{
		"d/<b>&\"'.txt": "", "d/a:b": "", "d/sub/x": "", "d/\xff": "", "d/evil.example/x": "", "full/index.html/x": "",
	})
	r := newRig(t, Config{Root: root})
	got := ask(t, r, "GET", "/d/")
	page := string(got.body)
	for _, want := range []string{
		"<title>Index of /d/</title>", `<a href="../">../</a>`, `<a href="sub/">sub/</a>`, `<a href="a%3Ab">a:b</a>`,
		`<a href="%3Cb%3E%26%22%27.txt">&lt;b&gt;&amp;&#34;&#39;.txt</a>`, "<a href=\"%FF\">\uFFFD</a>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the list lacks %s", want)
		}
	}
	if got.status != 200 || got.header.Get("Content-Type") != contentType(indexName) || strings.Count(page, "<li>") != 6 {
		t.Errorf("%d %v\n%s", got.status, got.header, page)
	}
	head := ask(t, r, "HEAD", "/d/")
	if head.header.Get("Content-Length") != fmt.Sprint(len(page)) || len(head.body) != 0 {
		t.Errorf("HEAD: %v", head.header)
	}
	if top := string(ask(t, r, "GET", "/").body); !strings.Contains(top, `href="d/"`) || strings.Contains(top, "../") {
		t.Errorf("the root: %s", top)
	}
	if full := ask(t, r, "GET", "/full/"); full.status != 200 || !strings.Contains(string(full.body), "index.html/") {
		t.Errorf("an index that is a directory: %d %s", full.status, full.body)
	}
	for target, location := range map[string]string{
		"/d": "/d/", "/d?q=1": "/d/?q=1", "//d/evil.example": "/d/evil.example/", "/d/%65vil.example": "/d/evil.example/",
	} {
		got := ask(t, r, "GET", target)
		if got.status != 301 || got.header.Get("Location") != location {
			t.Errorf("%s: %d to %q, want %q", target, got.status, got.header.Get("Location"), location)
		}
	}
	for i := range maxListed {
		if err := os.WriteFile(filepath.Join(dir, "d/sub", fmt.Sprint(i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if long := string(ask(t, r, "GET", "/d/sub/").body); strings.Count(long, "<li>") != maxListed+1 ||
		!strings.Contains(long, "There are more.") {
		t.Errorf("a long list has %d lines", strings.Count(long, "<li>"))
	}
}
