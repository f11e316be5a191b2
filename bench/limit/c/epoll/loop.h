/* A loop on a level-triggered epoll. */
#ifndef EPOLL_LOOP_H
#define EPOLL_LOOP_H

#include "../server.h"
#include "../table.h"

struct epoll_loop {
	const struct place *place;
	int epoll;
	bool full;   /* of connections: accepting has failed, and is tried again in a while */
	char *in;    /* where every read goes to; there is HEADROOM in front of it */
	char *out;   /* where every reply is made; as long as any can be */
	struct table connections;
};

/* epoll_run is the loop. */
void epoll_run(const struct place *place);

/* epoll_set does op on the loop's epoll, for events of fd, which come with data. */
void epoll_set(struct epoll_loop *l, int op, int fd, uint32_t events, void *data);

#endif
