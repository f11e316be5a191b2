//go:build linux

package resp

import (
	"slices"
	"strconv"
)

// ping is PING [message].
func (s *session) ping(args [][]byte) error {
	switch len(args) {
	case 1:
		s.worker.reply.status("PONG")
	case 2:
		s.worker.reply.bulk(args[1])
	default:
		return replyError("ERR wrong number of arguments for 'ping' command")
	}
	return nil
}

// echo is ECHO message.
func (s *session) echo(args [][]byte) error {
	s.worker.reply.bulk(args[1])
	return nil
}

// selectDB is SELECT index: there is one database.
func (s *session) selectDB(args [][]byte) error {
	n, ok := parseInt(args[1])
	if !ok {
		return errInteger
	}
	if n != 0 {
		return errIndex
	}
	s.worker.reply.status("OK")
	return nil
}

// quit is QUIT.
func (s *session) quit([][]byte) error {
	s.leaving = true
	s.worker.reply.status("OK")
	return nil
}

// reset is RESET.
func (s *session) reset([][]byte) error {
	s.rename("")
	s.worker.reply.status("RESET")
	return nil
}

// hello is HELLO [protover [AUTH username password] [SETNAME clientname]].
func (s *session) hello(args [][]byte) error {
	name := s.name
	if len(args) > 1 {
		version, ok := parseInt(args[1])
		if !ok {
			return replyError("ERR Protocol version is not an integer or out of range")
		}
		if version != 2 {
			return errProtocol
		}
	}
	for options := args[min(2, len(args)):]; len(options) > 0; options = options[2:] {
		switch {
		case isWord(options[0], "auth") && len(options) > 2:
			return errPassword
		case isWord(options[0], "setname") && len(options) > 1 && plainName(options[1]):
			name = string(options[1])
		case isWord(options[0], "setname") && len(options) > 1:
			return errName
		default:
			return replyError("ERR Syntax error in HELLO option '" + string(options[0][:min(len(options[0]), 128)]) + "'")
		}
	}
	s.rename(name)
	r := &s.worker.reply
	r.array(14)
	r.text("server")
	r.text(serverName)
	r.text("version")
	r.text(serverVersion)
	r.text("proto")
	r.integer(2)
	r.text("id")
	r.integer(s.id)
	r.text("mode")
	r.text("standalone")
	r.text("role")
	r.text("master")
	r.text("modules")
	r.array(0)
	return nil
}

// client is CLIENT ID | GETNAME | SETNAME name | SETINFO attribute value | LIST.
func (s *session) client(args [][]byte) error {
	r := &s.worker.reply
	switch sub := args[1]; {
	case isWord(sub, "id") && len(args) == 2:
		r.integer(s.id)
	case isWord(sub, "getname") && len(args) == 2:
		if s.name == "" {
			r.null()
		} else {
			r.text(s.name)
		}
	case isWord(sub, "setname") && len(args) == 3:
		if !plainName(args[2]) {
			return errName
		}
		s.rename(string(args[2]))
		r.status("OK")
	case isWord(sub, "setinfo") && len(args) == 4:
		if !isWord(args[2], "lib-name") && !isWord(args[2], "lib-ver") {
			return replyError("ERR Unrecognized option '" + string(args[2][:min(len(args[2]), 128)]) + "'")
		}
		r.status("OK")
	case isWord(sub, "list") && len(args) == 2:
		r.bulk(s.worker.server.list())
	default:
		return subcommand("CLIENT", args)
	}
	return nil
}

// rename sets the client's name; "" is none.
func (s *session) rename(name string) {
	if name == s.name {
		return
	}
	srv := s.worker.server
	srv.mu.Lock()
	s.name = name
	srv.mu.Unlock()
}

// plainName reports whether name can stand in CLIENT LIST.
func plainName(name []byte) bool {
	for _, b := range name {
		if b < '!' || b > '~' {
			return false
		}
	}
	return true
}

// list returns a line for each client, in the order of their ids.
func (srv *server) list() []byte {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	ids := make([]int64, 0, len(srv.clients))
	for id := range srv.clients {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var text []byte
	for _, id := range ids {
		s := srv.clients[id]
		text = append(text, "id="...)
		text = strconv.AppendInt(text, id, 10)
		text = append(text, " addr="...)
		if addr := s.conn.RemoteAddr(); addr != nil {
			text = append(text, addr.String()...)
		}
		text = append(text, " name="...)
		text = append(text, s.name...)
		text = append(text, " db=0\n"...)
	}
	return text
}
