/* q4_0 on NEON. */
#include <float.h>

#include "kernels/neon/blocks32.h"
#include "kernels/neon/wide.h"

#include "kernels/wide/blocks32.h"

enum { BLOCK = 32 };

/* trunc(x * id + 8.5), at most 15, of sixteen elements. A NaN counts as 0; the sum lies in [0.49, 16.51]. */
GB_NEON_INLINE uint8x16_t encode16(const float *x, float id) {
    int32x4_t code[4];
    for (size_t j = 0; j < 4; j++) {
        float32x4_t v = vmulq_n_f32(vld1q_f32(x + 4 * j), id);
        v = vbslq_f32(vceqq_f32(v, v), v, vdupq_n_f32(0.0F));
        code[j] = vminq_s32(vcvtq_s32_f32(vaddq_f32(v, vdupq_n_f32(8.5F))), vdupq_n_s32(15));
    }
    return vreinterpretq_u8_s8(gb_neon_low_bytes(code));
}

static void encode(const float *x, gb_block_q4_0 *b) {
    const float d = gb_neon_first_extreme(x, BLOCK, gb_neon_magnitude(x, BLOCK)) / -8.0F; /* -0 for all-zero x */
    float id = d != 0.0F ? 1.0F / d : 0.0F;
    if (gb_abs_f32(id) > FLT_MAX) id = 0.0F;
    b->d = gb_f16_from_f32(d);
    vst1q_u8(b->qs, vorrq_u8(encode16(x, id), vshlq_n_u8(encode16(x + 16, id), 4)));
}

void gb_q4_0_quantize_neon(const float *x, void *blocks, size_t n, const float *importance) {
    if (importance) {
        gb_wide_q4_0_weighted(x, blocks, n, importance);
        return;
    }
    gb_block_q4_0 *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++) encode(x + k * BLOCK, &b[k]);
}

GB_NEON_INLINE int8x16x2_t codes(const char *block, size_t i) {
    (void)i; /* there are no more */
    return gb_neon_lowered(gb_neon_nibbles(((const gb_block_q4_0 *)block)->qs), 8);
}

static const gb_neon_block32 kind = {.codes = codes, .bytes = sizeof(gb_block_q4_0), .narrow = 1};
GB_NEON_BLOCK32_KERNELS(q4_0, kind)
