/* The searches of glibc, and the read limit, for the driver in the directory above.
 *
 * Descriptor 3 holds the texts and the literals. Each line on standard input asks for one batch:
 *
 *     work literal-offset literal-length text-offset text-length iterations
 *
 * and is answered by one line on standard output: nanoseconds for all iterations, and the answer that each of them gave.
 * The first line on standard output says what was built. What goes wrong ends the program, and is on standard error.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "load.h"

struct job {
	const char *literal, *text;
	size_t literal_len, text_len;
};

typedef uint64_t work(const struct job *);

/* pack is how the driver wants elements answered: their number, and the sum of the places where their contents end. */
static uint64_t pack(uint64_t count, uint64_t sum) { return count << 40 | sum; }

static struct loader loader;

static uint64_t read_all(const struct job *j) { return loader.load(j->text, j->text_len); }

/* search_memchr scans for the literal's first byte by memchr, and compares the rest. */
static const char *search_memchr(const char *p, const char *end, const struct job *j) {
	for (; (size_t)(end - p) >= j->literal_len; p++) {
		p = memchr(p, j->literal[0], end - p - (j->literal_len - 1));
		if (!p)
			return NULL;
		if (j->literal_len == 1 || !memcmp(p + 1, j->literal + 1, j->literal_len - 1))
			return p;
	}
	return NULL;
}

static const char *search_memmem(const char *p, const char *end, const struct job *j) {
	return memmem(p, end - p, j->literal, j->literal_len);
}

typedef const char *search(const char *p, const char *end, const struct job *j);

static inline uint64_t first(search *s, const struct job *j) {
	const char *at = s(j->text, j->text + j->text_len, j);
	return at ? (uint64_t)(at - j->text) : UINT64_MAX;
}

static inline uint64_t every(search *s, const struct job *j) {
	const char *p = j->text, *end = p + j->text_len, *at;
	uint64_t count = 0, sum = 0;
	for (; (at = s(p, end, j)); p = at + j->literal_len) {
		count++;
		sum += at - j->text;
	}
	return pack(count, sum);
}

static uint64_t first_memchr(const struct job *j) { return first(search_memchr, j); }
static uint64_t first_memmem(const struct job *j) { return first(search_memmem, j); }
static uint64_t every_memchr(const struct job *j) { return every(search_memchr, j); }
static uint64_t every_memmem(const struct job *j) { return every(search_memmem, j); }

static const struct {
	const char *name;
	work *run;
} works[] = {
	{"read", read_all},
	{"first_memchr", first_memchr},
	{"first_memmem", first_memmem},
	{"every_memchr", every_memchr},
	{"every_memmem", every_memmem},
};

static void die(const char *why) {
	fprintf(stderr, "search-c: %s\n", why);
	exit(1);
}

static work *find_work(const char *name) {
	for (size_t i = 0; i < sizeof works / sizeof *works; i++)
		if (!strcmp(works[i].name, name))
			return works[i].run;
	die("unknown work");
	return NULL;
}

static int64_t now_ns(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* batch runs the work so many times. The asm keeps the compiler from calling it once for all of them. */
static void batch(work *run, const struct job *j, uint64_t iterations) {
	uint64_t answer = run(j), differ = 0;
	int64_t begin = now_ns();
	for (uint64_t i = 0; i < iterations; i++) {
		__asm__ volatile("" ::: "memory");
		differ |= run(j) ^ answer;
	}
	int64_t elapsed = now_ns() - begin;
	if (differ)
		die("two iterations, two answers");
	printf("%" PRId64 " %" PRIu64 "\n", elapsed, answer);
	fflush(stdout);
}

static const char *map_texts(size_t *size) {
	struct stat st;
	if (fstat(3, &st))
		die("there are no texts on descriptor 3");
	*size = st.st_size;
	void *p = mmap(NULL, *size, PROT_READ, MAP_SHARED | MAP_POPULATE, 3, 0);
	if (p == MAP_FAILED)
		die("mmap failed");
	return p;
}

static void greet(void) {
#ifdef __GLIBC__
	printf("glibc %s, ", gnu_get_libc_version());
#else
	printf("another libc, ");
#endif
	printf("compiler %s, read limit with %s\n", __VERSION__, loader.name);
	fflush(stdout);
}

int main(void) {
	size_t size;
	const char *texts = map_texts(&size);
	loader = choose_loader();
	greet();

	char name[32];
	size_t literal, text;
	struct job j;
	uint64_t iterations;
	while (scanf("%31s %zu %zu %zu %zu %" SCNu64, name, &literal, &j.literal_len, &text, &j.text_len, &iterations) == 6) {
		if (literal > size || j.literal_len > size - literal || text > size || j.text_len > size - text)
			die("outside of the texts");
		j.literal = texts + literal;
		j.text = texts + text;
		batch(find_work(name), &j, iterations);
	}
	return 0;
}
