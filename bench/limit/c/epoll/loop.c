#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../memory.h"
#include "connection.h"

enum {
	EVENTS = 512,  /* of one turn */
	RETRY = 100,   /* milliseconds until accepting is tried again */
};

void epoll_set(struct epoll_loop *l, int op, int fd, uint32_t events, void *data) {
	struct epoll_event e = {.events = events, .data.ptr = data};
	if (epoll_ctl(l->epoll, op, fd, &e))
		fatal("epoll_ctl");
}

static void open_loop(struct epoll_loop *l, const struct place *place) {
	*l = (struct epoll_loop){.place = place, .epoll = epoll_create1(EPOLL_CLOEXEC)};
	if (l->epoll < 0)
		fatal("epoll_create1");
	size_t size = read_size(place->mode);
	/* The longest reply answers a read that follows the longest rest. */
	l->in = (char *)resize(NULL, HEADROOM + size) + HEADROOM;
	l->out = resize(NULL, session_room(&(struct session){.rest_len = HEADROOM}, place->mode, size));
	if (fcntl(place->listener, F_SETFL, O_NONBLOCK))
		fatal("fcntl");
	epoll_set(l, EPOLL_CTL_ADD, place->listener, EPOLLIN, l);
	epoll_set(l, EPOLL_CTL_ADD, place->stop, EPOLLIN, NULL);
}

static void close_loop(struct epoll_loop *l) {
	table_free(&l->connections, connection_discard);
	free(l->in - HEADROOM);
	free(l->out);
	close(l->epoll);
}

/* set_full turns the listener off while descriptors are short: it would stay readable. */
static void set_full(struct epoll_loop *l, bool full) {
	if (l->full != full)
		epoll_set(l, EPOLL_CTL_MOD, l->place->listener, full ? 0 : EPOLLIN, l);
	l->full = full;
}

static void accept_all(struct epoll_loop *l) {
	for (;;) {
		int fd = accept4(l->place->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			connection_open(l, fd);
			continue;
		}
		switch (errno) {
		case EMFILE: case ENFILE: case ENOBUFS: case ENOMEM:
			set_full(l, true);
			return;
		case EAGAIN:
			set_full(l, false);
			return;
		case EBADF: case EFAULT: case EINVAL: case ENOTSOCK:
			fatal("accept4");
		}
		/* Else it is an error of one connection, which has gone before it was accepted. */
	}
}

/* turn waits for events and handles them; false if one of them is to stop. */
static bool turn(struct epoll_loop *l) {
	struct epoll_event events[EVENTS];
	bool go_on = true;
	int n = epoll_wait(l->epoll, events, EVENTS, l->full ? RETRY : -1);
	if (n < 0 && errno != EINTR)
		fatal("epoll_wait");
	for (int i = 0; i < n; i++) {
		void *of = events[i].data.ptr;
		if (!of)
			go_on = false;
		else if (of == l)
			accept_all(l);
		else
			connection_event(l, of);
	}
	if (l->full)
		accept_all(l);
	return go_on;
}

void epoll_run(const struct place *place) {
	struct epoll_loop l;
	open_loop(&l, place);
	while (turn(&l))
		;
	close_loop(&l);
}
