/* gemm with SMMLA, which multiplies two rows of eight bytes with two others: four sums of eight products.
 *
 * Columns go in pairs, braided once before the first row: eight codes of the one, eight of the other. Rows are braided
 * when they are unpacked, so that a row's codes serve eight columns. The columns come first in the product: sums of
 * pair p with rows r, r + 1 lie as (2p, r) (2p, r + 1) (2p + 1, r) (2p + 1, r + 1). */
#ifndef GB_NEON_I8MM_BRAID_H
#define GB_NEON_I8MM_BRAID_H

#include "kernels/compiler.h"
#include "kernels/neon_dotprod/vec16.h"
#include "kernels/vec16/tiles.h"

enum { GB_ROW_PAIRS = GB_TILE_ROWS / 2, GB_MOST_PAIRS = GB_MOST_COLS / 2 };

GB_INLINE gb_ints gb_smmla(gb_ints sum, gb_bytes columns, gb_bytes rows) {
    return vmmlaq_s32(sum, vreinterpretq_s8_u8(columns), vreinterpretq_s8_u8(rows));
}

/* Sixteen bytes of two, braided. */
GB_INLINE gb_bytes2 gb_braided(gb_bytes x, gb_bytes y) {
    return (gb_bytes2){{gb_v_low64s(x, y), gb_v_high64s(x, y)}};
}

/* Stores n codes of two columns, n a multiple of 16. */
GB_INLINE void gb_braid_codes(const void *x, const void *y, size_t n, void *out) {
    for (size_t i = 0; i < n; i += 16) {
        const gb_bytes2 both = gb_braided(gb_v_load((const char *)x + i), gb_v_load((const char *)y + i));
        gb_v_store((char *)out + 2 * i, both.val[0]);
        gb_v_store((char *)out + 2 * i + 16, both.val[1]);
    }
}

/* sum + 16 products of two rows and the two columns braided at p. */
GB_INLINE gb_ints gb_add_braided16(gb_ints sum, gb_bytes2 rows, const void *p) {
    return gb_smmla(gb_smmla(sum, gb_v_load(p), rows.val[0]), gb_v_load((const char *)p + 16), rows.val[1]);
}

/* Row r of a tile of one row is row 0: its sums are never stored. */
GB_INLINE size_t gb_row_of(size_t r, size_t rows) {
    return r < rows ? r : 0;
}

/* From the sums of pairs of rows with a pair of columns: lane r = row r of the pair's column c. */
GB_INLINE gb_ints gb_column_of(const gb_ints sum[GB_ROW_PAIRS], size_t c) {
    const int64x2_t low = vreinterpretq_s64_s32(sum[0]);
    const int64x2_t high = vreinterpretq_s64_s32(sum[1]);
    return vreinterpretq_s32_s64(c ? vzip2q_s64(low, high) : vzip1q_s64(low, high));
}

/* Writes a pair of columns of n elements to `out`. */
typedef void gb_braid_fn(const char *x, const char *y, size_t n, char *out);

/* A strip of `rows` rows. The last tile may reach over the columns, where the last one is repeated. */
GB_INLINE void gb_braided_strip(const gb_gemm_args *g, gb_tile_fn *tile, size_t r, size_t rows) {
    size_t c = 0;
    if (rows == GB_TILE_ROWS)
        for (; c + GB_MOST_COLS <= g->cols; c += GB_MOST_COLS)
            gb_store_tile(g, tile, r, rows, c, GB_MOST_COLS, GB_MOST_COLS);
    for (; c < g->cols; c += GB_TILE_COLS) {
        const size_t left = g->cols - c;
        gb_store_tile(g, tile, r, rows, c, GB_TILE_COLS, left < GB_TILE_COLS ? left : GB_TILE_COLS);
    }
}

/* The tile finds pair p of its columns at a + 2 * p * a_stride. A pair takes pair_bytes, at most five a element: the
 * scratch has room for whole fours of columns. */
GB_INLINE void gb_braided_gemm(const gb_gemm_args *g, gb_braid_fn *braid, size_t pair_bytes, gb_tile_fn *tile) {
    const char *columns = g->a;
    char *pairs = g->scratch;
    for (size_t c = 0; c < (g->cols + 3) / 4 * 4; c += 2) {
        const size_t x = c < g->cols ? c : g->cols - 1;
        const size_t y = c + 1 < g->cols ? c + 1 : g->cols - 1;
        braid(columns + x * g->a_stride, columns + y * g->a_stride, g->n, pairs + c / 2 * pair_bytes);
    }
    gb_gemm_args b = *g;
    b.a = pairs;
    b.a_stride = pair_bytes / 2;
    size_t r = 0;
    for (; r + GB_TILE_ROWS <= g->rows; r += GB_TILE_ROWS) gb_braided_strip(&b, tile, r, GB_TILE_ROWS);
    for (; r < g->rows; r++) gb_braided_strip(&b, tile, r, 1);
}

#endif
