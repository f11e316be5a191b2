/* A queue is bytes that wait for a socket. It takes memory when something is put into it, not for each message. */
#ifndef QUEUE_H
#define QUEUE_H

#include <stddef.h>

struct queue {
	char *data; /* the memory; what waits is from data + start on */
	size_t start, len, cap;
};

/* queue_head returns what waits first. */
static inline const char *queue_head(const struct queue *q) { return q->data + q->start; }

/* queue_room returns room for n more bytes behind what waits; queue_add puts in those that were written there. */
char *queue_room(struct queue *q, size_t n);
void queue_add(struct queue *q, size_t n);

/* queue_append copies n bytes. */
void queue_append(struct queue *q, const char *data, size_t n);

/* queue_drop takes the first n bytes out. */
void queue_drop(struct queue *q, size_t n);

/* queue_clear takes out everything, and gives memory back unless it is little. */
void queue_clear(struct queue *q);

/* queue_free gives all memory back. */
void queue_free(struct queue *q);

#endif
