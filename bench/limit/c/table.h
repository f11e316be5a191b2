/* A table holds a loop's connections by their descriptors. What it holds stays where it is, so that events can carry its
 * address, and serves the next connection with the same descriptor.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stddef.h>

struct table {
	void **at;
	size_t len;
};

/* table_at returns the entry of a descriptor, of size bytes; they are zero the first time. */
void *table_at(struct table *t, size_t descriptor, size_t size);

/* table_free hands every entry to discard, and frees all of them. */
void table_free(struct table *t, void (*discard)(void *));

#endif
