/* The dot of formats with 32 codes and one f16 scale against q8_0, or with scale and minimum against q8_1. */
#ifndef GB_NEON_BLOCKS32_H
#define GB_NEON_BLOCKS32_H

#include <float.h>

#include "kernels/neon/simd.h"

/* A weight format: the codes of one block in natural order, and a block's size. The f16 scale comes first. */
typedef struct gb_neon_block32 {
    int8x16x2_t (*codes)(const char *block);
    size_t bytes;
    int narrow; /* codes fit gb_neon_products32 */
    int affine; /* an f16 minimum follows the scale; activations are q8_1 */
} gb_neon_block32;

/* Four partial sums of 32 products. Bytes of -128 on both sides give 2^14, two of which overflow 16 bits, so every
 * product is widened by itself unless the codes are known to be small. */
GB_NEON_INLINE int32x4_t gb_neon_sums32(int8x16x2_t w, int8x16x2_t q, int narrow) {
    if (narrow) return vpaddlq_s16(gb_neon_products32(w.val[0], w.val[1], q.val[0], q.val[1]));
    int32x4_t sum = vpaddlq_s16(vmull_s8(vget_low_s8(w.val[0]), vget_low_s8(q.val[0])));
    sum = vpadalq_s16(sum, vmull_high_s8(w.val[0], q.val[0]));
    sum = vpadalq_s16(sum, vmull_s8(vget_low_s8(w.val[1]), vget_low_s8(q.val[1])));
    return vpadalq_s16(sum, vmull_high_s8(w.val[1], q.val[1]));
}

/* Codes of 32 elements, the largest magnitude 127; returns the unrounded scale. */
GB_NEON_INLINE float gb_neon_encode32(const float *x, int8_t qs[32]) {
    const float d = gb_neon_magnitude(x, 32) / 127.0F;
    float id = d != 0.0F ? 1.0F / d : 0.0F;
    if (id > FLT_MAX) id = 0.0F;
    for (size_t h = 0; h < 32; h += 16) {
        int32x4_t q[4];
        /* fcvtas: ties away from zero, NaN to 0; |x * id| < 127.5, so nothing saturates */
        for (size_t j = 0; j < 4; j++) q[j] = vcvtaq_s32_f32(vmulq_n_f32(vld1q_f32(x + h + 4 * j), id));
        vst1q_s8(qs + h, gb_neon_low_bytes(q));
    }
    return d;
}

/* 32 elements: x = code * d, or code * d + m. */
GB_NEON_INLINE void gb_neon_dequantize32(gb_neon_block32 kind, const char *block, float *x) {
    const int8x16x2_t code = kind.codes(block);
    const float d = gb_neon_load_scale(block);
    const float m = kind.affine ? gb_neon_load_scale(block + sizeof(uint16_t)) : 0.0F;
    for (size_t h = 0; h < 2; h++) {
        const float32x4x4_t f = gb_neon_f32_from_i8(code.val[h]);
        for (size_t j = 0; j < 4; j++) {
            const float32x4_t v = vmulq_n_f32(f.val[j], d);
            vst1q_f32(x + 16 * h + 4 * j, kind.affine ? vaddq_f32(v, vdupq_n_f32(m)) : v);
        }
    }
}

/* acc = acc + (dw * da) * isum, or acc + ((dw * da) * isum + m * s), block after block, one row per lane. */
GB_NEON_INLINE void gb_neon_block32_tile(gb_neon_block32 kind, const char *w, size_t w_stride, size_t rows,
                                         const char *a, size_t a_stride, size_t cols, size_t n, float32x4_t *acc) {
    const size_t a_bytes = kind.affine ? sizeof(gb_block_q8_1) : sizeof(gb_block_q8_0);
    for (size_t c = 0; c < cols; c++) acc[c] = vdupq_n_f32(0.0F);
    for (size_t k = 0; k < n / 32; k++) {
        int8x16x2_t codes[GB_TILE_ROWS];
        uint16_t d[GB_TILE_ROWS] = {0};
        uint16_t m[GB_TILE_ROWS] = {0};
        for (size_t r = 0; r < rows; r++) {
            const char *block = w + r * w_stride + k * kind.bytes;
            codes[r] = kind.codes(block);
            d[r] = gb_load_u16(block, 0);
            m[r] = gb_load_u16(block, 1);
        }
        const float32x4_t dw = gb_neon_f32_from_f16(vld1_u16(d));
        for (size_t c = 0; c < cols; c++) {
            const char *block = a + c * a_stride + k * a_bytes;
            const int8_t *qs = (const int8_t *)block + a_bytes - 32;
            const int8x16x2_t q = {{vld1q_s8(qs), vld1q_s8(qs + 16)}};
            int32x4_t sum[GB_TILE_ROWS] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
            for (size_t r = 0; r < rows; r++) sum[r] = gb_neon_sums32(codes[r], q, kind.narrow);
            const float32x4_t isum = vcvtq_f32_s32(gb_neon_sum_rows(sum));
            float32x4_t term = vmulq_f32(vmulq_n_f32(dw, gb_neon_load_scale(block)), isum);
            if (kind.affine) {
                const float32x4_t mw = gb_neon_f32_from_f16(vld1_u16(m));
                term = vaddq_f32(term, vmulq_n_f32(mw, gb_neon_load_scale(block + sizeof(uint16_t))));
            }
            acc[c] = vaddq_f32(acc[c], term);
        }
    }
}

/* Sixteen bytes of nibble pairs: elements 0-15 from the low ones, 16-31 from the high ones. */
GB_NEON_INLINE uint8x16x2_t gb_neon_nibbles(const uint8_t *qs) {
    const uint8x16_t pairs = vld1q_u8(qs);
    return (uint8x16x2_t){{vandq_u8(pairs, vdupq_n_u8(15)), vshrq_n_u8(pairs, 4)}};
}

/* Nibbles and the fifth bits that lie apart: bit i of the 32 belongs to element i. */
GB_NEON_INLINE uint8x16x2_t gb_neon_five_bits(const uint8_t *qs, const uint8_t *qh) {
    static const uint8_t mine[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16x2_t code = gb_neon_nibbles(qs);
    for (size_t h = 0; h < 2; h++) {
        const uint8x16_t bits = vcombine_u8(vdup_n_u8(qh[2 * h]), vdup_n_u8(qh[2 * h + 1]));
        const uint8x16_t set = vtstq_u8(bits, vld1q_u8(mine));
        code.val[h] = vorrq_u8(code.val[h], vandq_u8(set, vdupq_n_u8(16)));
    }
    return code;
}

/* value = code - offset */
GB_NEON_INLINE int8x16x2_t gb_neon_lowered(uint8x16x2_t code, int8_t offset) {
    const int8x16_t o = vdupq_n_s8(offset);
    return (int8x16x2_t){
        {vsubq_s8(vreinterpretq_s8_u8(code.val[0]), o), vsubq_s8(vreinterpretq_s8_u8(code.val[1]), o)}};
}

/* dequantize, dot, gemv and gemm of a format from its description. */
#define GB_NEON_BLOCK32_KERNELS(name, kind)                                                                            \
    void gb_##name##_dequantize_neon(const void *blocks, float *x, size_t n) {                                         \
        const char *b = blocks;                                                                                        \
        for (size_t i = 0; i < n; i += 32, b += sizeof(gb_block_##name)) gb_neon_dequantize32(kind, b, x + i);         \
    }                                                                                                                  \
    GB_NEON_INLINE void name##_tile(const char *w, size_t w_stride, size_t rows, const char *a, size_t a_stride,       \
                                    size_t cols, size_t n, float32x4_t *acc) {                                         \
        gb_neon_block32_tile(kind, w, w_stride, rows, a, a_stride, cols, n, acc);                                      \
    }                                                                                                                  \
    float gb_##name##_dot_neon(const void *w, const void *a, size_t n) {                                               \
        return gb_neon_dot(w, a, n, name##_tile);                                                                      \
    }                                                                                                                  \
    void gb_##name##_gemv_neon(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {       \
        gb_neon_gemv(w, w_stride, rows, a, n, y, name##_tile);                                                         \
    }                                                                                                                  \
    void gb_##name##_gemm_neon(const gb_gemm_args *g) {                                                                \
        gb_neon_gemm(g, name##_tile, GB_TILE_COLS);                                                                    \
    }

#endif
