/* Memory, and the end of the program when there is none: a server without it has nothing left to say to its peers. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>

/* fatal says on standard error what failed, and why if errno tells, and ends the program with code 1. */
__attribute__((noreturn)) void fatal(const char *what);

/* resize is realloc that does not fail. */
void *resize(void *p, size_t n);

/* map returns n zero bytes, page-aligned, of which a page costs memory once it has been touched. unmap returns them. */
void *map(size_t n);
void unmap(void *p, size_t n);

#endif
