//go:build linux

package resp

import "errors"

// command is one entry of the table.
type command struct {
	name string // in small letters
	// arity is the number of arguments, the name included; a negative one means that many or more.
	arity int
	// run adds the reply to the worker's. args are valid until it returns. An error that is no errReply closes the connection.
	run func(s *session, args [][]byte) error
}

// nameMax is the length of the longest name of a command.
const nameMax = 8

// commandTable returns all commands by name.
func commandTable() map[string]*command {
	list := []command{
		{"append", 3, (*session).append},
		{"client", -2, (*session).client},
		{"command", -1, (*session).command},
		{"config", -2, (*session).config},
		{"dbsize", 1, (*session).dbsize},
		{"decr", 2, (*session).decr},
		{"decrby", 3, (*session).decrby},
		{"del", -2, (*session).del},
		{"echo", 2, (*session).echo},
		{"exists", -2, (*session).exists},
		{"expire", 3, (*session).expire},
		{"flushall", -1, (*session).flush},
		{"flushdb", -1, (*session).flush},
		{"get", 2, (*session).get},
		{"getset", 3, (*session).getset},
		{"hello", -1, (*session).hello},
		{"incr", 2, (*session).incr},
		{"incrby", 3, (*session).incrby},
		{"info", -1, (*session).info},
		{"keys", 2, (*session).keys},
		{"mget", -2, (*session).mget},
		{"mset", -3, (*session).mset},
		{"persist", 2, (*session).persist},
		{"pexpire", 3, (*session).pexpire},
		{"ping", -1, (*session).ping},
		{"pttl", 2, (*session).pttl},
		{"quit", -1, (*session).quit},
		{"reset", 1, (*session).reset},
		{"scan", -2, (*session).scan},
		{"select", 2, (*session).selectDB},
		{"set", -3, (*session).set},
		{"setnx", 3, (*session).setnx},
		{"strlen", 2, (*session).strlen},
		{"time", 1, (*session).time},
		{"ttl", 2, (*session).ttl},
		{"type", 2, (*session).kind},
		{"unlink", -2, (*session).del},
	}
	table := make(map[string]*command, len(list))
	for i := range list {
		table[list[i].name] = &list[i]
	}
	return table
}

// dispatch runs the command that args, at least one, are.
func (s *session) dispatch(args [][]byte) error {
	r := &s.worker.reply
	cmd := s.lookup(args[0])
	if cmd == nil {
		r.fail(unknown(args))
		return nil
	}
	if len(args) != cmd.arity && (cmd.arity > 0 || len(args) < -cmd.arity) {
		r.fail("ERR wrong number of arguments for '" + cmd.name + "' command")
		return nil
	}
	err := cmd.run(s, args)
	if err == nil {
		return nil
	}
	var told replyError
	if !errors.As(err, &told) {
		return err
	}
	r.fail(string(told))
	return nil
}

// lookup finds a command by its name in any case.
func (s *session) lookup(name []byte) *command {
	var lower [nameMax]byte
	if len(name) > nameMax {
		return nil
	}
	for i, b := range name {
		if b >= 'A' && b <= 'Z' {
			b += 'a' - 'A'
		}
		lower[i] = b
	}
	return s.worker.server.commands[string(lower[:len(name)])]
}

// unknown is the error for a command that is not in the table. It shows at most 128 bytes of the name and of the arguments.
func unknown(args [][]byte) string {
	const most = 128
	text := []byte("ERR unknown command '")
	text = append(text, args[0][:min(len(args[0]), most)]...)
	text = append(text, "', with args beginning with: "...)
	shown := 0
	for _, arg := range args[1:] {
		if shown >= most {
			break
		}
		arg = arg[:min(len(arg), most-shown)]
		text = append(text, '\'')
		text = append(text, arg...)
		text = append(text, "' "...)
		shown += len(arg) + len("'' ")
	}
	return string(text)
}

// subcommand is the error for a first argument of the command name that it does not know, or that has too few or too many behind it.
func subcommand(name string, args [][]byte) error {
	return replyError("ERR unknown subcommand '" + string(args[1][:min(len(args[1]), 128)]) + "'. Try " + name + " HELP.")
}
