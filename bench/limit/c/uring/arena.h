/* An arena is where the replies of one turn are made, side by side. It is empty again when all that is sent from it has left,
 * and that is before the next turn, since nothing in it waits for a socket: what a socket refuses is copied elsewhere.
 */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

struct arena {
	char *data;
	size_t used;
	unsigned live; /* how many replies have not left yet */
};

void arena_open(struct arena *a);
void arena_close(struct arena *a);

/* arena_room returns room for a reply of n bytes, or NULL. The reply is in the arena when arena_hold is called. */
char *arena_room(const struct arena *a, size_t n);
void arena_hold(struct arena *a, size_t n);

/* arena_release lets go of one reply. */
void arena_release(struct arena *a);

#endif
