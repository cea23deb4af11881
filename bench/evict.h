/* Cold caches: the lines of a range are written back and dropped from every level. Translations (TLB) and code stay. */
#ifndef GB_BENCH_EVICT_H
#define GB_BENCH_EVICT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a program can do it on this architecture. */
bool gb_can_evict(void);
void gb_evict(const void *from, size_t bytes);

#endif
