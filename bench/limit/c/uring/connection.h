/* A connection of a loop on io_uring. */
#ifndef URING_CONNECTION_H
#define URING_CONNECTION_H

#include "loop.h"

/* connection_open takes over a registered descriptor. */
void connection_open(struct uring_loop *l, unsigned slot);

/* connection_received and connection_sent handle completions, and connection_attempted an attempt of which there is none;
 * afterwards the connection may be closed.
 */
void connection_received(struct uring_loop *l, void *connection, const struct io_uring_cqe *cqe);
void connection_sent(struct uring_loop *l, void *connection, int sent);
void connection_attempted(struct uring_loop *l, struct attempt a);

/* connection_discard gives the memory of a connection back when the ring is closed. */
void connection_discard(void *connection);

#endif
