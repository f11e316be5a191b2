#include "http.h"

#include <string.h>
#include <strings.h>
#include <sys/types.h>

static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";
static const char refusal[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
static const char shortest[] = "G / HTTP/1.1\r\n\r\n";

_Static_assert(sizeof refusal <= sizeof reply, "http_room counts on it");

/* One request may have come with its last byte only, before the others. */
size_t http_room(size_t n) { return (n / (sizeof shortest - 1) + 1) * (sizeof reply - 1); }

struct request {
	uint64_t length; /* of its body */
	bool has_length, close;
};

/* A text is bytes of the input; its end is behind them. */
struct text {
	const char *p, *end;
};

static size_t length(struct text t) { return t.end - t.p; }

static bool is(struct text t, const char *name, size_t n) { return length(t) == n && !strncasecmp(t.p, name, n); }

#define IS(t, name) is(t, name, sizeof name - 1)

static bool blank(char c) { return c == ' ' || c == '\t'; }

static struct text trim(struct text t) {
	while (t.p < t.end && blank(*t.p))
		t.p++;
	while (t.p < t.end && blank(t.end[-1]))
		t.end--;
	return t;
}

/* cut returns what is in front of c, and leaves in *t what is behind it; false if there is no c. */
static bool cut(struct text *t, char c, struct text *front) {
	const char *at = memchr(t->p, c, length(*t));
	if (!at)
		return false;
	*front = (struct text){t->p, at};
	t->p = at + 1;
	return true;
}

static bool parse_request_line(struct text line, struct request *r) {
	struct text method, target;
	if (!cut(&line, ' ', &method) || !cut(&line, ' ', &target) || !length(method) || !length(target))
		return false;
	if (length(line) != 8 || memcmp(line.p, "HTTP/1.", 7) || (line.p[7] != '0' && line.p[7] != '1'))
		return false;
	r->close = line.p[7] == '0';
	return true;
}

static bool parse_length(struct text value, struct request *r) {
	uint64_t n = 0;
	if (!length(value) || length(value) > 18) /* no overflow */
		return false;
	for (; value.p < value.end; value.p++) {
		if (*value.p < '0' || *value.p > '9')
			return false;
		n = 10 * n + (*value.p - '0');
	}
	bool contradicts = r->has_length && r->length != n;
	r->has_length = true;
	r->length = n;
	return !contradicts;
}

static void parse_connection(struct text value, struct request *r) {
	for (struct text option; length(value);) {
		if (!cut(&value, ',', &option)) {
			option = value;
			value.p = value.end;
		}
		r->close |= IS(trim(option), "close");
	}
}

static bool parse_header(struct text line, struct request *r) {
	struct text name;
	if (!cut(&line, ':', &name) || !length(name) || blank(*name.p) || blank(name.end[-1]))
		return false;
	if (IS(name, "connection"))
		parse_connection(line, r);
	else if (IS(name, "content-length"))
		return parse_length(trim(line), r);
	else if (IS(name, "transfer-encoding"))
		return false; /* chunks are not for this server */
	return true;
}

enum { UNFINISHED = 0, BAD = -1 };

/* parse reads a head and returns its length. */
static ssize_t parse(const char *data, const char *end, struct request *r) {
	struct text rest = {data, end}, line;
	for (bool first = true; cut(&rest, '\n', &line); first = false) {
		if (!length(line) || line.end[-1] != '\r')
			return BAD;
		line.end--;
		if (!first && !length(line))
			return rest.p - data;
		bool ok = first ? parse_request_line(line, r) : parse_header(line, r);
		if (!ok)
			return BAD;
	}
	return UNFINISHED;
}

/* head is parse, of a head that seen bytes were not enough for: what comes bytewise is not parsed as often. */
static ssize_t head(size_t seen, const char *data, const char *end, struct request *r) {
	ssize_t n = UNFINISHED;
	size_t from = seen < 3 ? 0 : seen - 3;
	if (!seen || memmem(data + from, end - data - from, "\r\n\r\n", 4))
		n = parse(data, end, r);
	if (n == UNFINISHED ? end - data > LONGEST : n > LONGEST)
		return BAD;
	return n;
}

/* take_body skips what there is of a body, and says whether that was all. */
static bool take_body(struct session *s, const char **p, const char *end) {
	uint64_t n = end - *p;
	if (n > s->skip)
		n = s->skip;
	*p += n;
	s->skip -= n;
	return !s->skip;
}

size_t http_answer(struct session *s, const char *data, size_t n, char **out) {
	const char *p = data, *end = data + n;
	while (p < end && !s->last) {
		if (!s->in_body) {
			struct request r = {0};
			ssize_t len = head(s->seen, p, end, &r);
			if (len == UNFINISHED) {
				s->seen = end - p;
				break;
			}
			s->seen = 0;
			if (len == BAD) {
				*out = mempcpy(*out, refusal, sizeof refusal - 1);
				s->last = true;
				break;
			}
			p += len;
			s->in_body = true;
			s->skip = r.length;
			s->closing = r.close;
		}
		if (!take_body(s, &p, end))
			break;
		*out = mempcpy(*out, reply, sizeof reply - 1);
		s->in_body = false;
		s->last = s->closing;
	}
	return p - data;
}
