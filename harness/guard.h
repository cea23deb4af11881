/* Hostile buffers: memory between two inaccessible pages, with the data pushed against one of them, so that one byte
 * read or written too far is a SIGSEGV, and canary bytes on the other side, so that a write there is seen too. */
#ifndef GB_HARNESS_GUARD_H
#define GB_HARNESS_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/error.h"

typedef enum gb_place {
    GB_AT_END,   /* the last byte (plus shift) touches the page after */
    GB_AT_START, /* the first byte (minus shift) touches the page before */
} gb_place;

typedef struct gb_guard {
    uint8_t *room; /* accessible bytes, whole pages; NULL before gb_guard_reserve */
    size_t room_size;
    uint8_t *data; /* as last placed */
    size_t size;
} gb_guard;

/* Room for `size` bytes with any shift below 128. May be called once per guard (zero-initialized before). */
int gb_guard_reserve(gb_guard *g, size_t size, gb_error *err);
void gb_guard_free(gb_guard *g);

/* Places `size` bytes, `shift` bytes (< 128) away from the page, and writes the canaries around them (up to 256 bytes
 * on each side, `shift` bytes towards the near page). The data is left as it is. size + shift must fit the room. */
uint8_t *gb_guard_place(gb_guard *g, size_t size, gb_place place, size_t shift);

/* True if all canaries stand; else *where is the offset of the first damaged one from the first byte of data. */
bool gb_guard_intact(const gb_guard *g, ptrdiff_t *where);

/* Does an address lie in this buffer or on its two pages? Then *where is its offset from the first byte of data. */
bool gb_guard_owns(const gb_guard *g, const void *address, ptrdiff_t *where);

#endif
