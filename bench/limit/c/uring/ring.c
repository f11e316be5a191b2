#include "ring.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../memory.h"

enum {
	SUBMISSIONS = 4096,
	COMPLETIONS = 16384,
	UNAVAILABLE = 3, /* the exit code */
};

/* setup returns a ring's descriptor, negative on an error. One issuer is what came with the same kernel as receiving many
 * times, so it is not done without; completions that wait until they are asked for came one version later.
 */
static int setup(struct io_uring_params *p) {
	const unsigned always = IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER |
				IORING_SETUP_COOP_TASKRUN;
	const unsigned flags[] = {always | IORING_SETUP_DEFER_TASKRUN, always};
	int fd = -1;
	for (int i = 0; i < 2 && fd < 0; i++) {
		*p = (struct io_uring_params){.flags = flags[i], .cq_entries = COMPLETIONS};
		fd = syscall(__NR_io_uring_setup, SUBMISSIONS, p);
		if (fd < 0 && errno != EINVAL)
			break;
	}
	return fd;
}

void ring_check(void) {
	struct io_uring_params p;
	int fd = setup(&p);
	if (fd >= 0) {
		close(fd);
		return;
	}
	const char *why = errno == EINVAL ? "the kernel is older than 6.0" : strerror(errno);
	fprintf(stderr, "%s: io_uring is not available: %s\n", program_invocation_short_name, why);
	exit(UNAVAILABLE);
}

static void *shared(int fd, size_t n, off_t what) {
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, what);
	if (p == MAP_FAILED)
		fatal("io_uring memory");
	return p;
}

/* share maps the rings: both are in one piece since Linux 5.4. */
static void share(struct ring *r, const struct io_uring_params *p) {
	size_t sq = p->sq_off.array + p->sq_entries * sizeof(unsigned);
	size_t cq = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
	r->rings_size = sq > cq ? sq : cq;
	char *rings = r->rings = shared(r->fd, r->rings_size, IORING_OFF_SQ_RING);
	r->sq_head = (unsigned *)(rings + p->sq_off.head);
	r->sq_tail = (unsigned *)(rings + p->sq_off.tail);
	r->sq_flags = (unsigned *)(rings + p->sq_off.flags);
	r->sq_mask = p->sq_entries - 1;
	r->sq_entries = p->sq_entries;
	r->cq_head = (unsigned *)(rings + p->cq_off.head);
	r->cq_tail = (unsigned *)(rings + p->cq_off.tail);
	r->cq_mask = p->cq_entries - 1;
	r->cqes = (struct io_uring_cqe *)(rings + p->cq_off.cqes);
	unsigned *order = (unsigned *)(rings + p->sq_off.array);
	for (unsigned i = 0; i < p->sq_entries; i++)
		order[i] = i;
	r->sqes_size = p->sq_entries * sizeof *r->sqes;
	r->sqes = shared(r->fd, r->sqes_size, IORING_OFF_SQES);
}

/* use_number spares the kernel a lookup at every entry, if it can. */
static void use_number(struct ring *r) {
	struct io_uring_rsrc_update number = {.offset = -1U, .data = r->fd};
	r->enter_fd = r->fd;
	if (ring_register(r, IORING_REGISTER_RING_FDS, &number, 1) == 1) {
		r->enter_fd = number.offset;
		r->enter_flags = IORING_ENTER_REGISTERED_RING;
	}
}

void ring_open(struct ring *r) {
	struct io_uring_params p;
	*r = (struct ring){.fd = setup(&p)};
	if (r->fd < 0)
		fatal("io_uring_setup");
	share(r, &p);
	use_number(r);
}

void ring_close(struct ring *r) {
	munmap(r->sqes, r->sqes_size);
	munmap(r->rings, r->rings_size);
	struct io_uring_rsrc_update number = {.offset = r->enter_fd};
	if (r->enter_flags)
		ring_register(r, IORING_UNREGISTER_RING_FDS, &number, 1);
	close(r->fd);
}

static unsigned pending(const struct ring *r) { return r->tail - __atomic_load_n(r->sq_head, __ATOMIC_ACQUIRE); }

static void enter(struct ring *r, unsigned wait, unsigned flags) {
	__atomic_store_n(r->sq_tail, r->tail, __ATOMIC_RELEASE);
	long n = syscall(__NR_io_uring_enter, r->enter_fd, pending(r), wait, r->enter_flags | flags, NULL, 0);
	/* These pass: what has not been submitted is the next time. */
	if (n < 0 && errno != EINTR && errno != EAGAIN && errno != EBUSY)
		fatal("io_uring_enter");
}

void ring_enter(struct ring *r, bool wait) { enter(r, wait, IORING_ENTER_GETEVENTS); }

struct io_uring_sqe *ring_sqe(struct ring *r) {
	if (pending(r) == r->sq_entries) {
		enter(r, 0, 0);
		errno = 0;
		if (pending(r) == r->sq_entries)
			fatal("io_uring takes no submissions");
	}
	struct io_uring_sqe *sqe = &r->sqes[r->tail++ & r->sq_mask];
	memset(sqe, 0, sizeof *sqe);
	return sqe;
}

bool ring_told(const struct ring *r) {
	return !pending(r) && !(__atomic_load_n(r->sq_flags, __ATOMIC_RELAXED) & IORING_SQ_CQ_OVERFLOW);
}

int ring_register(struct ring *r, unsigned op, const void *arg, unsigned n) {
	return syscall(__NR_io_uring_register, r->fd, op, arg, n);
}
