#include "connection.h"

#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>

#include "../memory.h"
#include "../queue.h"

enum { MUCH = 1 << 20 }; /* bytes that wait: what comes is faster than what leaves */

/* Where the bytes that are being sent are. */
enum origin { BUFFER, ARENA, OWN };

/* A connection has one send at a time. A reply is attempted from where it was made, without waiting for the socket, so that
 * this memory is free at once. What the socket refuses is copied to the connection, sent from there as the socket gets ready,
 * and as long as that takes nothing is received. What is to be sent meanwhile waits; when it is much, nothing is received either.
 */
struct connection {
	unsigned slot;
	bool receiving;  /* the kernel has been asked to, and has not said that it stops */
	bool cancelled;  /* it has been asked to stop */
	bool sending;
	bool attempting; /* it is an attempt */
	bool refused;    /* the socket has, and not everything has left since */
	bool ended;      /* there is no more input, or the connection is dead */
	bool dead;       /* nothing can be sent */
	bool lingering;  /* everything has been said, and what still comes is thrown away */
	struct session session;
	struct queue waiting, own;

	unsigned serial;   /* of the attempt */
	const char *piece; /* what is being sent */
	size_t piece_len;
	enum origin origin;
	unsigned buffer;
};

static struct io_uring_sqe *ask(struct uring_loop *l, const struct connection *c, unsigned char op, enum what what) {
	struct io_uring_sqe *sqe = ring_sqe(&l->ring);
	sqe->opcode = op;
	sqe->fd = c->slot;
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->user_data = what == NOTHING ? NOTHING : (uintptr_t)c | what;
	return sqe;
}

static void ask_to_receive(struct uring_loop *l, struct connection *c) {
	struct io_uring_sqe *sqe = ask(l, c, IORING_OP_RECV, RECEIVE);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->ioprio = IORING_RECV_MULTISHOT;
	sqe->buf_group = BUFFER_GROUP;
	c->receiving = true;
}

static void ask_to_stop_receiving(struct uring_loop *l, struct connection *c) {
	if (c->cancelled)
		return;
	struct io_uring_sqe *sqe = ask(l, c, IORING_OP_ASYNC_CANCEL, NOTHING);
	sqe->fd = -1;
	sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
	sqe->addr = (uintptr_t)c | RECEIVE;
	c->cancelled = true;
}

static struct io_uring_sqe *ask_to_send(struct uring_loop *l, const struct connection *c) {
	struct io_uring_sqe *sqe = ask(l, c, IORING_OP_SEND, SEND);
	sqe->addr = (uintptr_t)c->piece;
	sqe->len = c->piece_len;
	sqe->msg_flags = MSG_NOSIGNAL | MSG_WAITALL; /* less is a failure */
	return sqe;
}

/* attempt sends, without waiting for the socket. */
static void attempt(struct uring_loop *l, struct connection *c, const char *data, size_t n, enum origin origin) {
	c->piece = data;
	c->piece_len = n;
	c->origin = origin;
	c->sending = c->attempting = true;
	c->serial = attempts_add(&l->attempts, c);
	struct io_uring_sqe *sqe = ask_to_send(l, c);
	sqe->msg_flags |= MSG_DONTWAIT;
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
}

/* attempt_waiting sends what has waited for the send before. */
static void attempt_waiting(struct uring_loop *l, struct connection *c) {
	struct queue empty = c->own;
	c->own = c->waiting;
	c->waiting = empty;
	attempt(l, c, queue_head(&c->own), c->own.len, OWN);
}

/* release lets go of the memory that was sent from. */
static void release(struct uring_loop *l, struct connection *c) {
	switch (c->origin) {
	case BUFFER: buffers_return(&l->buffers, c->buffer); break;
	case ARENA: arena_release(&l->arena); break;
	case OWN: queue_clear(&c->own); break;
	}
}

/* keep copies what the socket has refused to the connection, and sends it as the socket gets ready. */
static void keep(struct uring_loop *l, struct connection *c) {
	if (c->origin != OWN) {
		queue_append(&c->own, c->piece, c->piece_len);
		release(l, c);
		c->piece = queue_head(&c->own);
		c->origin = OWN;
	}
	c->refused = true;
	ask_to_send(l, c);
}

static void close_connection(struct uring_loop *l, struct connection *c) {
	struct io_uring_sqe *sqe = ask(l, c, IORING_OP_CLOSE, NOTHING);
	sqe->fd = 0;
	sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
	sqe->file_index = c->slot + 1;
	l->open--;
	session_reset(&c->session);
	queue_clear(&c->waiting);
	queue_clear(&c->own);
}

/* linger tells the peer the end after the last reply, and waits for the peer's. To close a socket that has unread input would
 * reset the connection, and might so take the reply from the peer.
 */
static void linger(struct uring_loop *l, struct connection *c) {
	struct io_uring_sqe *sqe = ask(l, c, IORING_OP_SHUTDOWN, NOTHING);
	sqe->len = SHUT_WR;
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	c->lingering = true;
}

/* settle asks for what has to be next, after anything has changed. */
static void settle(struct uring_loop *l, struct connection *c) {
	if (!c->sending && c->waiting.len)
		attempt_waiting(l, c);
	if (!c->sending)
		c->refused = false;
	bool pause = c->refused || c->waiting.len > MUCH;
	bool last = c->session.last;
	bool done = c->ended || (last && c->session.clean);
	if (!done && !pause && !c->receiving)
		ask_to_receive(l, c);
	if ((done || pause) && c->receiving)
		ask_to_stop_receiving(l, c);
	if (c->sending) {
		l->more |= c->attempting && (done || last || c->refused || c->waiting.len);
		return;
	}
	if (done && !c->receiving)
		close_connection(l, c);
	else if (!done && last && !c->lingering)
		linger(l, c);
}

void connection_open(struct uring_loop *l, unsigned slot) {
	struct connection *c = table_at(&l->connections, slot, sizeof *c);
	c->slot = slot;
	c->receiving = c->cancelled = c->sending = c->attempting = c->refused = c->ended = c->dead = c->lingering = false;
	l->open++;
	settle(l, c);
}

/* echo sends a buffer back from where it was received to, if it can be sent now; true if the buffer is needed for that. */
static bool echo(struct uring_loop *l, struct connection *c, unsigned buffer, size_t n) {
	const char *data = buffers_at(&l->buffers, buffer);
	if (c->sending) {
		queue_append(&c->waiting, data, n);
		return false;
	}
	c->buffer = buffer;
	attempt(l, c, data, n, BUFFER);
	return true;
}

/* answer sends the reply to what was received. */
static void answer(struct uring_loop *l, struct connection *c, char *data, size_t n) {
	enum mode mode = l->place->mode;
	size_t most = session_room(&c->session, mode, n);
	char *room = c->sending ? NULL : arena_room(&l->arena, most);
	if (!room) {
		room = queue_room(&c->waiting, most);
		queue_add(&c->waiting, session_answer(&c->session, mode, data, n, room));
		return;
	}
	size_t len = session_answer(&c->session, mode, data, n, room);
	if (len) {
		arena_hold(&l->arena, len);
		attempt(l, c, room, len, ARENA);
	}
}

/* take handles what is in a buffer; true if the buffer is needed longer. */
static bool take(struct uring_loop *l, struct connection *c, unsigned buffer, int n) {
	if (n <= 0 || c->dead || c->session.last)
		return false;
	if (l->place->mode == ECHO_MODE)
		return echo(l, c, buffer, n);
	answer(l, c, buffers_at(&l->buffers, buffer), n);
	return false;
}

void connection_received(struct uring_loop *l, void *connection, const struct io_uring_cqe *cqe) {
	struct connection *c = connection;
	unsigned buffer = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
	if ((cqe->flags & IORING_CQE_F_BUFFER) && !take(l, c, buffer, cqe->res))
		buffers_return(&l->buffers, buffer);
	c->receiving = cqe->flags & IORING_CQE_F_MORE;
	c->cancelled = false; /* or not yet: then it is asked again */
	switch (-cqe->res) {
	case ENOBUFS:
		/* More buffers than connections would be for one that has much, and that can wait. */
		if (l->buffers.count < l->open)
			buffers_add(&l->buffers);
		break;
	case ECANCELED: case EINTR: case EAGAIN:
		break;
	default:
		c->ended |= cqe->res <= 0;
	}
	settle(l, c);
}

void connection_sent(struct uring_loop *l, void *connection, int sent) {
	struct connection *c = connection;
	c->attempting = false;
	if (sent == -EAGAIN || sent == -EINTR)
		sent = 0;
	if (sent < 0) {
		c->ended = c->dead = true;
		queue_clear(&c->waiting);
	} else if (c->piece += sent, c->piece_len -= sent) {
		keep(l, c);
		settle(l, c);
		return;
	}
	c->sending = false;
	release(l, c);
	settle(l, c);
}

void connection_attempted(struct uring_loop *l, struct attempt a) {
	struct connection *c = a.connection;
	if (c->attempting && c->serial == a.serial)
		connection_sent(l, c, c->piece_len);
}

void connection_discard(void *connection) {
	struct connection *c = connection;
	session_free(&c->session);
	queue_free(&c->waiting);
	queue_free(&c->own);
}
