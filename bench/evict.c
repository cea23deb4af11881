#include "bench/evict.h"

#include <stdint.h>

#if defined(__x86_64__)
#include <emmintrin.h>

enum { LINE = 64 };

bool gb_can_evict(void) {
    return true;
}

void gb_evict(const void *from, size_t bytes) {
    const char *p = from;
    for (size_t i = 0; i < bytes; i += LINE) _mm_clflush(p + i);
    if (bytes) _mm_clflush(p + bytes - 1); /* a range that begins inside a line */
    _mm_mfence();
}

#elif defined(__aarch64__)

/* CTR_EL0.DminLine: the smallest line of any data cache, as log2 of words. Linux lets programs read it and clean lines.
 */
static size_t line_bytes(void) {
    uint64_t ctr = 0;
    __asm__("mrs %0, ctr_el0" : "=r"(ctr));
    return (size_t)4 << (ctr >> 16 & 15U);
}

bool gb_can_evict(void) {
    return true;
}

void gb_evict(const void *from, size_t bytes) {
    const size_t line = line_bytes();
    const uintptr_t end = (uintptr_t)from + bytes;
    for (uintptr_t p = (uintptr_t)from & ~(uintptr_t)(line - 1); p < end; p += line)
        __asm__ volatile("dc civac, %0" ::"r"(p) : "memory");
    __asm__ volatile("dsb sy" ::: "memory");
}

#else

bool gb_can_evict(void) {
    return false;
}

void gb_evict(const void *from, size_t bytes) {
    (void)from;
    (void)bytes;
}

#endif
