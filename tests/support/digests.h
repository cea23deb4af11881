/* The golden digests (tests/golden/README.md): every format and operation on documented inputs. */
#ifndef GB_TESTS_DIGESTS_H
#define GB_TESTS_DIGESTS_H

#include <stddef.h>

#include "kernels/registry.h"

enum { GB_DIGESTS_MAX = 4096 };

typedef struct gb_digests {
    char line[GB_DIGESTS_MAX][96]; /* "format operation case xxh3-128" */
    size_t count;
} gb_digests;

/* All of them, by what the cap selects. Not to be called from two threads. */
void gb_digests_compute(gb_digests *d, const gb_cap *cap);

#endif
