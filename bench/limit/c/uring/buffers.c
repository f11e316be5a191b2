#include "buffers.h"

#include <errno.h>
#include <stdint.h>

#include "../memory.h"
#include "../session.h"

enum {
	FEWEST = 16,
	ALL = 64 << 20, /* bytes */
};

static size_t ring_size(const struct buffers *b) { return b->most * sizeof(struct io_uring_buf); }

void buffers_open(struct buffers *b, struct ring *r, size_t size) {
	/* HEADROOM is an odd number of cache lines, so that the beginnings of the buffers do not share a set of the cache. */
	*b = (struct buffers){.size = size, .stride = HEADROOM + size, .most = ALL / size};
	b->ring = map(ring_size(b));
	b->memory = map(b->most * b->stride);
	struct io_uring_buf_reg reg = {.ring_addr = (uintptr_t)b->ring, .ring_entries = b->most, .bgid = BUFFER_GROUP};
	if (ring_register(r, IORING_REGISTER_PBUF_RING, &reg, 1))
		fatal("io_uring buffers");
	while (b->count < FEWEST)
		buffers_return(b, b->count++);
}

void buffers_close(struct buffers *b) {
	unmap(b->memory, b->most * b->stride);
	unmap(b->ring, ring_size(b));
}

char *buffers_at(const struct buffers *b, unsigned id) { return b->memory + id * b->stride + HEADROOM; }

void buffers_return(struct buffers *b, unsigned id) {
	/* Field by field: the first entry's last one is the ring's tail. */
	struct io_uring_buf *buf = &b->ring->bufs[b->tail & (b->most - 1)];
	buf->addr = (uintptr_t)buffers_at(b, id);
	buf->len = b->size;
	buf->bid = id;
	__atomic_store_n(&b->ring->tail, ++b->tail, __ATOMIC_RELEASE);
}

void buffers_add(struct buffers *b) {
	unsigned target = 2 * b->count < b->most ? 2 * b->count : b->most;
	while (b->count < target)
		buffers_return(b, b->count++);
}
