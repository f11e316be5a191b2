//go:build linux

package resp

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

const (
	serverName    = "millrace-resp"
	serverVersion = "1.0.0"
)

// command is COMMAND [COUNT | DOCS | INFO | LIST ...]: how many commands there are, and no more about them.
func (s *session) command(args [][]byte) error {
	r := &s.worker.reply
	switch {
	case len(args) == 1, isWord(args[1], "docs"), isWord(args[1], "info"), isWord(args[1], "list"):
		r.array(0)
	case isWord(args[1], "count") && len(args) == 2:
		r.integer(int64(len(s.worker.server.commands)))
	default:
		return subcommand("COMMAND", args)
	}
	return nil
}

// config is CONFIG GET pattern [pattern ...].
func (s *session) config(args [][]byte) error {
	if !isWord(args[1], "get") || len(args) < 3 {
		return subcommand("CONFIG", args)
	}
	var pairs []string
	for _, p := range [][2]string{
		{"appendonly", "no"},
		{"databases", "1"},
		{"maxmemory", "0"},
		{"proto-max-bulk-len", strconv.Itoa(s.worker.server.config.MaxBulkBytes)},
		{"save", ""},
	} {
		for _, pattern := range args[2:] {
			if glob([]byte(strings.ToLower(string(pattern))), p[0]) {
				pairs = append(pairs, p[0], p[1])
				break
			}
		}
	}
	r := &s.worker.reply
	r.array(len(pairs))
	for _, text := range pairs {
		r.text(text)
	}
	return nil
}

// info is INFO [section ...].
func (s *session) info(args [][]byte) error {
	srv := s.worker.server
	srv.mu.Lock()
	clients, commands := len(srv.clients), uint64(0)
	for _, w := range srv.workers {
		commands += w.commands.Load()
	}
	srv.mu.Unlock()
	keys, volatile := srv.store.count()
	keyspace := ""
	if keys > 0 {
		keyspace = fmt.Sprintf("db0:keys=%d,expires=%d,avg_ttl=0\r\n", keys, volatile)
	}
	var text strings.Builder
	for _, section := range []struct{ name, body string }{
		{"Server", fmt.Sprintf("server_name:%s\r\nserver_version:%s\r\nprocess_id:%d\r\nuptime_in_seconds:%d\r\n",
			serverName, serverVersion, os.Getpid(), int64(srv.config.Clock().Sub(srv.began).Seconds()))},
		{"Clients", fmt.Sprintf("connected_clients:%d\r\n", clients)},
		{"Stats", fmt.Sprintf("total_connections_received:%d\r\ntotal_commands_processed:%d\r\n", srv.ids.Load(), commands)},
		{"Keyspace", keyspace},
	} {
		if wanted(section.name, args[1:]) {
			if text.Len() > 0 {
				text.WriteString("\r\n")
			}
			fmt.Fprintf(&text, "# %s\r\n%s", section.name, section.body)
		}
	}
	s.worker.reply.text(text.String())
	return nil
}

// wanted reports whether INFO was asked for the section; without arguments it is asked for all.
func wanted(section string, asked [][]byte) bool {
	lower := strings.ToLower(section)
	for _, a := range asked {
		if isWord(a, lower) || isWord(a, "all") || isWord(a, "everything") || isWord(a, "default") {
			return true
		}
	}
	return len(asked) == 0
}

// time is TIME: seconds since 1970, and microseconds.
func (s *session) time([][]byte) error {
	now := s.worker.server.config.Clock()
	r := &s.worker.reply
	r.array(2)
	r.text(strconv.FormatInt(now.Unix(), 10))
	r.text(strconv.Itoa(now.Nanosecond() / 1000))
	return nil
}
