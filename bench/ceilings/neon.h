/* What the NEON tiers share; int8_step() is theirs. */
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

static inline unsigned fold(int8x16_t v) {
    return vaddvq_u32(vreinterpretq_u32_s8(v));
}
