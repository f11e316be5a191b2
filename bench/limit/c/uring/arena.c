#include "arena.h"

#include <stdlib.h>

#include "../memory.h"

enum { SIZE = 4 << 20 };

void arena_open(struct arena *a) { *a = (struct arena){.data = resize(NULL, SIZE)}; }

void arena_close(struct arena *a) { free(a->data); }

char *arena_room(const struct arena *a, size_t n) { return n <= SIZE - a->used ? a->data + a->used : NULL; }

void arena_hold(struct arena *a, size_t n) {
	a->used += n;
	a->live++;
}

void arena_release(struct arena *a) {
	if (!--a->live)
		a->used = 0;
}
