#include "lifetime.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "memory.h"

int lifetime_begin(void) {
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	errno = pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (errno)
		fatal("pthread_sigmask");
	int fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		fatal("signalfd");
	return fd;
}

/* input_ended takes what has come on standard input. */
static bool input_ended(void) {
	char ignored[512];
	ssize_t n = read(STDIN_FILENO, ignored, sizeof ignored);
	return n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
}

void lifetime_wait(int signals) {
	struct pollfd fds[] = {{.fd = signals, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
	for (;;) {
		if (poll(fds, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			fatal("poll");
		}
		if (fds[0].revents || (fds[1].revents && input_ended()))
			return;
	}
}
