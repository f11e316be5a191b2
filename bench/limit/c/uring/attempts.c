#include "attempts.h"

#include <stdlib.h>
#include <string.h>

#include "../memory.h"

unsigned attempts_add(struct attempts *a, void *connection) {
	if (a->len == a->cap) {
		a->cap = 2 * a->cap + 64;
		a->at = resize(a->at, a->cap * sizeof *a->at);
	}
	a->at[a->len++] = (struct attempt){connection, ++a->serial};
	return a->serial;
}

void attempts_drop(struct attempts *a, size_t n) {
	a->len -= n;
	if (a->len)
		memmove(a->at, a->at + n, a->len * sizeof *a->at);
}

void attempts_free(struct attempts *a) {
	free(a->at);
	*a = (struct attempts){0};
}
