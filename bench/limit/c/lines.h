/* Lines end with CR LF, and each is answered with itself. A lone CR or LF is part of a line. */
#ifndef LINES_H
#define LINES_H

#include "session.h"

/* lines_answer writes a reply for each whole line of data at *out, moves *out behind it, and returns what it has used. */
size_t lines_answer(struct session *s, const char *data, size_t n, char **out);

#endif
