/* A listener is a socket that accepts connections; each loop has its own on the same address. */
#ifndef LISTENER_H
#define LISTENER_H

#include <netinet/in.h>

enum { BACKLOG = 4096 }; /* how many connections the kernel keeps that have not been accepted */

/* listener_open returns a listener on *addr, a blocking one, and puts the port that the kernel chose in place of port 0. */
int listener_open(struct sockaddr_in *addr);

#endif
