//go:build linux

package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"

	"github.com/cespare/xxhash/v2"
)

const (
	mostMails = 3
	mostLines = 300 // of a mail
	mostLine  = 900 // bytes
)

// talkSMTP delivers mails, each with its envelope in one piece (RFC 2920), and has the post office look for them; behind
// STARTTLS, if there are roots with which to verify the server.
func talkSMTP(c *conversation, addr string, office *postOffice, roots *x509.CertPool) error {
	d, err := newDialogue(c, addr, false)
	if err != nil {
		return err
	}
	if err := d.hello(); err != nil {
		return err
	}
	if roots != nil {
		if err := d.startTLS(roots); err != nil {
			return err
		}
	}
	for i := range 1 + c.rng.IntN(mostMails) {
		if err := d.deliver(fmt.Sprintf("%s.%d", c.id, i), office); err != nil {
			return err
		}
	}
	return d.quit()
}

func (d *dialogue) hello() error {
	_, err := d.ask(250, "EHLO %s.example", d.talk.id)
	return err
}

// startTLS goes over to TLS, and says hello again (RFC 3207 section 4.2).
func (d *dialogue) startTLS(roots *x509.CertPool) error {
	if _, err := d.ask(220, "STARTTLS"); err != nil {
		return err
	}
	if n := d.lines.Buffered(); n > 0 {
		return wrong("%d bytes behind the reply to STARTTLS", n)
	}
	nc := tls.Client(d.conn, &tls.Config{RootCAs: roots, ServerName: "localhost"})
	if err := nc.Handshake(); err != nil {
		return err
	}
	d.conn, d.lines = nc, bufio.NewReader(nc)
	return d.hello()
}

// deliver sends one mail.
func (d *dialogue) deliver(id string, office *postOffice) error {
	const envelope = "MAIL FROM:<a@soak.example>\r\nRCPT TO:<b@soak.example>\r\nDATA\r\n"
	if _, err := d.conn.Write([]byte(envelope)); err != nil {
		return err
	}
	for _, code := range []int{250, 250, 354} {
		if _, err := d.reply(code); err != nil {
			return err
		}
	}
	plain, wire := makeText(d.talk)
	head := fmt.Sprintf("%s%s %x\r\n\r\n", mailField, id, xxhash.Sum64(plain))
	office.posted(id)
	if _, err := fmt.Fprintf(d.conn, "%s%s.\r\n", head, wire); err != nil {
		return err
	}
	if _, err := d.reply(250); err != nil {
		return err
	}
	office.taken(id)
	return nil
}

// makeText draws the text of a mail, as it is to be kept and as it is sent: with dots stuffed (RFC 5321 section 4.5.2).
func makeText(c *conversation) (plain, wire []byte) {
	for range magnitude(c.rng, mostLines) {
		line := slice(c.rng, letters, magnitude(c.rng, mostLine))
		if c.rng.IntN(8) == 0 {
			plain, wire = append(plain, '.'), append(wire, ".."...)
		}
		plain, wire = append(plain, line...), append(wire, line...)
		plain, wire = append(plain, "\r\n"...), append(wire, "\r\n"...)
	}
	return plain, wire
}
