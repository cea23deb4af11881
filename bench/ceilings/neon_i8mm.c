#include "bench/ceilings/neon.h"

/* Twice the products of a register: each byte meets two others. */
#undef INT8_PRODUCTS
#define INT8_PRODUCTS 32

static inline int8x16_t int8_step(int8x16_t sum, int8x16_t a, int8x16_t b) {
    return vreinterpretq_s8_s32(vmmlaq_s32(vreinterpretq_s32_s8(sum), a, b));
}

#include "bench/ceilings/vector.h"

const gb_loops gb_loops_neon_i8mm = GB_VECTOR_LOOPS;
