/* q6_K on NEON. */
#include "kernels/neon/simd.h"

enum { BLOCK = 256, GROUPS = 4 };

/* code - 32 of a group: element l of all four quarters of a half, for sixteen l. Group g lies in half g / 2 at
 * l = 16 * (g % 2); vector `quarter` holds elements first(g) + 32 * quarter and up. Low nibbles are shared by quarters
 * 0, 2 and by 1, 3; bits 2q, 2q + 1 of qh are the top of quarter q. */
GB_NEON_INLINE int8x16x4_t group_values(const gb_block_q6_K *b, size_t g) {
    const uint8_t *ql = b->ql + 64 * (g / 2) + 16 * (g % 2);
    const uint8x16_t l0 = vld1q_u8(ql);
    const uint8x16_t l1 = vld1q_u8(ql + 32);
    const uint8x16_t h = vld1q_u8(b->qh + 32 * (g / 2) + 16 * (g % 2));
    const uint8x16_t nibble = vdupq_n_u8(15);
    const uint8x16_t top = vdupq_n_u8(0x30);
    const uint8x16_t code[4] = {
        vorrq_u8(vandq_u8(l0, nibble), vandq_u8(vshlq_n_u8(h, 4), top)),
        vorrq_u8(vandq_u8(l1, nibble), vandq_u8(vshlq_n_u8(h, 2), top)),
        vorrq_u8(vshrq_n_u8(l0, 4), vandq_u8(h, top)),
        vorrq_u8(vshrq_n_u8(l1, 4), vandq_u8(vshrq_n_u8(h, 2), top)),
    };
    int8x16x4_t value;
    for (size_t q = 0; q < 4; q++) value.val[q] = vsubq_s8(vreinterpretq_s8_u8(code[q]), vdupq_n_s8(32));
    return value;
}

/* First element of a quarter of a group; a multiple of 16, so element / 16 is its scale. */
static inline size_t first_element(size_t g, size_t quarter) {
    return 128 * (g / 2) + 32 * quarter + 16 * (g % 2);
}

void gb_q6_K_dequantize_neon(const void *blocks, float *x, size_t n) {
    const gb_block_q6_K *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, b++, x += BLOCK) {
        const float d = gb_neon_load_scale(&b->d);
        for (size_t g = 0; g < GROUPS; g++) {
            const int8x16x4_t value = group_values(b, g);
            for (size_t quarter = 0; quarter < 4; quarter++) {
                const size_t i = first_element(g, quarter);
                gb_neon_store_scaled(x + i, value.val[quarter], d * (float)b->scales[i / 16]);
            }
        }
    }
}

/* acc = acc + (d * da) * isum, one row per lane. isum is exact in every order: no partial sum exceeds 2^27. Values are
 * -32..31, within gb_neon_products16. */
GB_NEON_INLINE void tile(const char *w, size_t w_stride, size_t rows, const char *a, size_t a_stride, size_t cols,
                         size_t n, float32x4_t *acc) {
    for (size_t c = 0; c < cols; c++) acc[c] = vdupq_n_f32(0.0F);
    for (size_t k = 0; k < n / BLOCK; k++) {
        const gb_block_q8_K *ba[GB_TILE_COLS];
        uint16_t d[GB_TILE_ROWS] = {0};
        int32x4_t isum[GB_TILE_COLS][GB_TILE_ROWS];
        for (size_t c = 0; c < cols; c++) {
            ba[c] = (const gb_block_q8_K *)(a + c * a_stride) + k;
            for (size_t r = 0; r < GB_TILE_ROWS; r++) isum[c][r] = vdupq_n_s32(0);
        }
        for (size_t r = 0; r < rows; r++) {
            const gb_block_q6_K *bw = (const gb_block_q6_K *)(w + r * w_stride) + k;
            d[r] = bw->d;
            for (size_t g = 0; g < GROUPS; g++) {
                const int8x16x4_t value = group_values(bw, g);
                for (size_t quarter = 0; quarter < 4; quarter++) {
                    const size_t i = first_element(g, quarter);
                    const int32_t scale = bw->scales[i / 16];
                    for (size_t c = 0; c < cols; c++) {
                        const int16x8_t products = gb_neon_products16(value.val[quarter], vld1q_s8(ba[c]->qs + i));
                        isum[c][r] = vmlaq_n_s32(isum[c][r], vpaddlq_s16(products), scale);
                    }
                }
            }
        }
        const float32x4_t dw = gb_neon_f32_from_f16(vld1_u16(d));
        for (size_t c = 0; c < cols; c++) {
            const float32x4_t sum = vcvtq_f32_s32(gb_neon_sum_rows(isum[c]));
            acc[c] = vaddq_f32(acc[c], vmulq_f32(vmulq_n_f32(dw, ba[c]->d), sum));
        }
    }
}

float gb_q6_K_dot_neon(const void *w, const void *a, size_t n) {
    return gb_neon_dot(w, a, n, tile);
}

void gb_q6_K_gemv_neon(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    gb_neon_gemv(w, w_stride, rows, a, n, y, tile);
}

void gb_q6_K_gemm_neon(const gb_gemm_args *g) {
    gb_neon_gemm(g, tile, GB_TILE_COLS);
}
