/* The dot of formats with 32 codes and one f16 scale, against q8_0: q8_0 itself and q4_0. */
#ifndef GB_NEON_BLOCKS32_H
#define GB_NEON_BLOCKS32_H

#include "kernels/neon/simd.h"

/* A weight format: the codes of one block in natural order, and a block's size. The f16 scale comes first. */
typedef struct gb_neon_block32 {
    int8x16x2_t (*codes)(const char *block);
    size_t bytes;
    int narrow; /* codes fit gb_neon_products32 */
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

/* acc = acc + (dw * da) * isum, block after block, one row per lane. */
GB_NEON_INLINE void gb_neon_block32_tile(gb_neon_block32 kind, const char *w, size_t w_stride, size_t rows,
                                         const char *a, size_t a_stride, size_t cols, size_t n, float32x4_t *acc) {
    for (size_t c = 0; c < cols; c++) acc[c] = vdupq_n_f32(0.0F);
    for (size_t k = 0; k < n / 32; k++) {
        int8x16x2_t codes[GB_TILE_ROWS];
        uint16_t d[GB_TILE_ROWS] = {0};
        for (size_t r = 0; r < rows; r++) {
            const char *block = w + r * w_stride + k * kind.bytes;
            codes[r] = kind.codes(block);
            d[r] = gb_load_u16(block, 0);
        }
        const float32x4_t dw = gb_neon_f32_from_f16(vld1_u16(d));
        for (size_t c = 0; c < cols; c++) {
            const gb_block_q8_0 *ba = (const gb_block_q8_0 *)(a + c * a_stride) + k;
            const int8x16x2_t q = {{vld1q_s8(ba->qs), vld1q_s8(ba->qs + 16)}};
            int32x4_t sum[GB_TILE_ROWS] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
            for (size_t r = 0; r < rows; r++) sum[r] = gb_neon_sums32(codes[r], q, kind.narrow);
            const float32x4_t isum = vcvtq_f32_s32(gb_neon_sum_rows(sum));
            acc[c] = vaddq_f32(acc[c], vmulq_f32(vmulq_n_f32(dw, gb_neon_load_scale(ba)), isum));
        }
    }
}

#endif
