#include <arm_neon.h>

#define VECTOR         int8x16_t
#define FLOATS         float32x4_t
#define REGISTER       "w"
#define INT8_PRODUCTS  16
#define FLOAT_PRODUCTS 4
#define spread(x)      vdupq_n_s8(x)
#define spread_float   vdupq_n_f32
#define load(p)        vld1q_s8((const int8_t *)(const void *)(p))
#define either         vorrq_s8
#define float_step     vfmaq_f32
#define fold_float     vaddvq_f32

/* Without the dot product instructions, as the tier's kernels: two multiplications to 16 bits, pairs added to 32. */
static inline int8x16_t int8_step(int8x16_t sum, int8x16_t a, int8x16_t b) {
    const int16x8_t low = vmull_s8(vget_low_s8(a), vget_low_s8(b));
    const int16x8_t both = vmlal_s8(low, vget_high_s8(a), vget_high_s8(b));
    return vreinterpretq_s8_s32(vpadalq_s16(vreinterpretq_s32_s8(sum), both));
}

static inline unsigned fold(int8x16_t v) {
    return vaddvq_u32(vreinterpretq_u32_s8(v));
}

#include "bench/ceilings/vector.h"

const gb_loops gb_loops_neon = GB_VECTOR_LOOPS;
