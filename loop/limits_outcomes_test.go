//go:build linux

package loop

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

var updateDocs = flag.Bool("update", false, "write what the docs have from the code, instead of checking it")

// actions are the names of what a loop does about an errno, as docs/errors.md explains them.
var actions = map[sys.Action]string{
	sys.Fatal: "Fatal", sys.Retry: "Retry", sys.Wait: "Wait", sys.Skip: "Skip", sys.Exhausted: "Exhausted", sys.Ignore: "Ignore",
}

// kernelCalls are the system calls behind the calls of the seam.
var kernelCalls = map[string]string{
	"Read": "recv(2)", "ReadFile": "read(2), of what is no socket", "RecvOOB": "recv(2), MSG_OOB", "RecvFrom": "recvfrom(2)",
	"Output.Write": "send(2)", "Output.Writev": "sendmsg(2)", "Output.Sendfile": "sendfile(2)",
	"WriteFile": "write(2), to what is no socket", "SendOOB": "send(2), MSG_OOB", "SendTo": "sendto(2)",
	"Recvmmsg": "recvmmsg(2)", "Sendmmsg": "sendmmsg(2)", "Splice": "splice(2)", "Pipe": "pipe2(2)",
	"EpollCreate": "epoll_create1(2)", "EpollCtl(ADD)": "epoll_ctl(2), ADD", "EpollCtl(MOD)": "epoll_ctl(2), MOD",
	"EpollCtl(DEL)": "epoll_ctl(2), DEL", "EpollWait": "epoll_wait(2)", "EpollPoll": "epoll_wait(2), timeout 0",
	"Eventfd": "eventfd2(2)", "EventfdRead": "read(2), of an eventfd", "EventfdWrite": "write(2), to an eventfd",
	"Socket": "socket(2)", "Bind": "bind(2)", "Listen": "listen(2)", "SetsockoptInt": "setsockopt(2)",
	"GetsockoptInt": "getsockopt(2)", "Getsockname": "getsockname(2)", "Getpeername": "getpeername(2)",
	"Dup": "fcntl(2), F_DUPFD_CLOEXEC", "OutQueue": "ioctl(2), SIOCOUTQ", "Unread": "ioctl(2), FIONREAD",
	"Waiting": "getsockopt(2), TCP_INFO", "SetNonblock": "fcntl(2), F_SETFL", "Accept": "accept4(2)", "Connect": "connect(2)",
	"Shutdown": "shutdown(2)", "Close": "close(2)", "Rings.MemfdCreate": "memfd_create(2)", "Rings.Ftruncate": "ftruncate(2)",
	"Rings.Reserve": "mmap(2), for a ring's room", "Rings.MapFixed": "mmap(2), MAP_FIXED", "Rings.Unmap": "munmap(2)",
	"Rings.Close": "close(2), of a ring",
}

// outcomesTable is sys.Outcomes as a table of Markdown, with the errnos of one call that have one action in one row.
func outcomesTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| system call | in the seam | errno | action |\n| --- | --- | --- | --- |\n")
	type key struct {
		call   string
		action sys.Action
		done   bool
	}
	var order []key
	errnos := map[key][]string{}
	for _, o := range sys.Outcomes() {
		k := key{o.Call, o.Action, o.Done}
		if errnos[k] == nil {
			order = append(order, k)
		}
		errnos[k] = append(errnos[k], unix.ErrnoName(o.Errno))
	}
	for _, k := range order {
		action := actions[k.action]
		if kernelCalls[k.call] == "" || action == "" {
			t.Errorf("%s, action %d: no name for one of them", k.call, k.action)
		}
		if k.done {
			action += ", *done*"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", kernelCalls[k.call], k.call, strings.Join(errnos[k], ", "), action)
	}
	return b.String()
}

const (
	outcomesBegin = "<!-- outcomes -->\n"
	outcomesEnd   = "<!-- end of outcomes -->\n"
)

// docs/errors.md has the table of outcomes, and a sentence on each action in it. With -update the table is written.
func TestOutcomesDoc(t *testing.T) {
	doc, want := readDoc(t, "errors.md"), outcomesTable(t)
	before, rest, begins := strings.Cut(doc, outcomesBegin)
	got, after, ends := strings.Cut(rest, outcomesEnd)
	if !begins || !ends {
		t.Fatal("docs/errors.md has no place for the table")
	}
	if *updateDocs && got != want {
		doc = before + outcomesBegin + want + outcomesEnd + after
		if err := os.WriteFile(filepath.Join("..", "docs", "errors.md"), []byte(doc), 0o644); err != nil {
			t.Fatal(err)
		}
		got = want
	}
	if got != want {
		t.Error("the table in docs/errors.md is not that of the code: run this test with -update")
	}
	for _, o := range sys.Outcomes() {
		if !strings.Contains(before, "\n- **"+actions[o.Action]+"**: ") {
			t.Errorf("docs/errors.md does not say what %s does", actions[o.Action])
		}
	}
	known := map[string]bool{}
	for _, o := range sys.Outcomes() {
		known[o.Call] = true
	}
	for call := range kernelCalls {
		if !known[call] {
			t.Errorf("%s is no call of the table", call)
		}
	}
}
