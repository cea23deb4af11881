#include "harness/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE = 64, HUGE_PAGE = 2 << 20 };

void *gb_new(size_t count, size_t size, const char *what, gb_error *err) {
    size_t bytes = 0;
    size_t padded = 0;
    if (!gb_mul_size(count, size, &bytes) || !gb_add_size(bytes, 64, &padded)) {
        gb_fail(err, GB_ESYSTEM, "%s: %zu elements of %zu bytes do not fit the address space", what, count, size);
        return NULL;
    }
    padded &= ~(size_t)63; /* aligned_alloc wants a multiple of the alignment; bytes + 64 rounded down covers bytes */
    void *p = aligned_alloc(64, padded);
    if (!p) {
        gb_fail(err, GB_ESYSTEM, "%s: out of memory (%zu bytes)", what, bytes);
        return NULL;
    }
    memset(p, 0, padded);
    return p;
}

void *gb_new_stream(size_t bytes, const char *what, gb_error *err) {
    const size_t alignment = bytes < HUGE_PAGE ? LINE : HUGE_PAGE;
    size_t padded = 0;
    void *p = NULL;
    if (gb_add_size(bytes, alignment, &padded)) p = aligned_alloc(alignment, padded & ~(alignment - 1));
    if (!p) {
        gb_fail(err, GB_ESYSTEM, "%s: out of memory (%zu bytes)", what, bytes);
        return NULL;
    }
    if (alignment == HUGE_PAGE) (void)madvise(p, padded & ~(alignment - 1), MADV_HUGEPAGE); /* small ones serve too */
    return p;
}
