//go:build linux

package main

import (
	"os"
	"path/filepath"

	"github.com/cespare/xxhash/v2"
)

// programs are the servers, in the order in which they are told of.
var programs = []struct {
	name     string
	services int
	args     func(w *world) []string
}{
	{"demo", 3, func(*world) []string {
		return []string{"-http", "127.0.0.1:0", "-resp", "127.0.0.1:0", "-chat", "127.0.0.1:0"}
	}},
	{"httpd", 1, func(w *world) []string { return []string{"-addr", "127.0.0.1:0", "-dir", w.files} }},
	{"resp", 1, func(*world) []string { return []string{"-addr", "127.0.0.1:0"} }},
	{"chat", 1, func(*world) []string { return []string{"-addr", "127.0.0.1:0"} }},
	{"smtpd", 1, func(w *world) []string {
		return []string{"-addr", "127.0.0.1:0", "-dir", w.mail, "-cert", w.cert.certFile, "-key", w.cert.keyFile}
	}},
	{"ftp", 1, func(w *world) []string { return []string{"-addr", "127.0.0.1:0", "-dir", w.files, "-write"} }},
}

// world is what the servers serve, and where it is.
type world struct {
	dir, temp, files, mail string
	cert                   *certificate // of smtpd
	contents               []content    // immutable
}

// content is a file that is served.
type content struct {
	name string
	data []byte
	hash uint64
}

// fileSizes are around what a server pushes at once, and what it sends by sendfile(2).
var fileSizes = []int{0, 1, 1000, 16 << 10, 64<<10 + 1, 300_000, 2 << 20}

// newWorld makes the directories.
func newWorld() (*world, error) {
	dir, err := os.MkdirTemp("", "millrace-soak-")
	if err != nil {
		return nil, err
	}
	w := &world{dir: dir, temp: filepath.Join(dir, "temp"), files: filepath.Join(dir, "files"), mail: filepath.Join(dir, "mail")}
	for _, d := range []string{w.temp, w.files, w.mail} {
		if err := os.Mkdir(d, 0o755); err != nil {
			return nil, err
		}
	}
	if w.cert, err = newCertificate(dir); err != nil {
		return nil, err
	}
	for i, size := range fileSizes {
		c := content{name: "file" + string(rune('0'+i)), data: binary[i*1000:][:size]}
		c.hash = xxhash.Sum64(c.data)
		w.contents = append(w.contents, c)
		if err := os.WriteFile(filepath.Join(w.files, c.name), c.data, 0o644); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// startServers starts all of them.
func (w *world) startServers(bin string) (all []*server, err error) {
	for _, p := range programs {
		s, err := startServer(bin, p.name, w.temp, p.services, p.args(w)...)
		if err != nil {
			return all, err
		}
		all = append(all, s)
	}
	return all, nil
}
