"""Runs scripts of package chat through CPython's asynchat: one script a line of JSON on the standard input, and for each one line
with its trace, a list of strings, on the standard output. script.go says what both are."""

import json
import socket
import sys
import zlib

try:
    import asyncore
    import asynchat
except ImportError:
    sys.exit("no asynchat in Python %d.%d" % sys.version_info[:2])
if sys.version_info >= (3, 12):
    sys.exit("the asynchat of Python %d.%d is not CPython's" % sys.version_info[:2])


FILL = bytes(i % 251 for i in range(1 << 16))


class Trace:
    def __init__(self):
        self.lines = []
        self.part = b""
        self.out = b""

    def add(self, line):
        if self.part:
            self.lines.append("+" + self.part.decode("latin-1"))
            self.part = b""
        self.lines.append(line)

    def received(self):
        if len(self.out) > 200:
            self.add("<%d bytes %08x" % (len(self.out), zlib.crc32(self.out)))
        elif self.out:
            self.add("<" + self.out.decode("latin-1"))
        self.out = b""


class Producer:
    def __init__(self, chunks):
        self.chunks = [c.encode("latin-1") for c in chunks]

    def more(self):
        return self.chunks.pop(0) if self.chunks else b""


class FalsyProducer(Producer):
    def __bool__(self):
        return False


class Chat(asynchat.async_chat):
    def __init__(self, sock, channels, script):
        super().__init__(sock, channels)
        self.script = script
        self.trace = Trace()
        self.element = b""
        self.found = 0
        self.end = "open"
        self.sending = False
        self.reading = False
        self.ac_in_buffer_size = script.get("in") or self.ac_in_buffer_size
        self.ac_out_buffer_size = script.get("out") or self.ac_out_buffer_size
        if script["term"] is not False:
            self.set_terminator(self.term(script["term"]))

    def term(self, t):
        return t.encode("latin-1") if isinstance(t, str) else t

    def text(self):
        t = self.get_terminator()
        if not t:
            return "-"
        return "#%d" % t if isinstance(t, int) else "=" + t.decode("latin-1")

    def collect_incoming_data(self, data):
        self.trace.part += data
        self.element += data

    def found_terminator(self):
        self.trace.add("!" + self.text())
        steps = self.script.get("steps")
        step = (steps[self.found % len(steps)] if steps else None) or []
        self.found += 1
        for op in step:
            self.do(op)
        self.element = b""

    def do(self, op):
        do, data = op["do"], op.get("data", "").encode("latin-1")
        if do == "set":
            try:
                self.set_terminator(self.term(op.get("term")))
            except ValueError:
                self.trace.add("?")
        elif do == "push":
            self.push(data)
        elif do == "fill":
            self.push(FILL[:op.get("size", 0)])
        elif do == "echo":
            self.push(self.element)
        elif do == "producer":
            self.push_with_producer(Producer(op.get("chunks", [])))
        elif do == "falsy":
            self.push_with_producer(FalsyProducer(op.get("chunks", [])))
        elif do == "simple":
            self.push_with_producer(asynchat.simple_producer(data, op.get("size", 0)))
        elif do == "whendone":
            self.close_when_done()
            self.trace.add("w")
        elif do == "close":
            self.end = "self"
            self.close()
            self.trace.add("x")
        elif do == "discard":
            self.discard_buffers()
        else:
            raise SystemExit("no such call: " + do)

    def handle_close(self):
        # initiate_send calls this at the end mark of close_when_done; recv where it reads the end; poll mode at a hang-up.
        if self.end == "open":
            self.end = "self" if self.sending else "peer"
        self.close()

    def handle_read(self):
        self.reading = True
        try:
            super().handle_read()
        finally:
            self.reading = False

    def initiate_send(self):
        # What an event pushes leaves behind it, as there, so that the same output is queued where a script drops it.
        if self.reading and not self.script.get("eager"):
            return
        self.sending = True
        try:
            super().initiate_send()
        finally:
            self.sending = False

    def handle_error(self):
        if self.end == "open":
            self.end = "error " + sys.exc_info()[0].__name__
        self.close()


class Slices(bytes):
    """A terminator that counts the bytes of the slices taken of it."""

    copied = 0

    def __getitem__(self, key):
        piece = super().__getitem__(key)
        if isinstance(key, slice):
            Slices.copied += len(piece)
        return piece


class CountingChat(Chat):
    """Counts the bytes that are copied: into ac_in_buffer, and out of the terminator."""

    copied = 0

    def term(self, t):
        return Slices(t.encode("latin-1"))

    @property
    def ac_in_buffer(self):
        return self.buffer

    @ac_in_buffer.setter
    def ac_in_buffer(self, data):
        self.buffer = data
        self.copied += len(data)


class Run:
    def __init__(self, script):
        self.script = script
        self.channels = {}
        ours, self.peer = socket.socketpair()
        self.peer.setblocking(False)
        self.chat = (CountingChat if script.get("count") else Chat)(ours, self.channels, script)
        self.trace = self.chat.trace
        self.deaf = script.get("deaf", False)
        self.peer_end = None

    def listen(self):
        """Has the peer read what there is; tells whether there was anything."""
        if self.deaf or self.peer_end:
            return False
        try:
            data = self.peer.recv(1 << 20)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            self.peer_end = "reset"
            return True
        if not data:
            self.peer_end = "eof"
        self.trace.out += data
        return True

    def unread(self):
        """Tells whether the chat can read."""
        if not self.channels:
            return False
        try:
            self.chat.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        return True

    def settle(self):
        """Runs rounds until nothing is left to do."""
        poll = self.script.get("end") == "hup"
        while True:
            queued = len(self.chat.producer_fifo) if self.channels else 0
            busy = self.unread()
            asyncore.loop(timeout=0, use_poll=poll, map=self.channels, count=1)
            heard = self.listen()
            now = len(self.chat.producer_fifo) if self.channels else 0
            if not (busy or heard or self.channels and now and (not self.deaf or now != queued)):
                return

    def chunk(self, data, last):
        self.peer.sendall(data)
        if last and self.script.get("end") == "hup":
            self.peer.close()
            self.peer_end = "none"
            self.settle()
            return
        self.settle()
        if self.deaf:
            self.trace.add("~%d" % self.chat.found)
            self.deaf = False
            self.settle()
        if self.channels:
            self.trace.add("." + self.chat.text())
        self.trace.received()

    def run(self):
        stream = self.script["stream"].encode("latin-1")
        chunks = self.script["chunks"]
        for i, n in enumerate(chunks):
            if not self.channels:
                break
            self.chunk(stream[:n], i == len(chunks) - 1)
            stream = stream[n:]
        if self.script.get("end") == "eof" and self.channels:
            self.peer.shutdown(socket.SHUT_WR)
            self.settle()
            self.trace.received()
        self.trace.add("end " + self.chat.end)
        if self.peer_end in ("eof", "reset"):
            self.trace.add("peer " + self.peer_end)
        if self.script.get("count"):
            self.trace.add("copied %d" % (self.chat.copied + Slices.copied))
            Slices.copied = 0
        self.chat.close()
        self.peer.close()
        return self.trace.lines


def main():
    for line in sys.stdin:
        trace = Run(json.loads(line)).run()
        sys.stdout.write(json.dumps(trace, separators=(",", ":")) + "\n")


main()
