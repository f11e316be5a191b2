//go:build linux

package httpd_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/millrace-net/millrace/examples/internal/httpd"
	"github.com/millrace-net/millrace/loop"
)

// A server in the process of its clients.
func ExampleNew() {
	dir, _ := os.MkdirTemp("", "millrace-")
	defer os.RemoveAll(dir)
	_ = os.WriteFile(dir+"/page.html", []byte("<p>A page</p>"), 0o600)
	root, _ := os.OpenRoot(dir)
	defer root.Close()

	set, err := loop.NewSet(httpd.Options())
	if err != nil {
		panic(err)
	}
	ln, err := set.Listen("tcp", "127.0.0.1:0", httpd.New(httpd.Config{Root: root}))
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- set.Run(ctx) }()

	client := &http.Client{Transport: &http.Transport{}}
	show := func(res *http.Response, err error) {
		if err != nil {
			panic(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		fmt.Println(res.StatusCode, res.Header.Get("Content-Type"), strings.TrimSpace(string(body)))
	}
	url := "http://" + ln.Addr().String()
	show(client.Get(url + "/hello"))
	show(client.Get(url + "/page.html"))
	show(client.Post(url+"/echo", "text/plain", strings.NewReader("Echo!")))
	client.CloseIdleConnections()
	cancel()
	fmt.Println(<-done)
	// Output:
	// 200 text/plain; charset=utf-8 Hello, world!
	// 200 text/html; charset=utf-8 <p>A page</p>
	// 200 application/octet-stream Echo!
	// <nil>
}
