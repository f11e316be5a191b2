//go:build linux

package httpd

import (
	"errors"
	"html"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/millrace-net/millrace/loop"
)

// maxListed is the most entries of a directory that are listed; the list says if there are more.
const maxListed = 2000

const indexName = "index.html"

// serveDirectory answers with the index of a directory, or lists it. It owns f.
func (w *worker) serveDirectory(c *loop.Conn, f *os.File, name string) error {
	defer f.Close()
	within := name
	if within != "" {
		within += "/"
	}
	index, info, status := open(w.cfg.Root, within+indexName)
	switch {
	case status == 0 && info.Mode().IsRegular():
		return w.sendFile(c, index, info, indexName)
	case status == 0:
		_ = index.Close()
	case status != 404:
		return w.text(c, status, "", "")
	}
	return w.list(c, f, within)
}

// list answers with the names in the directory f. within is its name below the root, with a slash at its end
// unless it is the root.
func (w *worker) list(c *loop.Conn, f *os.File, within string) error {
	entries, err := f.ReadDir(maxListed + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return w.text(c, 500, "", "")
	}
	more := len(entries) > maxListed
	entries = entries[:min(len(entries), maxListed)]
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })

	title := "Index of /" + escapeHTML(within)
	page := []byte("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>" + title + "</title></head>\n" +
		"<body><h1>" + title + "</h1>\n<ul>\n")
	if within != "" {
		page = append(page, "<li><a href=\"../\">../</a></li>\n"...)
	}
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() {
			name += "/"
		}
		page = append(page, "<li><a href=\""...)
		page = appendEscaped(page, name) // a colon is escaped, so no name is taken for a scheme
		page = append(page, "\">"...)
		page = append(page, escapeHTML(name)...)
		page = append(page, "</a></li>\n"...)
	}
	page = append(page, "</ul>\n"...)
	if more {
		page = append(page, "<p>There are more.</p>\n"...)
	}
	page = append(page, "</body></html>\n"...)

	w.begin(200)
	w.field("Content-Type", contentType(indexName))
	w.number("Content-Length", int64(len(page)))
	w.end()
	if w.req.method != methodHead {
		w.buf = append(w.buf, page...)
	}
	return w.send(c)
}

func escapeHTML(name string) string { return html.EscapeString(strings.ToValidUTF8(name, "\uFFFD")) }
