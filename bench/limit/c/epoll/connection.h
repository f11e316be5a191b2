/* A connection of a loop on epoll. */
#ifndef EPOLL_CONNECTION_H
#define EPOLL_CONNECTION_H

#include "loop.h"

/* connection_open takes over a descriptor that does not block. */
void connection_open(struct epoll_loop *l, int fd);

/* connection_event does what an event of epoll allows; afterwards the connection may be closed. */
void connection_event(struct epoll_loop *l, void *connection);

/* connection_discard closes a connection that is in the table, if it is open, and gives its memory back. */
void connection_discard(void *connection);

#endif
