/* int8_row on NEON with matrix products. Sums stay in the frame of pairs (braid.h) over a run, and only there are they
 * taken apart and added to totals of 64 bits. */
#include "kernels/int8_row.h"
#include "kernels/neon_i8mm/braid.h"

enum { STEP = 16 };

/* The two scales, then codes. */
GB_INLINE void braid(const char *x, const char *y, size_t n, char *out) {
    memcpy(out, x, sizeof(float));
    memcpy(out + sizeof(float), y, sizeof(float));
    gb_braid_codes(x + sizeof(float), y + sizeof(float), n, out + 2 * sizeof(float));
}

/* Sums of all rows and columns over n <= GB_INT8_RUN elements from `from` on: below 2^31, as there. */
GB_INLINE void run_sums(const char *const row[GB_TILE_ROWS], const char *a, size_t a_stride, size_t pairs, size_t from,
                        size_t n, gb_ints sum[GB_MOST_PAIRS][GB_ROW_PAIRS]) {
    GB_UNROLL
    for (size_t p = 0; p < pairs; p++) sum[p][0] = sum[p][1] = gb_v_zero();
    for (size_t i = from; i < from + n; i += STEP) {
        GB_UNROLL
        for (size_t t = 0; t < GB_ROW_PAIRS; t++) {
            const gb_bytes2 rows = gb_braided(gb_v_load(row[2 * t] + i), gb_v_load(row[2 * t + 1] + i));
            GB_UNROLL
            for (size_t p = 0; p < pairs; p++) {
                const char *codes = a + 2 * p * a_stride + 2 * sizeof(float);
                sum[p][t] = gb_add_braided16(sum[p][t], rows, codes + 2 * i);
            }
        }
    }
}

GB_INLINE void tile(const char *w, size_t w_stride, size_t rows, const char *a, size_t a_stride, size_t cols, size_t n,
                    gb_floats *acc) {
    const char *row[GB_TILE_ROWS];
    int64_t total[GB_MOST_COLS][GB_TILE_ROWS] = {{0}};
    for (size_t r = 0; r < GB_TILE_ROWS; r++) row[r] = w + gb_row_of(r, rows) * w_stride + sizeof(float);
    for (size_t from = 0; from < n; from += GB_INT8_RUN) {
        gb_ints sum[GB_MOST_PAIRS][GB_ROW_PAIRS];
        run_sums(row, a, a_stride, cols / 2, from, n - from < GB_INT8_RUN ? n - from : GB_INT8_RUN, sum);
        for (size_t c = 0; c < cols; c++) {
            int32_t lane[GB_TILE_ROWS];
            gb_v_istore(lane, gb_column_of(sum[c / 2], c % 2));
            for (size_t r = 0; r < GB_TILE_ROWS; r++) total[c][r] += lane[r];
        }
    }
    for (size_t c = 0; c < cols; c++) {
        const float da = gb_load_f32(a + c / 2 * 2 * a_stride, c % 2);
        float y[GB_TILE_ROWS];
        for (size_t r = 0; r < GB_TILE_ROWS; r++)
            y[r] = (gb_load_f32(row[r] - sizeof(float), 0) * da) * (float)total[c][r];
        acc[c] = gb_v_fload(y);
    }
}

void gb_int8_row_gemm_neon_i8mm(const gb_gemm_args *g) {
    gb_braided_gemm(g, braid, 2 * (sizeof(float) + g->n), tile);
}
