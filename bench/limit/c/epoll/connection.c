#include "connection.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../memory.h"
#include "../queue.h"

/* What the socket refuses waits in out, and as long as something does nothing is read: there is never more to wait than the
 * replies to one read.
 */
struct connection {
	int fd;
	bool open;
	bool lingering; /* everything has been said, and what still comes is thrown away */
	struct session session;
	struct queue out;
};

static void want(struct epoll_loop *l, struct connection *c, uint32_t events) {
	epoll_set(l, EPOLL_CTL_MOD, c->fd, events, c);
}

void connection_open(struct epoll_loop *l, int fd) {
	struct connection *c = table_at(&l->connections, fd, sizeof *c);
	c->fd = fd;
	c->open = true;
	c->lingering = false;
	epoll_set(l, EPOLL_CTL_ADD, fd, EPOLLIN, c);
}

static void close_connection(struct connection *c) {
	close(c->fd);
	c->open = false;
	session_reset(&c->session);
	queue_clear(&c->out);
}

/* finish ends a connection after its last reply. To close a socket that has unread input would reset the connection, and
 * might so take the reply from the peer; then the end is told, and the peer's end is waited for.
 */
static void finish(struct connection *c) {
	if (c->session.clean || shutdown(c->fd, SHUT_WR)) {
		close_connection(c);
		return;
	}
	c->lingering = true;
}

/* offer sends what the socket takes, and returns how much that was; -1 if the connection is dead. */
static ssize_t offer(const struct connection *c, const char *data, size_t n) {
	ssize_t sent;
	do
		sent = send(c->fd, data, n, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 && errno == EAGAIN ? 0 : sent;
}

/* reply sends the replies to one read. */
static void reply(struct epoll_loop *l, struct connection *c, const char *data, size_t n) {
	ssize_t sent = n ? offer(c, data, n) : 0;
	if (sent < 0) {
		close_connection(c);
	} else if ((size_t)sent < n) {
		queue_append(&c->out, data + sent, n - sent);
		want(l, c, EPOLLOUT);
	} else if (c->session.last) {
		finish(c);
	}
}

/* flush sends what has waited; when all has left, the connection is read again. */
static void flush(struct epoll_loop *l, struct connection *c) {
	ssize_t sent = offer(c, queue_head(&c->out), c->out.len);
	if (sent < 0) {
		close_connection(c);
		return;
	}
	queue_drop(&c->out, sent);
	if (c->out.len)
		return;
	want(l, c, EPOLLIN);
	if (c->session.last)
		finish(c);
}

/* receive reads once. Nothing waits for the socket then, so the end of the input is the end of the connection. */
static void receive(struct epoll_loop *l, struct connection *c) {
	enum mode mode = l->place->mode;
	ssize_t n = recv(c->fd, l->in, read_size(mode), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_connection(c);
		return;
	}
	if (c->lingering)
		return;
	if (mode == ECHO_MODE)
		reply(l, c, l->in, n);
	else
		reply(l, c, l->out, session_answer(&c->session, mode, l->in, n, l->out));
}

/* One of the two is what the event is about, whether it is readiness or an error: each call tells an error, too. */
void connection_event(struct epoll_loop *l, void *connection) {
	struct connection *c = connection;
	if (c->out.len)
		flush(l, c);
	else
		receive(l, c);
}

void connection_discard(void *connection) {
	struct connection *c = connection;
	if (c->open)
		close_connection(c);
	session_free(&c->session);
	queue_free(&c->out);
}
