/* The dot of formats with 32 codes and one f16 scale against q8_0, or with scale and minimum against q8_1. */
#ifndef GB_NEON_BLOCKS32_H
#define GB_NEON_BLOCKS32_H

#include <float.h>

#include "kernels/neon/simd.h"

/* A weight format: the size of its blocks, which have `per` times 32 codes (0: once), and the i-th 32 of one in natural
 * order. A block begins with its f16 scale, unless scale() gives that of a term: one of 32 elements, or, split, one of
 * sixteen. */
typedef struct gb_neon_block32 {
    int8x16x2_t (*codes)(const char *block, size_t i);
    float (*scale)(const char *block, size_t term);
    size_t bytes, per;
    int narrow; /* codes fit gb_neon_products32 */
    int affine; /* an f16 minimum follows the scale; activations are q8_1 */
    int split;  /* and narrow */
} gb_neon_block32;

/* Where the 32 elements k of a row lie: the block, and which of its 32s. */
GB_NEON_INLINE const char *gb_neon_block_of(gb_neon_block32 kind, const char *row, size_t k) {
    return row + (kind.per ? k / kind.per : k) * kind.bytes;
}

GB_NEON_INLINE size_t gb_neon_part_of(gb_neon_block32 kind, size_t k) {
    return kind.per ? k % kind.per : 0;
}

GB_NEON_INLINE float gb_neon_term_scale(gb_neon_block32 kind, const char *block, size_t term) {
    return kind.scale ? kind.scale(block, term) : gb_neon_load_scale(block);
}

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
GB_NEON_INLINE void gb_neon_dequantize32(gb_neon_block32 kind, const char *block, size_t i, float *x) {
    const int8x16x2_t code = kind.codes(block, i);
    const float m = kind.affine ? gb_neon_load_scale(block + sizeof(uint16_t)) : 0.0F;
    for (size_t h = 0; h < 2; h++) {
        const float d = gb_neon_term_scale(kind, block, kind.split ? 2 * i + h : i);
        const float32x4x4_t f = gb_neon_f32_from_i8(code.val[h]);
        for (size_t j = 0; j < 4; j++) {
            const float32x4_t v = vmulq_n_f32(f.val[j], d);
            vst1q_f32(x + 16 * h + 4 * j, kind.affine ? vaddq_f32(v, vdupq_n_f32(m)) : v);
        }
    }
}

GB_NEON_INLINE void gb_neon_dequantize_row32(gb_neon_block32 kind, const char *row, float *x, size_t n) {
    for (size_t k = 0; k < n / 32; k++)
        gb_neon_dequantize32(kind, gb_neon_block_of(kind, row, k), gb_neon_part_of(kind, k), x + 32 * k);
}

/* Scales of one term of every row. */
GB_NEON_INLINE float32x4_t gb_neon_row_scales(gb_neon_block32 kind, const char *const block[GB_TILE_ROWS], size_t rows,
                                              size_t term) {
    float scale[GB_TILE_ROWS] = {0};
    uint16_t d[GB_TILE_ROWS] = {0};
    for (size_t r = 0; r < rows; r++) {
        if (kind.scale)
            scale[r] = kind.scale(block[r], term);
        else
            d[r] = gb_load_u16(block[r], 0);
    }
    return kind.scale ? vld1q_f32(scale) : gb_neon_f32_from_f16(vld1_u16(d));
}

/* acc + (dw * da) * isum of a term whose partial sums are given. */
GB_NEON_INLINE float32x4_t gb_neon_add_term(float32x4_t acc, float32x4_t dw, float da,
                                            const int32x4_t sum[GB_TILE_ROWS]) {
    return vaddq_f32(acc, vmulq_f32(vmulq_n_f32(dw, da), vcvtq_f32_s32(gb_neon_sum_rows(sum))));
}

/* acc = acc + (dw * da) * isum, or acc + ((dw * da) * isum + m * s), term after term, one row per lane. */
GB_NEON_INLINE void gb_neon_block32_tile(gb_neon_block32 kind, const char *w, size_t w_stride, size_t rows,
                                         const char *a, size_t a_stride, size_t cols, size_t n, float32x4_t *acc) {
    const size_t a_bytes = kind.affine ? sizeof(gb_block_q8_1) : sizeof(gb_block_q8_0);
    for (size_t c = 0; c < cols; c++) acc[c] = vdupq_n_f32(0.0F);
    for (size_t k = 0; k < n / 32; k++) {
        int8x16x2_t codes[GB_TILE_ROWS];
        const char *block[GB_TILE_ROWS];
        uint16_t m[GB_TILE_ROWS] = {0};
        const size_t part = gb_neon_part_of(kind, k);
        for (size_t r = 0; r < rows; r++) {
            block[r] = gb_neon_block_of(kind, w + r * w_stride, k);
            codes[r] = kind.codes(block[r], part);
            if (kind.affine) m[r] = gb_load_u16(block[r], 1);
        }
        const float32x4_t dw = gb_neon_row_scales(kind, block, rows, kind.split ? 2 * part : part);
        const float32x4_t dw1 = kind.split ? gb_neon_row_scales(kind, block, rows, 2 * part + 1) : dw;
        for (size_t c = 0; c < cols; c++) {
            const char *partner = a + c * a_stride + k * a_bytes;
            const int8_t *qs = (const int8_t *)partner + a_bytes - 32;
            const int8x16x2_t q = {{vld1q_s8(qs), vld1q_s8(qs + 16)}};
            const float da = gb_neon_load_scale(partner);
            int32x4_t sum[GB_TILE_ROWS] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
            if (kind.split) {
                for (size_t h = 0; h < 2; h++) {
                    for (size_t r = 0; r < rows; r++)
                        sum[r] = vpaddlq_s16(gb_neon_products16(codes[r].val[h], q.val[h]));
                    acc[c] = gb_neon_add_term(acc[c], h ? dw1 : dw, da, sum);
                }
                continue;
            }
            for (size_t r = 0; r < rows; r++) sum[r] = gb_neon_sums32(codes[r], q, kind.narrow);
            if (!kind.affine) {
                acc[c] = gb_neon_add_term(acc[c], dw, da, sum);
                continue;
            }
            const float32x4_t scaled = vmulq_f32(vmulq_n_f32(dw, da), vcvtq_f32_s32(gb_neon_sum_rows(sum)));
            const float32x4_t mw = gb_neon_f32_from_f16(vld1_u16(m));
            const float32x4_t offset = vmulq_n_f32(mw, gb_neon_load_scale(partner + sizeof(uint16_t)));
            acc[c] = vaddq_f32(acc[c], vaddq_f32(scaled, offset));
        }
    }
}

/* Sixteen bytes of nibble pairs: elements 0-15 from the low ones, 16-31 from the high ones. */
GB_NEON_INLINE uint8x16x2_t gb_neon_nibbles(const uint8_t *qs) {
    const uint8x16_t pairs = vld1q_u8(qs);
    return (uint8x16x2_t){{vandq_u8(pairs, vdupq_n_u8(15)), vshrq_n_u8(pairs, 4)}};
}

/* Of 32 bits, from the h-th sixteen: `value` in every byte whose bit is set. */
GB_NEON_INLINE uint8x16_t gb_neon_bits16(const uint8_t *bits, size_t h, uint8_t value) {
    static const uint8_t mine[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t under = vcombine_u8(vdup_n_u8(bits[2 * h]), vdup_n_u8(bits[2 * h + 1]));
    return vandq_u8(vtstq_u8(under, vld1q_u8(mine)), vdupq_n_u8(value));
}

/* Nibbles and the fifth bits that lie apart: bit i of the 32 belongs to element i. */
GB_NEON_INLINE uint8x16x2_t gb_neon_five_bits(const uint8_t *qs, const uint8_t *qh) {
    uint8x16x2_t code = gb_neon_nibbles(qs);
    for (size_t h = 0; h < 2; h++) code.val[h] = vorrq_u8(code.val[h], gb_neon_bits16(qh, h, 16));
    return code;
}

/* What nibbles choose from a table. */
GB_NEON_INLINE int8x16x2_t gb_neon_levels(const int8_t levels[16], uint8x16x2_t nibble) {
    const int8x16_t table = vld1q_s8(levels);
    return (int8x16x2_t){{vqtbl1q_s8(table, nibble.val[0]), vqtbl1q_s8(table, nibble.val[1])}};
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
        gb_neon_dequantize_row32(kind, blocks, x, n);                                                                  \
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
