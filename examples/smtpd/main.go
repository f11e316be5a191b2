//go:build linux

// Smtpd is an SMTP server that takes mail for everybody and keeps each message as a file, or drops it: what to send to from a
// program that is being tested. See package examples/internal/smtpd for what it understands.
//
//	go run ./examples/smtpd -addr 127.0.0.1:2525 -dir /tmp/mail
//	swaks --server 127.0.0.1:2525 --to you@example.org
//	curl smtp://127.0.0.1:2525 --mail-from me@example.org --mail-rcpt you@example.org -T README.md
//
// With a certificate it has STARTTLS:
//
//	go run ./examples/smtpd -addr 127.0.0.1:2525 -cert cert.pem -key key.pem
//	curl --ssl-reqd --cacert cert.pem smtp://localhost:2525 --mail-from me@x.org --mail-rcpt you@x.org -T README.md
package main

import (
	"crypto/tls"
	"flag"

	"github.com/millrace-net/millrace/examples/internal/app"
	"github.com/millrace-net/millrace/examples/internal/smtpd"
)

func main() {
	var f app.Flags
	f.Register(flag.CommandLine, "127.0.0.1:2525")
	var cfg smtpd.Config
	flag.StringVar(&cfg.Dir, "dir", "", "keep messages in this `directory`; empty: drop them")
	flag.Int64Var(&cfg.MaxSize, "max-size", 0, "longest message in `bytes`; 0 means 10 MiB")
	flag.StringVar(&cfg.Name, "name", "", "`name` of the server; empty: that of the host")
	var certFile, keyFile string
	flag.StringVar(&certFile, "cert", "", "certificate for STARTTLS, in this PEM `file`; empty: there is no STARTTLS")
	flag.StringVar(&keyFile, "key", "", "its key, in this PEM `file`")
	flag.Parse()
	s, err := newServer(cfg, certFile, keyFile)
	if err == nil {
		err = app.Serve("smtpd", f, smtpd.Options(), s.Open)
		s.Wait()
	}
	app.Exit("smtpd", err)
}

// newServer makes the server, with STARTTLS if there is a certificate.
func newServer(cfg smtpd.Config, certFile, keyFile string) (*smtpd.Server, error) {
	if certFile != "" || keyFile != "" {
		cert, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			return nil, err
		}
		cfg.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	}
	return smtpd.New(cfg)
}
