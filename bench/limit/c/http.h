/* Requests of HTTP/1.1, each of which is answered with the same few bytes when it has come with its body. */
#ifndef HTTP_H
#define HTTP_H

#include "session.h"

/* http_room returns how long the replies to n bytes can be. */
size_t http_room(size_t n);

/* http_answer writes a reply for each whole request of data at *out, moves *out behind it, and returns what it has used. */
size_t http_answer(struct session *s, const char *data, size_t n, char **out);

#endif
