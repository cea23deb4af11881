/* q4_K on NEON. */
#include "kernels/neon/simd.h"

enum { BLOCK = 256, CHUNK = 64, CHUNKS = 4, SUBS = 8 };

/* The eight six-bit scales and mins of a block, as bytes. */
typedef struct sub_scales {
    uint8_t sc[SUBS];
    uint8_t mn[SUBS];
} sub_scales;

/* Four bytes at a time: words 0 and 1 hold the first four scales and mins in their low bits; word 2 the low nibbles of
 * the last four of each, whose top two bits sit above the first four. */
static inline sub_scales get_sub_scales(const uint8_t q[12]) {
    uint32_t word[3];
    memcpy(word, q, sizeof word);
    const uint32_t sc[2] = {word[0] & 0x3f3f3f3fU, (word[2] & 0x0f0f0f0fU) | (word[0] >> 2 & 0x30303030U)};
    const uint32_t mn[2] = {word[1] & 0x3f3f3f3fU, (word[2] >> 4 & 0x0f0f0f0fU) | (word[1] >> 2 & 0x30303030U)};
    sub_scales s;
    memcpy(s.sc, sc, sizeof sc);
    memcpy(s.mn, mn, sizeof mn);
    return s;
}

/* Codes of chunk c in natural order: 32 low nibbles, then 32 high ones. */
GB_NEON_INLINE int8x16x4_t chunk_codes(const gb_block_q4_K *b, size_t chunk) {
    const uint8x16_t q0 = vld1q_u8(b->qs + 32 * chunk);
    const uint8x16_t q1 = vld1q_u8(b->qs + 32 * chunk + 16);
    const uint8x16_t nibble = vdupq_n_u8(15);
    int8x16x4_t code;
    code.val[0] = vreinterpretq_s8_u8(vandq_u8(q0, nibble));
    code.val[1] = vreinterpretq_s8_u8(vandq_u8(q1, nibble));
    code.val[2] = vreinterpretq_s8_u8(vshrq_n_u8(q0, 4));
    code.val[3] = vreinterpretq_s8_u8(vshrq_n_u8(q1, 4));
    return code;
}

void gb_q4_K_dequantize_neon(const void *blocks, float *x, size_t n) {
    const gb_block_q4_K *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, b++) {
        const sub_scales s = get_sub_scales(b->scales);
        const float d = gb_neon_load_scale(&b->d);
        const float dmin = gb_neon_load_scale(&b->dmin);
        for (size_t chunk = 0; chunk < CHUNKS; chunk++) {
            const int8x16x4_t code = chunk_codes(b, chunk);
            for (size_t v = 0; v < 4; v++, x += 16) {
                const size_t j = 2 * chunk + v / 2;
                const float ds = d * (float)s.sc[j];
                const float32x4_t dm = vdupq_n_f32(dmin * (float)s.mn[j]);
                const float32x4x4_t f = gb_neon_f32_from_i8(code.val[v]);
                for (size_t i = 0; i < 4; i++) vst1q_f32(x + 4 * i, vsubq_f32(vmulq_n_f32(f.val[i], ds), dm));
            }
        }
    }
}

/* Four partial sums of min * (sums of q); bsums agree with qs, so pairs of them fit 16 bits. */
GB_NEON_INLINE int32x4_t min_sums(const sub_scales *s, const gb_block_q8_K *ba) {
    const int16x8_t mn = vreinterpretq_s16_u16(vmovl_u8(vld1_u8(s->mn)));
    const char *bsums = (const char *)ba + offsetof(gb_block_q8_K, bsums);
    const int16x8_t sums =
        vpaddq_s16(vreinterpretq_s16_u16(gb_neon_load_u16(bsums)), vreinterpretq_s16_u16(gb_neon_load_u16(bsums + 16)));
    return vmlal_high_s16(vmull_s16(vget_low_s16(mn), vget_low_s16(sums)), mn, sums);
}

/* acc = acc + ((d * da) * isum - (dmin * da) * msum), one row per lane. isum and msum are exact in every order of
 * their sums: no partial sum exceeds 2^25 (reference/q4_K.c). Codes are 0..15, within gb_neon_products32. */
GB_NEON_INLINE void tile(const char *w, size_t w_stride, size_t rows, const char *a, size_t a_stride, size_t cols,
                         size_t n, float32x4_t *acc) {
    for (size_t c = 0; c < cols; c++) acc[c] = vdupq_n_f32(0.0F);
    for (size_t k = 0; k < n / BLOCK; k++) {
        const gb_block_q4_K *bw[GB_TILE_ROWS];
        const gb_block_q8_K *ba[GB_TILE_COLS];
        sub_scales scales[GB_TILE_ROWS];
        uint16_t d[GB_TILE_ROWS] = {0};
        uint16_t dmin[GB_TILE_ROWS] = {0};
        for (size_t r = 0; r < rows; r++) {
            bw[r] = (const gb_block_q4_K *)(w + r * w_stride) + k;
            scales[r] = get_sub_scales(bw[r]->scales);
            d[r] = bw[r]->d;
            dmin[r] = bw[r]->dmin;
        }
        int32x4_t isum[GB_TILE_COLS][GB_TILE_ROWS];
        for (size_t c = 0; c < cols; c++) {
            ba[c] = (const gb_block_q8_K *)(a + c * a_stride) + k;
            for (size_t r = 0; r < GB_TILE_ROWS; r++) isum[c][r] = vdupq_n_s32(0);
        }
        for (size_t chunk = 0; chunk < CHUNKS; chunk++) {
            for (size_t r = 0; r < rows; r++) {
                const int8x16x4_t code = chunk_codes(bw[r], chunk);
                const int32_t sc0 = scales[r].sc[2 * chunk];
                const int32_t sc1 = scales[r].sc[2 * chunk + 1];
                for (size_t c = 0; c < cols; c++) {
                    const int8_t *q = ba[c]->qs + CHUNK * chunk;
                    const int16x8_t p0 = gb_neon_products32(code.val[0], code.val[1], vld1q_s8(q), vld1q_s8(q + 16));
                    const int16x8_t p1 =
                        gb_neon_products32(code.val[2], code.val[3], vld1q_s8(q + 32), vld1q_s8(q + 48));
                    isum[c][r] = vmlaq_n_s32(isum[c][r], vpaddlq_s16(p0), sc0);
                    isum[c][r] = vmlaq_n_s32(isum[c][r], vpaddlq_s16(p1), sc1);
                }
            }
        }
        const float32x4_t dw = gb_neon_f32_from_f16(vld1_u16(d));
        const float32x4_t mw = gb_neon_f32_from_f16(vld1_u16(dmin));
        for (size_t c = 0; c < cols; c++) {
            int32x4_t msum[GB_TILE_ROWS] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
            for (size_t r = 0; r < rows; r++) msum[r] = min_sums(&scales[r], ba[c]);
            const float da = ba[c]->d;
            const float32x4_t scaled = vmulq_f32(vmulq_n_f32(dw, da), vcvtq_f32_s32(gb_neon_sum_rows(isum[c])));
            const float32x4_t offset = vmulq_f32(vmulq_n_f32(mw, da), vcvtq_f32_s32(gb_neon_sum_rows(msum)));
            acc[c] = vaddq_f32(acc[c], vsubq_f32(scaled, offset));
        }
    }
}

float gb_q4_K_dot_neon(const void *w, const void *a, size_t n) {
    return gb_neon_dot(w, a, n, tile);
}

void gb_q4_K_gemv_neon(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    gb_neon_gemv(w, w_stride, rows, a, n, y, tile);
}

void gb_q4_K_gemm_neon(const gb_gemm_args *g) {
    gb_neon_gemm(g, tile, GB_TILE_COLS);
}
