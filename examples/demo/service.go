//go:build linux

package main

import (
	"fmt"
	"net"
	"os"

	"github.com/millrace-net/millrace/examples/internal/app"
	"github.com/millrace-net/millrace/examples/internal/chat"
	"github.com/millrace-net/millrace/examples/internal/httpd"
	"github.com/millrace-net/millrace/examples/internal/resp"
	"github.com/millrace-net/millrace/loop"
)

// maxValueBytes bounds the store's values and commands, so that replies fit in the output queue of options.
const maxValueBytes = 1 << 20

// addresses are where the services listen, as flags have them.
type addresses struct{ http, resp, chat string }

// service is one of the three. Its name is that of its flag.
//
// Invariant: listener is nil until listen has returned nil.
type service struct {
	name     string
	address  string
	factory  loop.Factory
	tcp      string // the command to try, with %[1]s for the host, %[2]s for the port
	unix     string // the same for a unix socket, with %s for the path
	listener *loop.Listener
}

// newServices makes the services; root is the web server's.
func newServices(a addresses, root *os.Root) ([]service, error) {
	store, err := resp.New(resp.Config{MaxBulkBytes: maxValueBytes, MaxCommandBytes: 4 * maxValueBytes})
	if err != nil {
		return nil, err
	}
	return []service{{
		name: "http", address: a.http, factory: httpd.New(httpd.Config{Root: root}),
		tcp:  "curl http://%[3]s/hello   or open http://%[3]s/ in a browser",
		unix: "curl --unix-socket %s http://localhost/hello",
	}, {
		name: "resp", address: a.resp, factory: store,
		tcp: "redis-cli -h %[1]s -p %[2]s", unix: "redis-cli -s %s",
	}, {
		name: "chat", address: a.chat, factory: chat.New(),
		tcp: "nc %[1]s %[2]s", unix: "nc -U %s",
	}}, nil
}

// listen has the service accept connections on all loops of set. The error names the flag that could mend it.
func (s *service) listen(set *loop.Set) (err error) {
	network, address := app.ParseAddr(s.address)
	if s.listener, err = set.Listen(network, address, s.factory); err != nil {
		return fmt.Errorf("-%s %s: %w", s.name, s.address, err)
	}
	return nil
}

// String says where the service, which listens, is and how to try it.
func (s service) String() string {
	addr := s.listener.Addr()
	line := fmt.Sprintf("  %s: listening on %s   try: ", s.name, app.FormatAddr(addr))
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return line + fmt.Sprintf(s.tcp, tcp.IP, fmt.Sprint(tcp.Port), tcp)
	}
	return line + fmt.Sprintf(s.unix, addr)
}
