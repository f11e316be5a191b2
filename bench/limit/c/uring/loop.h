/* A loop on an io_uring. */
#ifndef URING_LOOP_H
#define URING_LOOP_H

#include "../server.h"
#include "../table.h"
#include "arena.h"
#include "attempts.h"
#include "buffers.h"
#include "ring.h"

struct uring_loop {
	const struct place *place;
	struct ring ring;
	struct buffers buffers;
	struct arena arena;
	unsigned slots;    /* how many connections there can be */
	unsigned open;     /* how many there are */
	bool accepting;    /* the kernel has been asked to */
	bool many;         /* and more than once */
	bool resting;      /* accepting has failed, and is tried again in a while */
	struct attempts attempts;
	bool more;         /* an attempt, when it has succeeded, is to be followed by something */
	struct table connections;
};

/* What a completion is of: in the low bits of its user_data, above which is the connection, if it is of one. */
enum what { NOTHING, ACCEPT, RETRY, STOP, RECEIVE, SEND, WHAT_MASK = 7 };

/* uring_run is the loop. */
void uring_run(const struct place *place);

#endif
