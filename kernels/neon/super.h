/* The K-quants and (by lattice.h) i-quants on NEON: all operations follow from how a format unpacks values and scales
 * of its super-blocks. */
#ifndef GB_NEON_SUPER_H
#define GB_NEON_SUPER_H

#include "kernels/neon/simd.h"

enum { GB_BLOCK = 256, GB_GROUPS = 4 /* of 64 values, four vectors */ };

/* Of sub-blocks in order. */
typedef struct gb_neon_scales {
    int8_t sc[16];
    uint8_t mn[16];
} gb_neon_scales;

typedef struct gb_neon_super {
    size_t bytes, d_at; /* of a block; of its f16 d (and, in formats with mins, dmin behind it) */
    size_t sub;         /* elements of a sub-block: 16, 32 */
    int planes;         /* or a group is 64 elements in a row: see gb_neon_element */
    int mins;
    int wide;                         /* values are of -127..127, with sub-blocks of 32; else of -63..63 */
    float unit;                       /* a power of two on the finished sum and on d * sc; 0: there is none */
    uint16_t (*d)(const void *block); /* where d is not at one place; otherwise NULL */
    int8x16x4_t (*values)(const char *block, size_t group);
    gb_neon_scales (*scales)(const char *block);
} gb_neon_super;

GB_NEON_INLINE uint16_t gb_neon_d(const gb_neon_super *f, const char *block) {
    return f->d ? f->d(block) : gb_load_u16(block + f->d_at, 0);
}

/* First element of vector v of a group. In planes, where a byte holds elements 32 apart, group g has of half g / 2 the
 * sixteens from 16 * (g % 2) on in all four quarters. */
GB_NEON_INLINE size_t gb_neon_element(const gb_neon_super *f, size_t group, size_t v) {
    return f->planes ? 128 * (group / 2) + 32 * v + 16 * (group % 2) : 64 * group + 16 * v;
}

/* Eight scales and eight mins in twelve bytes (q4_K, q5_K), four bytes at a time: words 0 and 1 hold the first four of
 * each in their low bits; word 2 the low nibbles of the last four, whose top two bits sit above the first four. */
GB_NEON_INLINE gb_neon_scales gb_neon_scales_mins(const char *packed) {
    uint32_t word[3];
    memcpy(word, packed, sizeof word);
    const uint32_t sc[2] = {word[0] & 0x3f3f3f3fU, (word[2] & 0x0f0f0f0fU) | (word[0] >> 2 & 0x30303030U)};
    const uint32_t mn[2] = {word[1] & 0x3f3f3f3fU, (word[2] >> 4 & 0x0f0f0f0fU) | (word[1] >> 2 & 0x30303030U)};
    gb_neon_scales s;
    memcpy(s.sc, sc, sizeof sc);
    memcpy(s.mn, mn, sizeof mn);
    return s;
}

/* 32 bytes of nibbles at p: 32 low ones, then 32 high ones. */
GB_NEON_INLINE int8x16x4_t gb_neon_nibbles64(const char *p) {
    const uint8x16_t q0 = vld1q_u8((const uint8_t *)p);
    const uint8x16_t q1 = vld1q_u8((const uint8_t *)p + 16);
    const uint8x16_t nibble = vdupq_n_u8(15);
    int8x16x4_t code;
    code.val[0] = vreinterpretq_s8_u8(vandq_u8(q0, nibble));
    code.val[1] = vreinterpretq_s8_u8(vandq_u8(q1, nibble));
    code.val[2] = vreinterpretq_s8_u8(vshrq_n_u8(q0, 4));
    code.val[3] = vreinterpretq_s8_u8(vshrq_n_u8(q1, 4));
    return code;
}

/* Bits 2q, 2q + 1 of sixteen bytes are vector q; lowered by `offset`. */
GB_NEON_INLINE int8x16x4_t gb_neon_two_bits(const char *p, int8_t offset) {
    const uint8x16_t x = vld1q_u8((const uint8_t *)p);
    const uint8x16_t two = vdupq_n_u8(3);
    const uint8x16_t code[4] = {vandq_u8(x, two), vandq_u8(vshrq_n_u8(x, 2), two), vandq_u8(vshrq_n_u8(x, 4), two),
                                vshrq_n_u8(x, 6)};
    int8x16x4_t value;
    for (size_t q = 0; q < 4; q++) value.val[q] = vsubq_s8(vreinterpretq_s8_u8(code[q]), vdupq_n_s8(offset));
    return value;
}

/* For formats without sub-blocks: all scales are 1. */
GB_NEON_INLINE gb_neon_scales gb_neon_scales_one(const char *block) {
    (void)block;
    gb_neon_scales s = {{0}, {0}};
    vst1q_s8(s.sc, vdupq_n_s8(1));
    return s;
}

GB_NEON_INLINE void gb_neon_super_dequantize(const gb_neon_super *f, const void *blocks, float *x, size_t n) {
    const char *b = blocks;
    for (size_t k = 0; k < n / GB_BLOCK; k++, b += f->bytes, x += GB_BLOCK) {
        const gb_neon_scales s = f->scales(b);
        const float d = gb_neon_half(gb_neon_d(f, b));
        const float dmin = f->mins ? gb_neon_load_scale(b + f->d_at + 2) : 0.0F;
        for (size_t g = 0; g < GB_GROUPS; g++) {
            const int8x16x4_t value = f->values(b, g);
            for (size_t v = 0; v < 4; v++) {
                const size_t i = gb_neon_element(f, g, v);
                float ds = d * (float)s.sc[i / f->sub];
                if (f->unit > 0.0F) ds = ds * f->unit;
                if (!f->mins) {
                    gb_neon_store_scaled(x + i, value.val[v], ds);
                    continue;
                }
                const float32x4_t dm = vdupq_n_f32(dmin * (float)s.mn[i / f->sub]);
                const float32x4x4_t y = gb_neon_f32_from_i8(value.val[v]);
                for (size_t j = 0; j < 4; j++) vst1q_f32(x + i + 4 * j, vsubq_f32(vmulq_n_f32(y.val[j], ds), dm));
            }
        }
    }
}

/* Four partial sums of min * (sums of q); bsums agree with qs, so pairs of them fit 16 bits. */
GB_NEON_INLINE int32x4_t gb_neon_min_sums(const gb_neon_super *f, const gb_neon_scales *s, const gb_block_q8_K *ba) {
    const char *bsums = (const char *)ba + offsetof(gb_block_q8_K, bsums);
    const int16x8_t low = vreinterpretq_s16_u16(gb_neon_load_u16(bsums));
    const int16x8_t high = vreinterpretq_s16_u16(gb_neon_load_u16(bsums + 16));
    const int16x8_t mn = vreinterpretq_s16_u16(vmovl_u8(vld1_u8(s->mn)));
    const int16x8_t sums = f->sub == 32 ? vpaddq_s16(low, high) : low;
    const int32x4_t first = vmlal_high_s16(vmull_s16(vget_low_s16(mn), vget_low_s16(sums)), mn, sums);
    if (f->sub == 32) return first;
    const int16x8_t more = vreinterpretq_s16_u16(vmovl_u8(vld1_u8(s->mn + 8)));
    return vmlal_high_s16(vmlal_s16(first, vget_low_s16(more), vget_low_s16(high)), more, high);
}

/* Four partial sums of 32 products. */
GB_NEON_INLINE int32x4_t gb_neon_sub_sums(const gb_neon_super *f, int8x16_t w0, int8x16_t w1, int8x16_t q0,
                                          int8x16_t q1) {
    if (!f->wide) return vpaddlq_s16(gb_neon_products32(w0, w1, q0, q1));
    return vpadalq_s16(vpaddlq_s16(gb_neon_products16(w0, q0)), gb_neon_products16(w1, q1));
}

/* isum + scales * (values . q) of one group. Values are as gb_neon_products16 and gb_neon_products32 want them; sums
 * are exact in every order: no partial sum exceeds the bound of the whole (reference/<format>.c, at most 2^27). */
GB_NEON_INLINE int32x4_t gb_neon_add_group(const gb_neon_super *f, int32x4_t isum, int8x16x4_t value, const int8_t *sc,
                                           const int8_t *qs, size_t g) {
    for (size_t v = 0; v < 4; v += 2) {
        const size_t i = gb_neon_element(f, g, v);
        const size_t j = gb_neon_element(f, g, v + 1);
        const int8x16_t q0 = vld1q_s8(qs + i);
        const int8x16_t q1 = vld1q_s8(qs + j);
        if (f->sub == 32) {
            isum = vmlaq_n_s32(isum, gb_neon_sub_sums(f, value.val[v], value.val[v + 1], q0, q1), sc[i / 32]);
        } else {
            isum = vmlaq_n_s32(isum, vpaddlq_s16(gb_neon_products16(value.val[v], q0)), sc[i / 16]);
            isum = vmlaq_n_s32(isum, vpaddlq_s16(gb_neon_products16(value.val[v + 1], q1)), sc[j / 16]);
        }
    }
    return isum;
}

/* acc = acc + ((d * da) * isum - (dmin * da) * msum), one row per lane. */
GB_NEON_INLINE void gb_neon_super_tile(const gb_neon_super *f, const char *w, size_t w_stride, size_t rows,
                                       const char *a, size_t a_stride, size_t cols, size_t n, float32x4_t *acc) {
    for (size_t c = 0; c < cols; c++) acc[c] = vdupq_n_f32(0.0F);
    for (size_t k = 0; k < n / GB_BLOCK; k++) {
        const gb_block_q8_K *ba[GB_TILE_COLS];
        gb_neon_scales scales[GB_TILE_ROWS];
        uint16_t d[GB_TILE_ROWS] = {0};
        uint16_t dmin[GB_TILE_ROWS] = {0};
        int32x4_t isum[GB_TILE_COLS][GB_TILE_ROWS];
        for (size_t c = 0; c < cols; c++) {
            ba[c] = (const gb_block_q8_K *)(a + c * a_stride) + k;
            for (size_t r = 0; r < GB_TILE_ROWS; r++) isum[c][r] = vdupq_n_s32(0);
        }
        for (size_t r = 0; r < rows; r++) {
            const char *b = w + r * w_stride + k * f->bytes;
            scales[r] = f->scales(b);
            d[r] = gb_neon_d(f, b);
            if (f->mins) dmin[r] = gb_load_u16(b + f->d_at, 1);
            for (size_t g = 0; g < GB_GROUPS; g++) {
                const int8x16x4_t value = f->values(b, g);
                for (size_t c = 0; c < cols; c++)
                    isum[c][r] = gb_neon_add_group(f, isum[c][r], value, scales[r].sc, ba[c]->qs, g);
            }
        }
        const float32x4_t dw = gb_neon_f32_from_f16(vld1_u16(d));
        const float32x4_t mw = gb_neon_f32_from_f16(vld1_u16(dmin));
        for (size_t c = 0; c < cols; c++) {
            const float da = ba[c]->d;
            float32x4_t term = vmulq_f32(vmulq_n_f32(dw, da), vcvtq_f32_s32(gb_neon_sum_rows(isum[c])));
            if (f->mins) {
                int32x4_t msum[GB_TILE_ROWS] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
                for (size_t r = 0; r < rows; r++) msum[r] = gb_neon_min_sums(f, &scales[r], ba[c]);
                term = vsubq_f32(term, vmulq_f32(vmulq_n_f32(mw, da), vcvtq_f32_s32(gb_neon_sum_rows(msum))));
            }
            acc[c] = vaddq_f32(acc[c], term);
        }
    }
    if (f->unit > 0.0F)
        for (size_t c = 0; c < cols; c++) acc[c] = vmulq_n_f32(acc[c], f->unit);
}

/* All operations of a format from its descriptor `format`. */
#define GB_NEON_SUPER_KERNELS(name)                                                                                    \
    void gb_##name##_dequantize_neon(const void *blocks, float *x, size_t n) {                                         \
        gb_neon_super_dequantize(&format, blocks, x, n);                                                               \
    }                                                                                                                  \
    GB_NEON_INLINE void tile(const char *w, size_t w_stride, size_t rows, const char *a, size_t a_stride, size_t cols, \
                             size_t n, float32x4_t *acc) {                                                             \
        gb_neon_super_tile(&format, w, w_stride, rows, a, a_stride, cols, n, acc);                                     \
    }                                                                                                                  \
    float gb_##name##_dot_neon(const void *w, const void *a, size_t n) {                                               \
        return gb_neon_dot(w, a, n, tile);                                                                             \
    }                                                                                                                  \
    void gb_##name##_gemv_neon(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {       \
        gb_neon_gemv(w, w_stride, rows, a, n, y, tile);                                                                \
    }                                                                                                                  \
    void gb_##name##_gemm_neon(const gb_gemm_args *g) {                                                                \
        gb_neon_gemm(g, tile, GB_TILE_COLS);                                                                           \
    }

#endif
