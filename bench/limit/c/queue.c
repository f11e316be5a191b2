#include "queue.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

enum {
	SMALLEST = 4 << 10,
	KEPT = 64 << 10, /* more than this is given back when the queue is empty: a peer that was slow once need not be again */
};

char *queue_room(struct queue *q, size_t n) {
	if (q->cap - q->start - q->len >= n)
		return q->data + q->start + q->len;
	if (q->start) {
		memmove(q->data, q->data + q->start, q->len);
		q->start = 0;
	}
	if (q->cap - q->len < n) {
		size_t cap = q->cap ? q->cap : SMALLEST;
		while (cap - q->len < n)
			cap *= 2;
		q->data = resize(q->data, cap);
		q->cap = cap;
	}
	return q->data + q->len;
}

void queue_add(struct queue *q, size_t n) { q->len += n; }

void queue_append(struct queue *q, const char *data, size_t n) {
	memcpy(queue_room(q, n), data, n);
	queue_add(q, n);
}

void queue_drop(struct queue *q, size_t n) {
	q->start += n;
	q->len -= n;
	if (!q->len)
		queue_clear(q);
}

void queue_clear(struct queue *q) {
	if (q->cap > KEPT)
		queue_free(q);
	q->start = q->len = 0;
}

void queue_free(struct queue *q) {
	free(q->data);
	*q = (struct queue){0};
}
