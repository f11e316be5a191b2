#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lifetime.h"
#include "listener.h"
#include "memory.h"

struct worker {
	pthread_t thread;
	struct place place;
	loop *run;
};

static void *work(void *arg) {
	const struct worker *w = arg;
	w->run(&w->place);
	return NULL;
}

static void start(struct worker *w) {
	errno = pthread_create(&w->thread, NULL, work, w);
	if (errno)
		fatal("pthread_create");
}

static void join(struct worker *w) {
	errno = pthread_join(w->thread, NULL);
	if (errno)
		fatal("pthread_join");
	close(w->place.listener);
}

static void announce(const struct sockaddr_in *addr) {
	char host[INET_ADDRSTRLEN];
	if (!inet_ntop(AF_INET, &addr->sin_addr, host, sizeof host))
		fatal("inet_ntop");
	if (printf("listening %s:%d\n", host, ntohs(addr->sin_port)) < 0 || fflush(stdout))
		fatal("standard output");
}

/* raise_limit allows as many descriptors as can be allowed, as the runtime of Go does at the start of its programs. */
static void raise_limit(void) {
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		fatal("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		fatal("setrlimit");
}

void serve(struct options options, loop *run) {
	raise_limit();
	int signals = lifetime_begin();
	int stop = eventfd(0, EFD_CLOEXEC);
	if (stop < 0)
		fatal("eventfd");
	struct worker *workers = resize(NULL, options.loops * sizeof *workers);
	/* All listeners are there before the first connection: it is on their number that the kernel's choice depends. */
	for (int i = 0; i < options.loops; i++) {
		struct place place = {listener_open(&options.addr), stop, options.mode};
		workers[i] = (struct worker){.place = place, .run = run};
	}
	for (int i = 0; i < options.loops; i++)
		start(&workers[i]);
	announce(&options.addr);
	lifetime_wait(signals);
	if (eventfd_write(stop, 1))
		fatal("eventfd");
	for (int i = 0; i < options.loops; i++)
		join(&workers[i]);
	free(workers);
	close(stop);
	close(signals);
}
