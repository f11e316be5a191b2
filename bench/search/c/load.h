/* A loader loads every byte of p once, as fast as the machine can, and returns how many that were: the limit for every
 * search. choose_loader returns the fastest one that the machine has.
 *
 * Nothing is computed from what was loaded, and asm volatile keeps the loads. What is left behind the last whole step is
 * loaded by vectors too, the last of which overlaps the one before it.
 */
#include <stddef.h>
#include <stdint.h>

struct loader {
	uint64_t (*load)(const char *p, size_t n);
	const char *name;
};

typedef void load_step(const char *);

#if defined(__x86_64__)

static inline __attribute__((always_inline)) void load64_avx512(const char *p) {
	__asm__ volatile("vmovdqu64 %0, %%zmm0" : : "m"(*(const char(*)[64])p) : "xmm0");
}

static inline __attribute__((always_inline)) void load64_avx2(const char *p) {
	__asm__ volatile("vmovdqu %0, %%ymm0\n\tvmovdqu %1, %%ymm1"
			 : : "m"(*(const char(*)[32])p), "m"(*(const char(*)[32])(p + 32)) : "xmm0", "xmm1");
}

static inline __attribute__((always_inline)) void load64_sse2(const char *p) {
	__asm__ volatile("movdqu %0, %%xmm0\n\tmovdqu %1, %%xmm1\n\tmovdqu %2, %%xmm2\n\tmovdqu %3, %%xmm3"
			 : : "m"(*(const char(*)[16])p), "m"(*(const char(*)[16])(p + 16)),
			     "m"(*(const char(*)[16])(p + 32)), "m"(*(const char(*)[16])(p + 48))
			 : "xmm0", "xmm1", "xmm2", "xmm3");
}

#elif defined(__aarch64__)

static inline __attribute__((always_inline)) void load64_neon(const char *p) {
	__asm__ volatile("ldp q0, q1, [%0]\n\tldp q2, q3, [%0, #32]" : : "r"(p), "m"(*(const char(*)[64])p) : "v0", "v1", "v2", "v3");
}

#else

static inline void load64_words(const char *p) {
	for (int i = 0; i < 64; i += 8)
		(void)*(const volatile uint64_t *)(p + i);
}

#endif

/* load_with is the loop, for loads of 64 bytes; it is inlined once for each kind of them. */
static inline __attribute__((always_inline)) uint64_t load_with(load_step *load64, const char *p, size_t n) {
	size_t i = 0;
	for (; n - i >= 512; i += 512) {
#pragma GCC unroll 8
		for (int k = 0; k < 512; k += 64)
			load64(p + i + k);
	}
	for (; n - i >= 64; i += 64)
		load64(p + i);
	if (i < n && n >= 64)
		load64(p + n - 64);
	else
		for (; i < n; i++)
			(void)*(const volatile char *)(p + i);
	return n;
}

#if defined(__x86_64__)

static uint64_t load_avx512(const char *p, size_t n) {
	uint64_t got = load_with(load64_avx512, p, n);
	__asm__ volatile("vzeroupper");
	return got;
}

static uint64_t load_avx2(const char *p, size_t n) {
	uint64_t got = load_with(load64_avx2, p, n);
	__asm__ volatile("vzeroupper");
	return got;
}

static uint64_t load_sse2(const char *p, size_t n) { return load_with(load64_sse2, p, n); }

static struct loader choose_loader(void) {
	if (__builtin_cpu_supports("avx512f"))
		return (struct loader){load_avx512, "AVX-512, 64 bytes a load"};
	if (__builtin_cpu_supports("avx2"))
		return (struct loader){load_avx2, "AVX2, 32 bytes a load"};
	return (struct loader){load_sse2, "SSE2, 16 bytes a load"};
}

#elif defined(__aarch64__)

static uint64_t load_neon(const char *p, size_t n) { return load_with(load64_neon, p, n); }
static struct loader choose_loader(void) { return (struct loader){load_neon, "NEON, 32 bytes a load"}; }

#else

static uint64_t load_words(const char *p, size_t n) { return load_with(load64_words, p, n); }
static struct loader choose_loader(void) { return (struct loader){load_words, "8 bytes a load"}; }

#endif
