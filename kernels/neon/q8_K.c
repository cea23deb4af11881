/* q8_K on NEON. */
#include "kernels/neon/simd.h"

enum { BLOCK = 256 };

/* gb_nearest_int of reference/number.h: the low mantissa bits of v + 1.5 * 2^23, 0 for a NaN. */
GB_NEON_INLINE int32x4_t nearest_int(float32x4_t v) {
    const float32x4_t t = vaddq_f32(v, vdupq_n_f32(12582912.0F));
    const uint32x4_t low = vandq_u32(vreinterpretq_u32_f32(t), vdupq_n_u32(0x7fffffU));
    const int32x4_t q = vsubq_s32(vreinterpretq_s32_u32(low), vdupq_n_s32(0x400000));
    return vandq_s32(q, vreinterpretq_s32_u32(vceqq_f32(t, t)));
}

static void encode(const float *x, gb_block_q8_K *b) {
    const float magnitude = gb_neon_magnitude(x, BLOCK);
    if (magnitude == 0.0F) {
        memset(b, 0, sizeof *b);
        return;
    }
    const float inverse = -127.0F / gb_neon_first_extreme(x, BLOCK, magnitude);
    b->d = 1.0F / inverse;
    for (size_t s = 0; s < BLOCK / 16; s++) {
        int32x4_t q[4];
        for (size_t j = 0; j < 4; j++) {
            const float32x4_t v = vmulq_n_f32(vld1q_f32(x + 16 * s + 4 * j), inverse);
            q[j] = vminq_s32(nearest_int(v), vdupq_n_s32(127));
        }
        const int8x16_t codes = gb_neon_low_bytes(q);
        vst1q_s8(b->qs + 16 * s, codes);
        b->bsums[s] = vaddlvq_s8(codes);
    }
}

void gb_q8_K_quantize_act_neon(const float *x, void *blocks, size_t n) {
    gb_block_q8_K *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++) encode(x + k * BLOCK, &b[k]);
}

void gb_q8_K_dequantize_neon(const void *blocks, float *x, size_t n) {
    const gb_block_q8_K *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, b++)
        for (size_t i = 0; i < BLOCK; i += 16, x += 16) gb_neon_store_scaled(x, vld1q_s8(b->qs + i), b->d);
}
