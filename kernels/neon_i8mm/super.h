/* gemm of the super-blocks of vec16/super.h with SMMLA. */
#ifndef GB_NEON_I8MM_SUPER_H
#define GB_NEON_I8MM_SUPER_H

#include "kernels/neon_i8mm/braid.h"
#include "kernels/vec16/super.h"

/* Block k of a pair of columns: bsums by their two bytes, low ones unsigned. */
typedef struct gb_braid256 {
    int8_t qs[2 * GB_BLOCK];
    uint8_t low[32], high[32];
    float d[2];
} gb_braid256;

GB_INLINE gb_bytes2 gb_bsums_apart(const gb_block_q8_K *b) {
    const gb_bytes first = gb_v_load(b->bsums);
    const gb_bytes second = gb_v_load(b->bsums + 8);
    return (gb_bytes2){{vuzp1q_u8(first, second), vuzp2q_u8(first, second)}};
}

GB_INLINE void gb_super_braid(const char *x, const char *y, size_t n, char *out) {
    const gb_block_q8_K *bx = (const gb_block_q8_K *)x;
    const gb_block_q8_K *by = (const gb_block_q8_K *)y;
    gb_braid256 *pair = (gb_braid256 *)out;
    for (size_t k = 0; k < n / GB_BLOCK; k++, bx++, by++, pair++) {
        gb_braid_codes(bx->qs, by->qs, GB_BLOCK, pair->qs);
        const gb_bytes2 sx = gb_bsums_apart(bx);
        const gb_bytes2 sy = gb_bsums_apart(by);
        for (size_t h = 0; h < 2; h++) {
            const gb_bytes2 both = gb_braided(sx.val[h], sy.val[h]);
            gb_v_store(h ? pair->high : pair->low, both.val[0]);
            gb_v_store((h ? pair->high : pair->low) + 16, both.val[1]);
        }
        pair->d[0] = bx->d;
        pair->d[1] = by->d;
    }
}

/* Scales of two rows: of sub-block j, sc[j]. */
GB_INLINE void gb_pair_scales(size_t subs, const int8_t x[16], const int8_t y[16], int32_t sc[16][2]) {
    for (size_t j = 0; j < subs; j += 8) {
        const int8x8x2_t both = vzip_s8(vld1_s8(x + j), vld1_s8(y + j));
        for (size_t h = 0; h < 2; h++) {
            const int16x8_t wide = vmovl_s8(both.val[h]);
            vst1q_s32(sc[j + 4 * h], vmovl_s16(vget_low_s16(wide)));
            vst1q_s32(sc[j + 4 * h + 2], vmovl_high_s16(wide));
        }
    }
}

/* sum + sc * products, both columns alike. */
GB_INLINE gb_ints gb_add_scaled_pairs(gb_ints sum, gb_ints products, const int32_t sc[2]) {
    int64_t both;
    memcpy(&both, sc, sizeof both);
    return vmlaq_s32(sum, products, vreinterpretq_s32_s64(vdupq_n_s64(both)));
}

/* isum of two rows with all pairs of columns, group g: bounds as in gb_super_add_group(). */
GB_INLINE void gb_super_add_braided(const gb_super *f, const gb_bytes4 x, const gb_bytes4 y, const int32_t sc[16][2],
                                    const gb_braid256 *const pair[GB_MOST_PAIRS], size_t pairs, size_t g,
                                    gb_ints isum[GB_MOST_PAIRS]) {
    GB_UNROLL
    for (size_t v = 0; v < 4; v += 2) {
        const size_t i = gb_super_element(f, g, v);
        const size_t j = gb_super_element(f, g, v + 1);
        const gb_bytes2 first = gb_braided(x.val[v], y.val[v]);
        const gb_bytes2 second = gb_braided(x.val[v + 1], y.val[v + 1]);
        GB_UNROLL
        for (size_t p = 0; p < pairs; p++) {
            const gb_ints sum = gb_add_braided16(gb_v_zero(), first, pair[p]->qs + 2 * i);
            if (f->sub == 32) {
                const gb_ints both = gb_add_braided16(sum, second, pair[p]->qs + 2 * j);
                isum[p] = gb_add_scaled_pairs(isum[p], both, sc[i / 32]);
            } else {
                isum[p] = gb_add_scaled_pairs(isum[p], sum, sc[i / 16]);
                const gb_ints other = gb_add_braided16(gb_v_zero(), second, pair[p]->qs + 2 * j);
                isum[p] = gb_add_scaled_pairs(isum[p], other, sc[j / 16]);
            }
        }
    }
}

/* Sixteen mins, of sub-blocks of 16. */
GB_INLINE gb_bytes gb_mins16(const gb_super *f, const uint8_t mn[16]) {
    if (f->sub == 16) return gb_v_load(mn);
    const gb_bytes eight = gb_v_load8(mn);
    return gb_v_zip8_low(eight, eight);
}

/* msum of two rows and a pair of columns: mins are below 64, so signed bytes hold them. */
GB_INLINE gb_ints gb_braided_mins(gb_bytes2 mn, const gb_braid256 *pair) {
    gb_ints low = gb_v_zero();
    for (size_t h = 0; h < 2; h++)
        low = vusmmlaq_s32(low, gb_v_load(pair->low + 16 * h), vreinterpretq_s8_u8(mn.val[h]));
    return vaddq_s32(low, vshlq_n_s32(gb_add_braided16(gb_v_zero(), mn, pair->high), 8));
}

GB_INLINE void gb_super_sums_braided(const gb_super *f, const char *const block[GB_TILE_ROWS], size_t rows,
                                     const char *a, size_t a_stride, size_t cols, size_t k, gb_super_sums *out) {
    const gb_braid256 *pair[GB_MOST_PAIRS];
    gb_ints isum[GB_ROW_PAIRS][GB_MOST_PAIRS];
    gb_ints msum[GB_MOST_PAIRS][GB_ROW_PAIRS];
    const size_t pairs = cols / 2;
    GB_UNROLL
    for (size_t p = 0; p < pairs; p++) pair[p] = (const gb_braid256 *)(a + 2 * p * a_stride) + k;
    GB_UNROLL
    for (size_t t = 0; t < GB_ROW_PAIRS; t++) {
        const size_t x = gb_row_of(2 * t, rows);
        const size_t y = gb_row_of(2 * t + 1, rows);
        int32_t sc[16][2];
        const gb_super_scales of_x = f->scales(block[x]);
        const gb_super_scales of_y = f->scales(block[y]);
        gb_pair_scales(GB_BLOCK / f->sub, of_x.sc, of_y.sc, sc);
        GB_UNROLL
        for (size_t p = 0; p < pairs; p++) isum[t][p] = gb_v_zero();
        for (size_t g = 0; g < GB_GROUPS; g++)
            gb_super_add_braided(f, f->values(block[x], g), f->values(block[y], g), sc, pair, pairs, g, isum[t]);
        if (!f->mins) continue;
        const gb_bytes2 mn = gb_braided(gb_mins16(f, of_x.mn), gb_mins16(f, of_y.mn));
        GB_UNROLL
        for (size_t p = 0; p < pairs; p++) msum[p][t] = gb_braided_mins(mn, pair[p]);
    }
    GB_UNROLL
    for (size_t c = 0; c < cols; c++) {
        const gb_ints of_pair[GB_ROW_PAIRS] = {isum[0][c / 2], isum[1][c / 2]};
        out->da[c] = pair[c / 2]->d[c % 2];
        out->isum[c] = gb_column_of(of_pair, c % 2);
        if (f->mins) out->msum[c] = gb_column_of(msum[c / 2], c % 2);
    }
}

/* gemm of a format from its descriptor `format`. */
#define GB_SUPER_GEMM(name)                                                                                            \
    GB_INLINE void tile(const char *w, size_t w_stride, size_t rows, const char *a, size_t a_stride, size_t cols,      \
                        size_t n, gb_floats *acc) {                                                                    \
        gb_super_tile(&format, gb_super_sums_braided, w, w_stride, rows, a, a_stride, cols, n, acc);                   \
    }                                                                                                                  \
    void gb_##name##_gemm_neon_i8mm(const gb_gemm_args *g) {                                                           \
        gb_braided_gemm(g, gb_super_braid, g->n / GB_BLOCK * sizeof(gb_braid256), tile);                               \
    }

#endif
