/* Buffers are what a ring receives into: the kernel takes one when something has come, and gets it back by buffers_return.
 *
 * The kernel uses them in turn, all of them, so it is given few at first, which stay in the cache, and more when those were
 * not enough for the connections that had something at the same time.
 */
#ifndef BUFFERS_H
#define BUFFERS_H

#include <stddef.h>

#include "ring.h"

enum { BUFFER_GROUP = 0 };

struct buffers {
	struct io_uring_buf_ring *ring; /* shared with the kernel */
	char *memory;
	size_t size, stride; /* of a buffer, and from one to the next */
	unsigned count, most;
	unsigned short tail;
};

void buffers_open(struct buffers *b, struct ring *r, size_t size);
void buffers_close(struct buffers *b);

/* buffers_at returns the memory of a buffer; there is HEADROOM in front of it. */
char *buffers_at(const struct buffers *b, unsigned id);

/* buffers_return gives a buffer back to the kernel. */
void buffers_return(struct buffers *b, unsigned id);

/* buffers_add gives the kernel as many buffers again, unless there are enough. */
void buffers_add(struct buffers *b);

#endif
