#include "lines.h"

#include <string.h>

/* answer writes a line as a server would that has made its content: content and end are two pieces. */
static char *answer(char *out, const char *content, size_t n) { return mempcpy(mempcpy(out, content, n), "\r\n", 2); }

size_t lines_answer(struct session *s, const char *data, size_t n, char **out) {
	const char *line = data, *end = data + n, *at = data + s->seen;
	while ((at = memchr(at, '\n', end - at))) {
		at++;
		if (at - line < 2 || at[-2] != '\r')
			continue;
		size_t len = at - 2 - line;
		if (len > LONGEST)
			break;
		*out = answer(*out, line, len);
		line = at;
	}
	s->seen = end - line;
	s->last = at || s->seen > LONGEST + 1; /* too long, with its end or without */
	return line - data;
}
