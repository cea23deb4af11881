/* The gemm of the block formats: sixteen weight rows x 256 elements of K are unpacked into a panel whose vectors hold
 * one row per 32-bit lane, and the panel meets all columns. A broadcast of two or four activation codes then serves
 * sixteen rows, no horizontal sum is needed, and the float chain of each output element stays in its lane. Between
 * chunks of K the partial sums lie in y. */
#ifndef GB_VEC32_GEMM_H
#define GB_VEC32_GEMM_H

#include "kernels/vec32/simd.h"

enum { GB_PANEL_ROWS = 16, GB_PANEL_K = 256, GB_TILE_COLS = 4 };

/* Columns per pass: their activations (two bytes an element at most) stay in the second-level cache. */
enum { GB_PASS_ELEMS = 196608 };

typedef struct {
    size_t elems; /* per block */
    size_t cols;  /* of a tile, at most GB_TILE_COLS */
    /* blocks from .. from + count - 1 of sixteen rows into the panel */
    void (*panel)(const char *const row[GB_PANEL_ROWS], size_t from, size_t count, void *panel);
    /* acc[v][c] = acc[v][c] + terms of those blocks, rows 8v .. 8v + 7, columns col + c */
    void (*tile)(const void *panel, const gb_gemm_args *g, size_t col, size_t from, size_t count,
                 __m256 acc[2][GB_TILE_COLS]);
    void (*tile1)(const void *panel, const gb_gemm_args *g, size_t col, size_t from, size_t count,
                  __m256 acc[2][GB_TILE_COLS]); /* the same for one column */
} gb_gemm_format;

GB_INLINE void gb_gemm_tile(const gb_gemm_format *f, const gb_gemm_args *g, const void *panel, size_t row, size_t col,
                            size_t cols, size_t from, size_t count) {
    const __m256i mask[2] = {gb_lane_mask((ptrdiff_t)(g->rows - row)), gb_lane_mask((ptrdiff_t)(g->rows - row) - 8)};
    __m256 acc[2][GB_TILE_COLS];
    for (size_t c = 0; c < cols; c++) {
        const float *y = g->y + (col + c) * g->y_stride + row;
        for (size_t v = 0; v < 2; v++)
            acc[v][c] = from > 0 ? _mm256_maskload_ps(y + 8 * v, mask[v]) : _mm256_setzero_ps();
    }
    if (cols == 1)
        f->tile1(panel, g, col, from, count, acc);
    else
        f->tile(panel, g, col, from, count, acc);
    for (size_t c = 0; c < cols; c++) {
        float *y = g->y + (col + c) * g->y_stride + row;
        for (size_t v = 0; v < 2; v++) _mm256_maskstore_ps(y + 8 * v, mask[v], acc[v][c]);
    }
}

/* Rows behind the last are computed as copies of it and not stored. */
GB_INLINE void gb_block_gemm(const gb_gemm_format *f, const gb_gemm_args *g, void *panel) {
    const size_t blocks = g->n / f->elems;
    const size_t step = GB_PANEL_K / f->elems;
    const size_t fit = GB_PASS_ELEMS / g->n / GB_TILE_COLS * GB_TILE_COLS;
    const size_t pass = fit > 16 ? fit : 16;
    for (size_t col = 0; col < g->cols; col += pass) {
        const size_t end = g->cols - col < pass ? g->cols : col + pass;
        for (size_t row = 0; row < g->rows; row += GB_PANEL_ROWS) {
            const char *w[GB_PANEL_ROWS];
            for (size_t r = 0; r < GB_PANEL_ROWS; r++)
                w[r] = (const char *)g->w + (row + r < g->rows ? row + r : g->rows - 1) * g->w_stride;
            for (size_t from = 0; from < blocks; from += step) {
                const size_t count = blocks - from < step ? blocks - from : step;
                f->panel(w, from, count, panel);
                size_t c = col;
                for (; c + f->cols <= end; c += f->cols) gb_gemm_tile(f, g, panel, row, c, f->cols, from, count);
                for (; c < end; c++) gb_gemm_tile(f, g, panel, row, c, 1, from, count);
            }
        }
    }
}

/* gemm of a format from the fields of its gb_<kind>_format (gemm_wide.h, gemm_bytes.h). */
#define GB_GEMM_KERNEL(name, isa, kind, ...)                                                                           \
    GB_INLINE gb_##kind##_format name##_##kind(void) {                                                                 \
        return (gb_##kind##_format){__VA_ARGS__};                                                                      \
    }                                                                                                                  \
    static void name##_panel(const char *const row[GB_PANEL_ROWS], size_t from, size_t count, void *out) {             \
        const gb_##kind##_format f = name##_##kind();                                                                  \
        gb_##kind##_fill_panel(&f, row, from, count, out);                                                             \
    }                                                                                                                  \
    static void name##_tile4(const void *p, const gb_gemm_args *g, size_t col, size_t from, size_t count,              \
                             __m256 acc[2][GB_TILE_COLS]) {                                                            \
        const gb_##kind##_format f = name##_##kind();                                                                  \
        gb_##kind##_tile(&f, p, g, col, 4, from, count, acc);                                                          \
    }                                                                                                                  \
    static void name##_tile1(const void *p, const gb_gemm_args *g, size_t col, size_t from, size_t count,              \
                             __m256 acc[2][GB_TILE_COLS]) {                                                            \
        const gb_##kind##_format f = name##_##kind();                                                                  \
        gb_##kind##_tile(&f, p, g, col, 1, from, count, acc);                                                          \
    }                                                                                                                  \
    void gb_##name##_gemm_##isa(const gb_gemm_args *g) {                                                               \
        const gb_##kind##_format f = name##_##kind();                                                                  \
        const gb_gemm_format gemm = {                                                                                  \
            .elems = f.elems, .cols = 4, .panel = name##_panel, .tile = name##_tile4, .tile1 = name##_tile1};          \
        gb_##kind##_panel panel;                                                                                       \
        gb_##kind##_columns(&f, g);                                                                                    \
        gb_block_gemm(&gemm, g, &panel);                                                                               \
    }

#endif
