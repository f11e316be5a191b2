#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

static void grow(struct table *t, size_t len) {
	t->at = resize(t->at, len * sizeof *t->at);
	memset(t->at + t->len, 0, (len - t->len) * sizeof *t->at);
	t->len = len;
}

void *table_at(struct table *t, size_t descriptor, size_t size) {
	if (descriptor >= t->len)
		grow(t, 2 * descriptor + 16);
	if (!t->at[descriptor])
		t->at[descriptor] = memset(resize(NULL, size), 0, size);
	return t->at[descriptor];
}

void table_free(struct table *t, void (*discard)(void *)) {
	for (size_t i = 0; i < t->len; i++) {
		if (!t->at[i])
			continue;
		discard(t->at[i]);
		free(t->at[i]);
	}
	free(t->at);
	*t = (struct table){0};
}
