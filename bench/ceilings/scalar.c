#include "bench/ceilings/loops.h"

#define OPAQUE_INT(x) __asm__ volatile("" : "+r"(x))
#if defined(__x86_64__)
#define OPAQUE_FLOAT(x) __asm__ volatile("" : "+x"(x))
#else
#define OPAQUE_FLOAT(x) __asm__ volatile("" : "+w"(x))
#endif

/* Four chains: integer multiplications finish within three or four cycles, one a cycle, and registers are few. */
#define EACH_INT(X) X(0) X(1) X(2) X(3)

static uint32_t int8(size_t turns) {
    int32_t a = 3;
#define START(i) uint32_t sum##i = 0;
    EACH_INT(START)
#undef START
    for (size_t t = 0; t < turns; t++) {
        int32_t b = -5;
#define STEP(i)                                                                                                        \
    OPAQUE_INT(b);                                                                                                     \
    sum##i += (uint32_t)(a * b);                                                                                       \
    OPAQUE_INT(sum##i);
        OPAQUE_INT(a);
        EACH_INT(STEP)
#undef STEP
    }
    return sum0 + sum1 + sum2 + sum3;
}

static float floats(size_t turns) {
    float a = 0.5F;
#define START(i) float sum##i = 0;
    GB_EACH_CHAIN(START)
#undef START
    for (size_t t = 0; t < turns; t++) {
        float b = 0.25F;
#define STEP(i)                                                                                                        \
    OPAQUE_FLOAT(b);                                                                                                   \
    sum##i = sum##i + a * b;                                                                                           \
    OPAQUE_FLOAT(sum##i);
        OPAQUE_FLOAT(a);
        GB_EACH_CHAIN(STEP)
#undef STEP
    }
    return sum0 + sum1 + sum2 + sum3 + sum4 + sum5 + sum6 + sum7 + sum8 + sum9;
}

static uint32_t read(const void *from, size_t bytes) {
    const uint64_t *p = from;
#define START(i) uint64_t x##i = 0;
    GB_EACH_LOAD(START)
#undef START
    for (size_t at = 0; at < bytes / sizeof *p; at += 8) {
#define STEP(i)                                                                                                        \
    x##i |= p[at + i];                                                                                                 \
    OPAQUE_INT(x##i);
        GB_EACH_LOAD(STEP)
#undef STEP
    }
    const uint64_t all = x0 | x1 | x2 | x3 | x4 | x5 | x6 | x7;
    return (uint32_t)(all ^ all >> 32);
}

const gb_loops gb_loops_scalar = {
    .int8_ops = 2 * 4, .float_ops = 2 * GB_CHAINS, .int8 = int8, .floats = floats, .read = read};
