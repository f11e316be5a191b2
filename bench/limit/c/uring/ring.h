/* A ring is an io_uring, by its raw system calls. One thread sets it up and uses it. */
#ifndef RING_H
#define RING_H

#include <linux/io_uring.h>
#include <stdbool.h>
#include <stddef.h>

struct ring {
	int fd;
	int enter_fd; /* what io_uring_enter is given: the ring's registered number, which spares a lookup, where there is one */
	unsigned enter_flags;

	unsigned *sq_head, *sq_tail, *sq_flags, sq_mask, sq_entries;
	unsigned tail; /* of what has been asked for; the kernel's sq_tail follows when the ring is entered */
	struct io_uring_sqe *sqes;

	unsigned *cq_head, *cq_tail, cq_mask;
	struct io_uring_cqe *cqes;

	void *rings; /* the memory that is shared with the kernel */
	size_t rings_size, sqes_size;
};

/* ring_check ends the program with code 3, and a message, where there is no io_uring that can do what the server needs. */
void ring_check(void);

void ring_open(struct ring *r);
void ring_close(struct ring *r);

/* ring_sqe returns an empty entry to fill in. It is submitted when the ring is entered; when there is no free one, that is now. */
struct io_uring_sqe *ring_sqe(struct ring *r);

/* ring_enter submits what has been asked for, and waits until there is a completion, if it is told to. */
void ring_enter(struct ring *r, bool wait);

/* ring_register is io_uring_register; negative is an error, by errno. */
int ring_register(struct ring *r, unsigned op, const void *arg, unsigned n);

/* ring_told says whether the kernel has taken everything that was asked for, and every completion so far can be seen. */
bool ring_told(const struct ring *r);

/* ring_peek returns the completion that i others are in front of, or NULL. ring_next takes out the first; false if there is none. */
static inline struct io_uring_cqe *ring_peek(const struct ring *r, unsigned i) {
	unsigned head = *r->cq_head;
	return i < __atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE) - head ? &r->cqes[(head + i) & r->cq_mask] : NULL;
}

static inline bool ring_next(struct ring *r, struct io_uring_cqe *cqe) {
	const struct io_uring_cqe *first = ring_peek(r, 0);
	if (!first)
		return false;
	*cqe = *first;
	__atomic_store_n(r->cq_head, *r->cq_head + 1, __ATOMIC_RELEASE);
	return true;
}

#endif
