/* The loops for an ISA with vectors. The file that includes this defines
 *   VECTOR, FLOATS       types of a vector register of integers and of floats
 *   REGISTER             constraint of such a register in inline assembly
 *   INT8_PRODUCTS, FLOAT_PRODUCTS   products of one step
 *   int8_step(sum, a, b), float_step(sum, a, b), spread(byte), spread_float(x), load(p), either(a, b)
 *   fold(v), fold_float(v)   any function of all lanes */
#include "bench/ceilings/loops.h"

/* Whatever the compiler could know about x, it no longer does: no step is computed once for all turns. */
#define OPAQUE(x) __asm__ volatile("" : "+" REGISTER(x))

static uint32_t int8(size_t turns) {
    VECTOR a = spread(3);
    VECTOR b = spread(-5);
#define START(i) VECTOR sum##i = spread(0);
    GB_EACH_CHAIN(START)
#undef START
    for (size_t t = 0; t < turns; t++) {
#define STEP(i)                                                                                                        \
    OPAQUE(a);                                                                                                         \
    sum##i = int8_step(sum##i, a, b);                                                                                  \
    OPAQUE(sum##i);
        GB_EACH_CHAIN(STEP)
#undef STEP
    }
    VECTOR all = sum0;
#define FINISH(i) all = either(all, sum##i);
    GB_EACH_CHAIN(FINISH)
#undef FINISH
    return fold(all);
}

static float floats(size_t turns) {
    FLOATS a = spread_float(0.5F);
    FLOATS b = spread_float(0.25F);
#define START(i) FLOATS sum##i = spread_float(0);
    GB_EACH_CHAIN(START)
#undef START
    for (size_t t = 0; t < turns; t++) {
#define STEP(i)                                                                                                        \
    OPAQUE(a);                                                                                                         \
    sum##i = float_step(sum##i, a, b);                                                                                 \
    OPAQUE(sum##i);
        GB_EACH_CHAIN(STEP)
#undef STEP
    }
    FLOATS all = spread_float(0);
#define FINISH(i) all = float_step(all, sum##i, a);
    GB_EACH_CHAIN(FINISH)
#undef FINISH
    return fold_float(all);
}

static uint32_t read(const void *from, size_t bytes) {
    const char *p = from;
#define START(i) VECTOR x##i = spread(0);
    GB_EACH_LOAD(START)
#undef START
    for (size_t at = 0; at < bytes; at += 8 * sizeof(VECTOR)) {
#define STEP(i)                                                                                                        \
    x##i = either(x##i, load(p + at + i * sizeof(VECTOR)));                                                            \
    OPAQUE(x##i);
        GB_EACH_LOAD(STEP)
#undef STEP
    }
    VECTOR all = x0;
#define FINISH(i) all = either(all, x##i);
    GB_EACH_LOAD(FINISH)
#undef FINISH
    return fold(all);
}

#define GB_VECTOR_LOOPS                                                                                                \
    {                                                                                                                  \
        .int8_ops = 2.0 * INT8_PRODUCTS * GB_CHAINS, .float_ops = 2.0 * FLOAT_PRODUCTS * GB_CHAINS, .int8 = int8,      \
        .floats = floats, .read = read                                                                                 \
    }
