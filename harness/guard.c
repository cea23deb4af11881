#include "harness/guard.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/alloc.h"

enum { CANARY = 256, MAX_SHIFT = 128 };

static size_t page_size(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

int gb_guard_reserve(gb_guard *g, size_t size, gb_error *err) {
    const size_t page = page_size();
    size_t padded = 0;
    if (!gb_add_size(size, MAX_SHIFT + 3 * page, &padded))
        return gb_fail(err, GB_ESYSTEM, "guarded buffer: %zu bytes do not fit the address space", size);
    const size_t total = padded / page * page; /* one page each side and at least size + MAX_SHIFT between them */
    uint8_t *map = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return gb_fail(err, GB_ESYSTEM, "guarded buffer: cannot map %zu bytes: %s", total, strerror(errno));
    if (mprotect(map + page, total - 2 * page, PROT_READ | PROT_WRITE) != 0) {
        const int why = errno;
        munmap(map, total);
        return gb_fail(err, GB_ESYSTEM, "guarded buffer: mprotect failed: %s", strerror(why));
    }
    *g = (gb_guard){.room = map + page, .room_size = total - 2 * page, .data = map + page, .size = 0};
    return GB_OK;
}

void gb_guard_free(gb_guard *g) {
    const size_t page = page_size();
    if (g->room) munmap(g->room - page, g->room_size + 2 * page);
    *g = (gb_guard){0};
}

/* Depends on the address, so that a shifted copy of the canaries is no canary. */
static uint8_t canary(const uint8_t *p) {
    return (uint8_t)(0xc3U ^ ((uintptr_t)p * 29U & 0xffU));
}

/* The canary ranges before and after the data. */
static void ranges(const gb_guard *g, uint8_t *begin[2], uint8_t *end[2]) {
    uint8_t *after = g->data + g->size;
    const size_t below = (size_t)(g->data - g->room);
    const size_t above = (size_t)(g->room + g->room_size - after);
    begin[0] = g->data - (below < CANARY ? below : CANARY);
    end[0] = g->data;
    begin[1] = after;
    end[1] = after + (above < CANARY ? above : CANARY);
}

uint8_t *gb_guard_place(gb_guard *g, size_t size, gb_place place, size_t shift) {
    assert(shift < MAX_SHIFT && size + shift <= g->room_size);
    g->data = place == GB_AT_END ? g->room + g->room_size - size - shift : g->room + shift;
    g->size = size;
    uint8_t *begin[2];
    uint8_t *end[2];
    ranges(g, begin, end);
    for (int side = 0; side < 2; side++)
        for (uint8_t *p = begin[side]; p < end[side]; p++) *p = canary(p);
    return g->data;
}

bool gb_guard_intact(const gb_guard *g, ptrdiff_t *where) {
    uint8_t *begin[2];
    uint8_t *end[2];
    ranges(g, begin, end);
    for (int side = 0; side < 2; side++) {
        for (const uint8_t *p = begin[side]; p < end[side]; p++) {
            if (*p == canary(p)) continue;
            *where = p - g->data;
            return false;
        }
    }
    return true;
}

bool gb_guard_owns(const gb_guard *g, const void *address, ptrdiff_t *where) {
    const uintptr_t a = (uintptr_t)address;
    const uintptr_t page = page_size();
    const uintptr_t room = (uintptr_t)g->room;
    if (!g->room || a < room - page || a >= room + g->room_size + page) return false;
    *where = (ptrdiff_t)(a - (uintptr_t)g->data);
    return true;
}
