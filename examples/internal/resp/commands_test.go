//go:build linux

package resp

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestExpiry(t *testing.T) {
	r := newRig(t, Config{})
	p := r.dial()
	p.do("+OK\r\n", "SET", "s", "v", "EX", "10")
	p.do("+OK\r\n", "SET", "ms", "v", "PX", "1500")
	p.do("+OK\r\n", "SET", "stay", "1")
	p.do(":1\r\n", "EXPIRE", "stay", "100")
	p.do(":1\r\n", "PERSIST", "stay")
	for _, step := range []struct {
		afterMs            int64
		s, ms, sTTL, msTTL string // replies to EXISTS and PTTL
	}{
		{0, "1", "1", "10000", "1500"},
		{1499, "1", "1", "8501", "1"},
		{1500, "1", "0", "8500", "-2"},
		{9999, "1", "0", "1", "-2"},
		{10000, "0", "0", "-2", "-2"},
	} {
		r.now.Store(startMs + step.afterMs)
		p.do(":"+step.sTTL+"\r\n", "PTTL", "s")
		p.do(":"+step.msTTL+"\r\n", "PTTL", "ms")
		p.do(":"+step.s+"\r\n", "EXISTS", "s")
		p.do(":"+step.ms+"\r\n", "EXISTS", "ms")
		p.do("*1\r\n"+bulk("stay"), "KEYS", "stay")
	}
	p.do("$-1\r\n", "GET", "s")
	p.do(":1\r\n", "SETNX", "s", "new")
	p.do(":-1\r\n", "TTL", "s")
	p.do("+OK\r\n", "SET", "s", "v", "PX", "1499")
	p.do(":1\r\n", "TTL", "s") // rounded, as Redis does
	p.do("+OK\r\n", "SET", "s", "v", "PX", "1500")
	p.do(":2\r\n", "TTL", "s")
}

// TestSweep leaves expired keys to the timer of the loop.
func TestSweep(t *testing.T) {
	r := newRig(t, Config{})
	p := r.dial()
	var in strings.Builder
	for i := range 3000 {
		in.WriteString(multibulk("SET", "k"+strconv.Itoa(i), "v", "PX", strconv.Itoa(1+i)))
		in.WriteString(multibulk("SETNX", "stay"+strconv.Itoa(i%10), "v"))
	}
	p.want(in.String(), strings.Repeat("+OK\r\n:1\r\n", 10)+strings.Repeat("+OK\r\n:0\r\n", 2990))
	p.do(":3010\r\n", "DBSIZE")
	r.now.Add(1_000_000)
	for deadline := time.Now().Add(10 * time.Second); ; {
		if err := r.loop.Poll(50 * time.Millisecond); err != nil {
			t.Fatal(err)
		}
		if keys, volatile := r.srv.store.count(); keys == 10 && volatile == 0 {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("%d keys are left, %d of them expired", keys, volatile)
		}
	}
	if err := r.srv.store.check(); err != nil {
		t.Fatal(err)
	}
	p.do(":1\r\n", "EXISTS", "stay0")
}

// TestKeysReply lists more keys than fit one chunk, of which one alone is longer than a chunk, and goes on behind it.
func TestKeysReply(t *testing.T) {
	r := newRig(t, Config{})
	p := r.dial()
	want := []string{strings.Repeat("long", 40_000)}
	p.do("+OK\r\n", "SET", want[0], "")
	for i := range 20_000 {
		want = append(want, fmt.Sprintf("key:%060d", i))
		r.srv.store.set(nil, []byte(want[i+1]), nil, setting{})
	}
	size := len("*20001\r\n") + len("+PONG\r\n")
	for _, key := range want {
		size += len(bulk(key))
	}
	if _, err := writeAll(p, multibulk("KEYS", "*")+multibulk("PING")); err != nil {
		t.Fatal(err)
	}
	r.turn()
	for _, w := range r.srv.workers {
		if n := w.commands.Load(); n != 2 { // SET and KEYS
			t.Errorf("%d commands were run before the list has left", n)
		}
	}
	reply := string(p.take(size))
	body, ok := strings.CutPrefix(reply, "*20001\r\n")
	body, pong := strings.CutSuffix(body, "+PONG\r\n")
	if !ok || !pong || len(reply) != size {
		t.Fatalf("%d bytes, want %d: %.50q … %q", len(reply), size, reply, reply[max(0, len(reply)-20):])
	}
	var got []string
	for i, field := range strings.Split(strings.TrimSuffix(body, "\r\n"), "\r\n") {
		if i%2 == 1 {
			got = append(got, field)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d keys, want %d", len(got), len(want))
	}
}

func TestClients(t *testing.T) {
	r := newRig(t, Config{})
	p, q := r.dial(), r.dial()
	p.do(":1\r\n", "CLIENT", "ID")
	q.do(":2\r\n", "CLIENT", "ID")
	q.do("+OK\r\n", "CLIENT", "SETNAME", "second")
	p.do(bulk("id=1 addr= name= db=0\nid=2 addr= name=second db=0\n"), "CLIENT", "LIST")
	q.close()
	p.do(bulk("id=1 addr= name= db=0\n"), "CLIENT", "LIST")
	hello := "*14\r\n" + bulk("server") + bulk("millrace-resp") + bulk("version") + bulk("1.0.0") + bulk("proto") + ":2\r\n" + bulk("id") + ":1\r\n" +
		bulk("mode") + bulk("standalone") + bulk("role") + bulk("master") + bulk("modules") + "*0\r\n"
	p.do(hello, "HELLO")
	p.do(hello, "HELLO", "2", "SETNAME", "first")
	p.do(bulk("first"), "CLIENT", "GETNAME")
	p.do("-ERR AUTH called without any password configured\r\n", "HELLO", "2", "AUTH", "me", "secret")
	p.do("-ERR Client names cannot contain spaces, newlines or special characters.\r\n", "HELLO", "2", "SETNAME", "a\n")
	p.do(bulk("first"), "CLIENT", "GETNAME")
}

func TestInfo(t *testing.T) {
	r := newRig(t, Config{})
	p := r.dial()
	p.do("+OK\r\n", "SET", "k", "v", "EX", "10")
	r.now.Add(5000)
	server := fmt.Sprintf("# Server\r\nserver_name:millrace-resp\r\nserver_version:1.0.0\r\nprocess_id:%d\r\nuptime_in_seconds:5\r\n", os.Getpid())
	clients := "# Clients\r\nconnected_clients:1\r\n"
	stats := "# Stats\r\ntotal_connections_received:1\r\ntotal_commands_processed:2\r\n"
	keyspace := "# Keyspace\r\ndb0:keys=1,expires=1,avg_ttl=0\r\n"
	p.do(bulk(server+"\r\n"+clients+"\r\n"+stats+"\r\n"+keyspace), "INFO")
	p.do(bulk(clients+"\r\n"+keyspace), "INFO", "KEYSPACE", "clients")
	p.do(bulk(""), "INFO", "nothing")
	p.do("+OK\r\n", "FLUSHALL")
	p.do(bulk("# Keyspace\r\n"), "INFO", "keyspace")
	p.do("*2\r\n"+bulk("1700000005")+bulk("0"), "TIME")
	r.now.Add(123)
	p.do("*2\r\n"+bulk("1700000005")+bulk("123000"), "TIME")
	p.do(":"+strconv.Itoa(len(commandTable()))+"\r\n", "COMMAND", "COUNT")
	p.do("*4\r\n"+bulk("proto-max-bulk-len")+bulk("67108864")+bulk("save")+bulk(""), "CONFIG", "GET", "save", "proto*")
}

// TestTable looks for names that lookup could not find.
func TestTable(t *testing.T) {
	longest := 0
	for name, c := range commandTable() {
		if name != c.name || name != strings.ToLower(name) || c.arity == 0 || c.run == nil {
			t.Errorf("%q: %+v", name, c)
		}
		longest = max(longest, len(name))
	}
	if longest != nameMax {
		t.Errorf("the longest name has %d bytes, nameMax is %d", longest, nameMax)
	}
}
