#include "listener.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include "memory.h"

static void turn_on(int fd, int level, int option) {
	if (setsockopt(fd, level, option, &(int){1}, sizeof(int)))
		fatal("setsockopt");
}

int listener_open(struct sockaddr_in *addr) {
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fatal("socket");
	turn_on(fd, SOL_SOCKET, SO_REUSEADDR);
	turn_on(fd, SOL_SOCKET, SO_REUSEPORT);
	/* On Linux an accepted connection has its listener's TCP_NODELAY, which saves a call for each of them. */
	turn_on(fd, IPPROTO_TCP, TCP_NODELAY);
	if (bind(fd, (struct sockaddr *)addr, sizeof *addr))
		fatal("bind");
	if (listen(fd, BACKLOG))
		fatal("listen");
	if (getsockname(fd, (struct sockaddr *)addr, &(socklen_t){sizeof *addr}))
		fatal("getsockname");
	return fd;
}
