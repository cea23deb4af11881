/* Shared by the scalar kernels of float rows: the sixteen-lane dot (reference/lanes.h) of several rows and columns.
 *
 * Elements are converted to binary32 once per tile into stack buffers. The end of a row is padded with +0: a lane
 * starts at +0 and rounding to nearest never makes it -0, so adding +0 * +0 changes no lane. */
#ifndef GB_SCALAR_ROWS_H
#define GB_SCALAR_ROWS_H

#include "kernels/scalar/common.h"
#include "reference/lanes.h"

typedef float gb_load_fn(const void *row, size_t i);

GB_INLINE float gb_load_f16(const void *row, size_t i) {
    return gb_f32_from_f16(gb_load_u16(row, i));
}

GB_INLINE float gb_load_bf16(const void *row, size_t i) {
    return gb_f32_from_bf16(gb_load_u16(row, i));
}

enum { GB_TILE_ROWS = 8, GB_TILE_COLS = 16, GB_TILE_K = 128, GB_HALF_LANES = 8 };

/* Eight lanes of one chunk in registers; n is a multiple of sixteen. */
GB_INLINE void gb_add_lanes(const float *w, const float *a, size_t n, float lane[GB_HALF_LANES]) {
    float l0 = lane[0], l1 = lane[1], l2 = lane[2], l3 = lane[3];
    float l4 = lane[4], l5 = lane[5], l6 = lane[6], l7 = lane[7];
    for (size_t i = 0; i < n; i += GB_LANES) {
        l0 = l0 + w[i] * a[i];
        l1 = l1 + w[i + 1] * a[i + 1];
        l2 = l2 + w[i + 2] * a[i + 2];
        l3 = l3 + w[i + 3] * a[i + 3];
        l4 = l4 + w[i + 4] * a[i + 4];
        l5 = l5 + w[i + 5] * a[i + 5];
        l6 = l6 + w[i + 6] * a[i + 6];
        l7 = l7 + w[i + 7] * a[i + 7];
    }
    lane[0] = l0, lane[1] = l1, lane[2] = l2, lane[3] = l3;
    lane[4] = l4, lane[5] = l5, lane[6] = l6, lane[7] = l7;
}

/* Converts `count` elements from `from` on and pads to a multiple of sixteen; returns the padded count. */
GB_INLINE size_t gb_fill_row(gb_load_fn *load, const void *row, size_t from, size_t count, float *to) {
    size_t i = 0;
    for (; i < count; i++) to[i] = load(row, from + i);
    for (; i % GB_LANES != 0; i++) to[i] = 0.0F;
    return i;
}

typedef struct {
    float lane[GB_TILE_ROWS][GB_TILE_COLS][GB_LANES];
    float w[GB_TILE_ROWS][GB_TILE_K];
    float a[GB_TILE_COLS][GB_TILE_K];
} gb_tile;

/* One tile of at most GB_TILE_ROWS x GB_TILE_COLS results over the whole of K. */
GB_INLINE void gb_row_tile(const gb_gemm_args *g, gb_load_fn *load_w, gb_load_fn *load_a, size_t row, size_t rows,
                           size_t col, size_t cols) {
    gb_tile t;
    for (size_t r = 0; r < rows; r++) memset(t.lane[r], 0, cols * sizeof t.lane[r][0]);
    for (size_t k = 0; k < g->n; k += GB_TILE_K) {
        const size_t count = g->n - k < GB_TILE_K ? g->n - k : GB_TILE_K;
        size_t padded = 0;
        for (size_t r = 0; r < rows; r++)
            padded = gb_fill_row(load_w, (const char *)g->w + (row + r) * g->w_stride, k, count, t.w[r]);
        for (size_t c = 0; c < cols; c++)
            gb_fill_row(load_a, (const char *)g->a + (col + c) * g->a_stride, k, count, t.a[c]);
        for (size_t r = 0; r < rows; r++) {
            for (size_t c = 0; c < cols; c++) {
                gb_add_lanes(t.w[r], t.a[c], padded, t.lane[r][c]);
                gb_add_lanes(t.w[r] + GB_HALF_LANES, t.a[c] + GB_HALF_LANES, padded, t.lane[r][c] + GB_HALF_LANES);
            }
        }
    }
    for (size_t c = 0; c < cols; c++)
        for (size_t r = 0; r < rows; r++) g->y[(col + c) * g->y_stride + row + r] = gb_fold_lanes(t.lane[r][c]);
}

GB_INLINE void gb_row_gemm(const gb_gemm_args *g, gb_load_fn *load_w, gb_load_fn *load_a) {
    for (size_t col = 0; col < g->cols; col += GB_TILE_COLS) {
        const size_t cols = g->cols - col < GB_TILE_COLS ? g->cols - col : GB_TILE_COLS;
        for (size_t row = 0; row < g->rows; row += GB_TILE_ROWS) {
            const size_t rows = g->rows - row < GB_TILE_ROWS ? g->rows - row : GB_TILE_ROWS;
            gb_row_tile(g, load_w, load_a, row, rows, col, cols);
        }
    }
}

/* gemv is gemm with one column: each chunk of the activation row is converted once for eight weight rows. */
GB_INLINE void gb_row_gemv(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y,
                           gb_load_fn *load_w, gb_load_fn *load_a) {
    const gb_gemm_args g = {
        .w = w, .w_stride = w_stride, .rows = rows, .a = a, .cols = 1, .n = n, .y = y, .y_stride = rows};
    gb_row_gemm(&g, load_w, load_a);
}

/* dot, gemv and gemm of a float format from its load function. */
#define GB_ROW_KERNELS(format, load)                                                                                   \
    float gb_##format##_dot_scalar(const void *w, const void *a, size_t n) {                                           \
        float y;                                                                                                       \
        gb_row_gemv(w, 0, 1, a, n, &y, load, load);                                                                    \
        return y;                                                                                                      \
    }                                                                                                                  \
    void gb_##format##_gemv_scalar(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {   \
        gb_row_gemv(w, w_stride, rows, a, n, y, load, load);                                                           \
    }                                                                                                                  \
    void gb_##format##_gemm_scalar(const gb_gemm_args *g) {                                                            \
        gb_row_gemm(g, load, load);                                                                                    \
    }

#endif
