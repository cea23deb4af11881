/* gemm of the blocks of vec16/blocks32.h with SMMLA. */
#ifndef GB_NEON_I8MM_BLOCKS32_H
#define GB_NEON_I8MM_BLOCKS32_H

#include "kernels/neon_i8mm/braid.h"
#include "kernels/vec16/blocks32.h"

/* 32 elements of a pair of columns: scales as floats, and the s of gb_add_term32(). */
typedef struct gb_braid32 {
    int8_t qs[64];
    float d[2], s[2];
} gb_braid32;

GB_INLINE void gb_braid_blocks(gb_block32 kind, const char *x, const char *y, size_t n, char *out) {
    gb_braid32 *pair = (gb_braid32 *)out;
    for (size_t k = 0; k < n / 32; k++, pair++) {
        const gb_column32 of_x = gb_load_column32(kind, x, k);
        const gb_column32 of_y = gb_load_column32(kind, y, k);
        for (size_t h = 0; h < 2; h++) {
            const gb_bytes2 both = gb_braided(of_x.q.val[h], of_y.q.val[h]);
            gb_v_store(pair->qs + 32 * h, both.val[0]);
            gb_v_store(pair->qs + 32 * h + 16, both.val[1]);
        }
        pair->d[0] = of_x.d;
        pair->d[1] = of_y.d;
        pair->s[0] = of_x.s;
        pair->s[1] = of_y.s;
    }
}

/* acc of a pair of columns with the terms of 32 elements. */
GB_INLINE void gb_add_braided32(gb_block32 kind, const gb_rows32 *w, const gb_bytes2 rows[GB_ROW_PAIRS][2],
                                const gb_braid32 *pair, gb_floats acc[2]) {
    gb_ints sum[GB_ROW_PAIRS];
    GB_UNROLL
    for (size_t h = 0; h < 2; h++) {
        GB_UNROLL
        for (size_t t = 0; t < GB_ROW_PAIRS; t++)
            sum[t] = gb_add_braided16(h && !kind.split ? sum[t] : gb_v_zero(), rows[t][h], pair->qs + 32 * h);
        if (h == 0 && !kind.split) continue;
        GB_UNROLL
        for (size_t c = 0; c < 2; c++)
            acc[c] = gb_add_term32(kind, acc[c], w, kind.split ? h : 0, gb_column_of(sum, c), pair->d[c], pair->s[c]);
    }
}

GB_INLINE void gb_braided32_tile(gb_block32 kind, const char *w, size_t w_stride, size_t rows, const char *a,
                                 size_t a_stride, size_t cols, size_t n, gb_floats *acc) {
    GB_UNROLL
    for (size_t c = 0; c < cols; c++) acc[c] = gb_v_fset(0.0F);
    for (size_t k = 0; k < n / 32; k++) {
        gb_rows32 of_w;
        gb_load_rows32(kind, w, w_stride, rows, k, &of_w);
        gb_bytes2 braided[GB_ROW_PAIRS][2];
        GB_UNROLL
        for (size_t t = 0; t < GB_ROW_PAIRS; t++) {
            const gb_bytes2 x = of_w.codes[gb_row_of(2 * t, rows)];
            const gb_bytes2 y = of_w.codes[gb_row_of(2 * t + 1, rows)];
            for (size_t h = 0; h < 2; h++) braided[t][h] = gb_braided(x.val[h], y.val[h]);
        }
        GB_UNROLL
        for (size_t c = 0; c < cols; c += 2)
            gb_add_braided32(kind, &of_w, (const gb_bytes2(*)[2])braided, (const gb_braid32 *)(a + c * a_stride) + k,
                             acc + c);
    }
}

/* gemm of a format from its description; then of the one format of a file. */
#define GB_BLOCK32_GEMM_OF(name, isa, kind)                                                                            \
    GB_INLINE void name##_braid(const char *x, const char *y, size_t n, char *out) {                                   \
        gb_braid_blocks(kind, x, y, n, out);                                                                           \
    }                                                                                                                  \
    GB_INLINE void name##_tile(const char *w, size_t w_stride, size_t rows, const char *a, size_t a_stride,            \
                               size_t cols, size_t n, gb_floats *acc) {                                                \
        gb_braided32_tile(kind, w, w_stride, rows, a, a_stride, cols, n, acc);                                         \
    }                                                                                                                  \
    void gb_##name##_gemm_##isa(const gb_gemm_args *g) {                                                               \
        gb_braided_gemm(g, name##_braid, g->n / 32 * sizeof(gb_braid32), name##_tile);                                 \
    }

#define GB_BLOCK32_GEMM(name) GB_BLOCK32_GEMM_OF(name, neon_i8mm, kind)

#endif
