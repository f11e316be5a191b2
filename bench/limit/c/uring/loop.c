#include "loop.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/resource.h>

#include "../listener.h"
#include "../memory.h"
#include "connection.h"

enum { MOST_SLOTS = 64 << 10 };

static struct io_uring_sqe *ask(struct uring_loop *l, unsigned char op, int fd, enum what what) {
	struct io_uring_sqe *sqe = ring_sqe(&l->ring);
	sqe->opcode = op;
	sqe->fd = fd;
	sqe->user_data = what;
	return sqe;
}

/* nearly_full says whether there could be more connections to accept than free slots for them. The kernel closes one that it
 * has accepted and has no slot for, so they are accepted one by one then.
 */
static bool nearly_full(const struct uring_loop *l) { return l->slots - l->open <= BACKLOG; }

static void ask_to_accept(struct uring_loop *l) {
	struct io_uring_sqe *sqe = ask(l, IORING_OP_ACCEPT, l->place->listener, ACCEPT);
	l->accepting = true;
	l->many = !nearly_full(l);
	sqe->ioprio = l->many ? IORING_ACCEPT_MULTISHOT : 0;
	sqe->file_index = IORING_FILE_INDEX_ALLOC;
}

static void ask_to_stop_accepting(struct uring_loop *l) {
	struct io_uring_sqe *sqe = ask(l, IORING_OP_ASYNC_CANCEL, -1, NOTHING);
	sqe->addr = ACCEPT;
	l->many = false;
}

static void ask_to_stop(struct uring_loop *l) { ask(l, IORING_OP_POLL_ADD, l->place->stop, STOP)->poll32_events = POLLIN; }

static void rest(struct uring_loop *l) {
	static const struct __kernel_timespec a_while = {.tv_nsec = 100 * 1000 * 1000};
	struct io_uring_sqe *sqe = ask(l, IORING_OP_TIMEOUT, -1, RETRY);
	sqe->addr = (uintptr_t)&a_while;
	sqe->len = 1;
	l->resting = true;
}

static void accepted(struct uring_loop *l, const struct io_uring_cqe *cqe) {
	if (!(cqe->flags & IORING_CQE_F_MORE))
		l->accepting = l->many = false;
	if (cqe->res >= 0) {
		connection_open(l, cqe->res);
		return;
	}
	switch (-cqe->res) {
	case EMFILE: case ENFILE: case ENOBUFS: case ENOMEM:
		rest(l);
		break;
	case EBADF: case EFAULT: case EINVAL: case ENOTSOCK:
		errno = -cqe->res;
		fatal("accept");
	}
	/* Else it is an error of one connection, which has gone before it was accepted. */
}

/* completed handles a completion; false if it is to stop. */
static bool completed(struct uring_loop *l, const struct io_uring_cqe *cqe) {
	void *connection = (void *)(uintptr_t)(cqe->user_data & ~(uint64_t)WHAT_MASK);
	switch (cqe->user_data & WHAT_MASK) {
	case ACCEPT: accepted(l, cqe); break;
	case RETRY: l->resting = false; break;
	case RECEIVE: connection_received(l, connection, cqe); break;
	case SEND: connection_sent(l, connection, cqe->res); break;
	case STOP: return false;
	}
	return true;
}

/* see_sends handles what there is to hear of sends, before there may be more to send on the same connections. Attempts of which
 * nothing is heard have sent everything.
 */
static void see_sends(struct uring_loop *l) {
	bool all = ring_told(&l->ring);
	size_t n = l->attempts.len; /* what is handled may be followed by others, which are for the next time */
	struct io_uring_cqe *cqe;
	for (unsigned i = 0; (cqe = ring_peek(&l->ring, i)); i++) {
		if ((cqe->user_data & WHAT_MASK) != SEND)
			continue;
		completed(l, cqe);
		cqe->user_data = NOTHING;
	}
	if (!all) {
		l->more = true;
		return;
	}
	for (size_t i = 0; i < n; i++)
		connection_attempted(l, l->attempts.at[i]);
	attempts_drop(&l->attempts, n);
}

static void keep_accepting(struct uring_loop *l) {
	if (!l->accepting && !l->resting && l->open < l->slots)
		ask_to_accept(l);
	else if (l->many && nearly_full(l))
		ask_to_stop_accepting(l);
}

/* turn enters the kernel once and handles what has completed; false if it is to stop. */
static bool turn(struct uring_loop *l) {
	bool go_on = true;
	bool wait = !l->more;
	l->more = false;
	ring_enter(&l->ring, wait);
	see_sends(l);
	for (struct io_uring_cqe cqe; ring_next(&l->ring, &cqe);)
		go_on &= completed(l, &cqe);
	keep_accepting(l);
	return go_on;
}

/* register_slots makes the table of connections that the kernel has: they need no descriptors of the process. */
static void register_slots(struct uring_loop *l) {
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		fatal("getrlimit");
	l->slots = limit.rlim_cur < MOST_SLOTS ? limit.rlim_cur : MOST_SLOTS;
	struct io_uring_rsrc_register slots = {.nr = l->slots, .flags = IORING_RSRC_REGISTER_SPARSE};
	if (ring_register(&l->ring, IORING_REGISTER_FILES2, &slots, sizeof slots))
		fatal("io_uring files");
}

static void open_loop(struct uring_loop *l, const struct place *place) {
	*l = (struct uring_loop){.place = place};
	ring_open(&l->ring);
	register_slots(l);
	buffers_open(&l->buffers, &l->ring, read_size(place->mode));
	arena_open(&l->arena);
	ask_to_stop(l);
	ask_to_accept(l);
}

static void close_loop(struct uring_loop *l) {
	ring_close(&l->ring); /* and with it the connections */
	table_free(&l->connections, connection_discard);
	attempts_free(&l->attempts);
	arena_close(&l->arena);
	buffers_close(&l->buffers);
}

void uring_run(const struct place *place) {
	struct uring_loop l;
	open_loop(&l, place);
	while (turn(&l))
		;
	close_loop(&l);
}
