#include "memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void fatal(const char *what) {
	if (errno)
		fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	else
		fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
	exit(1);
}

void *resize(void *p, size_t n) {
	p = realloc(p, n);
	if (!p)
		fatal("memory");
	return p;
}

void *map(size_t n) {
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		fatal("memory");
	return p;
}

void unmap(void *p, size_t n) {
	if (munmap(p, n))
		fatal("munmap");
}
