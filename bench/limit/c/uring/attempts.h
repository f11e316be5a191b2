/* Attempts are the sends that do not wait for a socket. The kernel is through with them when it has taken them, and tells
 * only of those that have not sent everything: so the ring is entered once for a message, not a second time to hear of success.
 */
#ifndef ATTEMPTS_H
#define ATTEMPTS_H

#include <stddef.h>

struct attempt {
	void *connection;
	unsigned serial;
};

struct attempts {
	struct attempt *at;
	size_t len, cap;
	unsigned serial; /* of the newest */
};

/* attempts_add notes an attempt of a connection, and returns its serial number. */
unsigned attempts_add(struct attempts *a, void *connection);

/* attempts_drop takes out the n oldest ones. */
void attempts_drop(struct attempts *a, size_t n);

void attempts_free(struct attempts *a);

#endif
