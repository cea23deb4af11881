/* q8_0 on NEON. */
#include <float.h>

#include "kernels/neon/blocks32.h"

enum { BLOCK = 32 };

static void encode(const float *x, gb_block_q8_0 *b) {
    const float d = gb_neon_magnitude(x, BLOCK) / 127.0F;
    float id = d != 0.0F ? 1.0F / d : 0.0F;
    if (id > FLT_MAX) id = 0.0F;
    b->d = gb_f16_from_f32(d);
    for (size_t h = 0; h < BLOCK; h += 16) {
        int32x4_t q[4];
        /* fcvtas: ties away from zero, NaN to 0; |x * id| < 127.5, so nothing saturates */
        for (size_t j = 0; j < 4; j++) q[j] = vcvtaq_s32_f32(vmulq_n_f32(vld1q_f32(x + h + 4 * j), id));
        vst1q_s8(b->qs + h, gb_neon_low_bytes(q));
    }
}

void gb_q8_0_quantize_act_neon(const float *x, void *blocks, size_t n) {
    gb_block_q8_0 *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++) encode(x + k * BLOCK, &b[k]);
}

void gb_q8_0_quantize_neon(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance; /* nothing is searched */
    gb_q8_0_quantize_act_neon(x, blocks, n);
}

void gb_q8_0_dequantize_neon(const void *blocks, float *x, size_t n) {
    const gb_block_q8_0 *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, b++, x += BLOCK) {
        const float d = gb_neon_load_scale(b);
        gb_neon_store_scaled(x, vld1q_s8(b->qs), d);
        gb_neon_store_scaled(x + 16, vld1q_s8(b->qs + 16), d);
    }
}

GB_NEON_INLINE int8x16x2_t codes(const char *block) {
    const gb_block_q8_0 *b = (const gb_block_q8_0 *)block;
    return (int8x16x2_t){{vld1q_s8(b->qs), vld1q_s8(b->qs + 16)}};
}

GB_NEON_INLINE void tile(const char *w, size_t w_stride, size_t rows, const char *a, size_t a_stride, size_t cols,
                         size_t n, float32x4_t *acc) {
    const gb_neon_block32 kind = {.codes = codes, .bytes = sizeof(gb_block_q8_0), .narrow = 0};
    gb_neon_block32_tile(kind, w, w_stride, rows, a, a_stride, cols, n, acc);
}

float gb_q8_0_dot_neon(const void *w, const void *a, size_t n) {
    return gb_neon_dot(w, a, n, tile);
}

void gb_q8_0_gemv_neon(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    gb_neon_gemv(w, w_stride, rows, a, n, y, tile);
}

void gb_q8_0_gemm_neon(const gb_gemm_args *g) {
    gb_neon_gemm(g, tile, GB_TILE_COLS);
}
