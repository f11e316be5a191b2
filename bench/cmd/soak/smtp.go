//go:build linux

package main

import (
	"fmt"

	"github.com/cespare/xxhash/v2"
)

const (
	mostMails = 3
	mostLines = 300 // of a mail
	mostLine  = 900 // bytes
)

// talkSMTP delivers mails, each with its envelope in one piece (RFC 2920), and has the post office look for them.
func talkSMTP(c *conversation, addr string, office *postOffice) error {
	d, err := newDialogue(c, addr, false)
	if err != nil {
		return err
	}
	if _, err := d.ask(250, "EHLO %s.example", c.id); err != nil {
		return err
	}
	for i := range 1 + c.rng.IntN(mostMails) {
		if err := d.deliver(fmt.Sprintf("%s.%d", c.id, i), office); err != nil {
			return err
		}
	}
	return d.quit()
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
