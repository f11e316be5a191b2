/* A session is what a server remembers of a connection's input between two reads, and how it answers: the same for both
 * kinds of loop.
 *
 * Input is answered where it was read to. Of what has come only the beginning of an unfinished line or request is copied:
 * to the session, and from there in front of what is read next, where every reader leaves HEADROOM bytes.
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mode { ECHO_MODE, LINE_MODE, HTTP_MODE };

enum {
	LONGEST = 64 << 10,       /* a line without its end, or the head of a request */
	HEADROOM = LONGEST + 64,  /* an unfinished one may have the CR of its end already; 64 keeps what is read aligned */
	READ_SIZE = 64 << 10,     /* of one read */
	STREAM_SIZE = 256 << 10,  /* of one read that is echoed */
};

/* read_size is the most that one read asks for. */
static inline size_t read_size(enum mode mode) { return mode == ECHO_MODE ? STREAM_SIZE : READ_SIZE; }

struct session {
	char *rest; /* the unfinished line or head */
	size_t rest_len, rest_cap;
	size_t seen;   /* how much of it has been searched for its end */
	uint64_t skip; /* how much of a request's body is still to come */
	bool in_body;  /* a request's head has been read, and no reply was written */
	bool closing;  /* it asks for the connection to be closed */
	bool last;     /* nothing is answered after what has been; the connection is to be closed */
	bool clean;    /* and nothing came after that */
};

/* session_room returns how long the reply to n bytes can be. */
size_t session_room(const struct session *s, enum mode mode, size_t n);

/* session_answer answers n bytes at data, as lines or requests. It writes to out and returns the length of the reply. */
size_t session_answer(struct session *s, enum mode mode, char *data, size_t n, char *out);

/* session_reset makes a session ready for another connection, session_free gives its memory back. */
void session_reset(struct session *s);
void session_free(struct session *s);

#endif
