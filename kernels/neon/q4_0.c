/* q4_0 on NEON. */
#include "kernels/neon/vec16.h"
#include "kernels/neon/wide.h"

#include "kernels/q4_0.h"
#include "kernels/vec16/q4_0.h"
#include "kernels/wide/blocks32.h"

enum { BLOCK = 32 };

/* trunc(x * id + 8.5), at most 15, of sixteen elements. A NaN counts as 0; the sum lies in [0.49, 16.51]. */
GB_INLINE uint8x16_t encode16(const float *x, float id) {
    int32x4_t code[4];
    for (size_t j = 0; j < 4; j++) {
        float32x4_t v = vmulq_n_f32(vld1q_f32(x + 4 * j), id);
        v = vbslq_f32(vceqq_f32(v, v), v, vdupq_n_f32(0.0F));
        code[j] = vminq_s32(vcvtq_s32_f32(vaddq_f32(v, vdupq_n_f32(8.5F))), vdupq_n_s32(15));
    }
    return gb_v_low_bytes(code);
}

GB_INLINE float extreme(const float *x) {
    return gb_v_first_extreme(x, BLOCK, gb_v_magnitude(x, BLOCK));
}

GB_INLINE void encode_codes(const float *x, float id, uint8_t qs[16]) {
    vst1q_u8(qs, vorrq_u8(encode16(x, id), vshlq_n_u8(encode16(x + 16, id), 4)));
}

GB_Q4_0_ENCODER(neon, gb_wide_q4_0_weighted, gb_f16_from_f32)
GB_BLOCK32_KERNELS(q4_0, neon)
