#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "lines.h"
#include "memory.h"

size_t session_room(const struct session *s, enum mode mode, size_t n) {
	n += s->rest_len;
	return mode == HTTP_MODE ? http_room(n) : n;
}

/* keep copies what is unfinished. */
static void keep(struct session *s, const char *data, size_t n) {
	if (n > s->rest_cap) {
		size_t cap = s->rest_cap ? s->rest_cap : 256;
		while (cap < n)
			cap *= 2;
		s->rest = resize(s->rest, cap);
		s->rest_cap = cap;
	}
	if (n)
		memcpy(s->rest, data, n);
	s->rest_len = n;
}

size_t session_answer(struct session *s, enum mode mode, char *data, size_t n, char *out) {
	bool full = n == read_size(mode);
	if (s->rest_len) {
		data -= s->rest_len;
		n += s->rest_len;
		memcpy(data, s->rest, s->rest_len);
	}
	char *end = out;
	size_t used = mode == HTTP_MODE ? http_answer(s, data, n, &end) : lines_answer(s, data, n, &end);
	/* A full read may have left something in the socket. */
	s->clean = used == n && !full;
	keep(s, data + used, s->last ? 0 : n - used);
	return end - out;
}

void session_reset(struct session *s) { *s = (struct session){.rest = s->rest, .rest_cap = s->rest_cap}; }

void session_free(struct session *s) {
	free(s->rest);
	*s = (struct session){0};
}
