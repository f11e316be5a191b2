/* A server is some loops, each on a thread of its own with a listener of its own. */
#ifndef SERVER_H
#define SERVER_H

#include "options.h"

struct place {
	int listener; /* the loop's own */
	int stop;     /* readable when the loop has to return; of all loops, so nobody reads it */
	enum mode mode;
};

typedef void loop(const struct place *);

/* serve runs the loops that the options ask for, to the end of the lifetime. */
void serve(struct options options, loop *run);

#endif
