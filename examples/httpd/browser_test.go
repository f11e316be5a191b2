//go:build linux

package main

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/millrace-net/millrace/examples/internal/clienttest"
)

// page loads a style, a script, an image, /hello and /echo, and writes what it got into its body.
const page = `<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>A page</title>
<link rel="stylesheet" href="style.css">
<script type="module" src="script.mjs"></script>
</head><body><img id="image" src="dot.png"><p id="out">nothing yet</p></body></html>
`

const script = `
const image = document.getElementById("image");
await image.decode();
const hello = await (await fetch("/hello")).text();
const body = "x".repeat(200000) + "end";
const echo = await (await fetch("/echo", {method: "POST", body})).text();
const part = await fetch("/script.mjs", {headers: {Range: "bytes=1-5"}});
const results = await Promise.all(Array.from({length: 50}, (_, i) => fetch("/style.css?" + i).then(r => r.status)));
document.getElementById("out").textContent = [
  "image " + image.naturalWidth, hello.trim(), "echo " + (echo === body),
  "range " + part.status + " " + await part.text(),
  "styled " + getComputedStyle(document.body).color, "fetched " + results.filter(s => s === 200).length,
  "none " + (await fetch("/none")).status,
].join("; ");
`

// dot is a PNG of one pixel.
const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="

// TestChromium has a browser show a page of the server.
func TestChromium(t *testing.T) {
	chromium := clienttest.Client(t, "chromium")
	image, err := base64.StdEncoding.DecodeString(dot)
	if err != nil {
		t.Fatal(err)
	}
	dir := site(t, map[string][]byte{
		"index.html": []byte(page), "script.mjs": []byte(script), "dot.png": image,
		"style.css": []byte("body { color: rgb(1, 2, 3) }"),
	})
	addr, stop := clienttest.Start(t, clienttest.Binary(t, "."), "-dir", dir)
	dom := clienttest.Run(t, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--no-first-run", "--user-data-dir="+t.TempDir(),
		"--virtual-time-budget=20000", "--dump-dom", "http://"+addr+"/")
	const want = "image 1; Hello, world!; echo true; range 206 const; styled rgb(1, 2, 3); fetched 50; none 404"
	if !strings.Contains(dom, want) {
		t.Errorf("the page lacks %q:\n%s", want, dom)
	}
	stop()
}
