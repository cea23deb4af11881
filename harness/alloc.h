/* Checked sizes and allocations: every size computation on untrusted numbers goes through these. */
#ifndef GB_HARNESS_ALLOC_H
#define GB_HARNESS_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/error.h"

/* *out = a * b (or a + b); false on overflow, *out then unspecified. */
static inline bool gb_mul_size(size_t a, size_t b, size_t *out) {
    return !__builtin_mul_overflow(a, b, out);
}
static inline bool gb_add_size(size_t a, size_t b, size_t *out) {
    return !__builtin_add_overflow(a, b, out);
}

/* Zeroed array of count elements aligned to 64 bytes (cache line, widest vector). NULL and *err on overflow or no
 * memory; `what` names the thing for the message. Free with free(). count == 0 gives a valid pointer. */
void *gb_new(size_t count, size_t size, const char *what, gb_error *err);

/* Memory that is walked through again and again, in pages as large as the system gives: the same, but not zeroed and
 * not touched, so that whoever writes first decides where its pages lie. */
void *gb_new_stream(size_t bytes, const char *what, gb_error *err);

#endif
