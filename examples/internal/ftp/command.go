//go:build linux

package ftp

import (
	"fmt"
	"strconv"
	"strings"
)

// command obeys a line.
func (s *session) command(line string) error {
	verb, arg, _ := strings.Cut(line, " ")
	verb = strings.ToUpper(verb)
	if strings.ContainsFunc(arg, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return s.reply("501 a control character")
	}
	switch verb { // always allowed
	case "QUIT":
		return s.leave(goodbye)
	case "NOOP":
		return s.reply("200 nothing done")
	case "ABOR":
		return s.abort()
	}
	if s.busy() {
		return s.reply("503 a transfer is under way")
	}
	switch verb { // before a user is known
	case "USER":
		s.user, s.in = strings.EqualFold(arg, "anonymous") || strings.EqualFold(arg, "ftp"), false
		if !s.user {
			return s.reply("530 only anonymous")
		}
		return s.reply("331 any password")
	case "PASS":
		if !s.user {
			return s.reply("503 USER comes first")
		}
		s.in = true
		return s.reply("230 welcome")
	case "SYST":
		return s.reply("215 UNIX Type: L8")
	case "FEAT":
		return s.reply("211-features\n EPSV\n MDTM\n REST STREAM\n SIZE\n UTF8\n211 end")
	case "OPTS":
		if strings.EqualFold(arg, "UTF8 ON") {
			return s.reply("200 always")
		}
		return s.reply("501 no such option")
	}
	if !s.in {
		return s.reply("530 USER and PASS come first")
	}
	return s.fileCommand(verb, arg)
}

// fileCommand obeys who has logged in.
func (s *session) fileCommand(verb, arg string) error {
	switch verb {
	case "PWD", "XPWD":
		return s.reply(`257 "` + strings.ReplaceAll(s.cwd, `"`, `""`) + `"`)
	case "CWD", "XCWD":
		return s.changeDirectory(arg)
	case "CDUP", "XCUP":
		return s.changeDirectory("..")
	case "TYPE":
		return s.choose(arg, "A", "A N", "I", "L 8")
	case "MODE":
		return s.choose(arg, "S")
	case "STRU":
		return s.choose(arg, "F")
	case "PASV":
		return s.passive()
	case "EPSV":
		return s.extendedPassive(arg)
	case "PORT", "EPRT":
		return s.reply("502 no active mode: use PASV or EPSV")
	case "SIZE", "MDTM":
		return s.fact(verb, arg)
	case "REST":
		return s.restartAt(arg)
	case "RETR":
		return s.retrieve(arg)
	case "LIST", "NLST":
		return s.list(arg, verb == "LIST")
	case "STOR":
		return s.store(arg)
	case "ALLO":
		return s.reply("202 not needed")
	case "ACCT", "APPE", "MLSD", "MLST", "SMNT", "REIN", "STOU", "RNFR", "RNTO", "DELE", "RMD", "MKD", "SITE", "STAT", "HELP":
		return s.reply("502 this server has no " + verb) // RFC 959, 4.2: a command that exists, and is left out here
	}
	return s.reply("500 no such command")
}

// choose answers a choice of a representation.
func (s *session) choose(arg string, known ...string) error {
	for _, k := range known {
		if strings.EqualFold(arg, k) {
			return s.reply("200 so be it")
		}
	}
	return s.reply("504 not that one")
}

func (s *session) changeDirectory(arg string) error {
	absolute, name := s.resolve(arg)
	info, err := s.server.cfg.Root.Stat(name)
	switch {
	case err != nil:
		return s.reply(failure(err))
	case !info.IsDir():
		return s.reply("550 not a directory")
	}
	s.cwd = absolute
	return s.reply("250 there you are")
}

// fact answers SIZE and MDTM (RFC 3659 sections 3 and 4).
func (s *session) fact(verb, arg string) error {
	_, name := s.resolve(arg)
	info, err := s.server.cfg.Root.Stat(name)
	switch {
	case err != nil:
		return s.reply(failure(err))
	case !info.Mode().IsRegular():
		return s.reply("550 not a file")
	case verb == "SIZE":
		return s.reply(fmt.Sprint("213 ", info.Size()))
	}
	return s.reply("213 " + info.ModTime().UTC().Format("20060102150405"))
}

// restartAt takes the place where the next transfer begins (RFC 3659 section 5).
func (s *session) restartAt(arg string) error {
	n, err := strconv.ParseUint(arg, 10, 63)
	if err != nil {
		return s.reply("501 not a number of bytes")
	}
	s.restart = int64(n)
	return s.reply("350 from there on")
}

// abort ends a transfer, or what has been prepared for one (RFC 959 section 4.1.3).
func (s *session) abort() error {
	if !s.busy() {
		s.dropData()
		return s.reply("226 there was nothing to abort")
	}
	s.data.end(errAborted)
	return nil
}
