/* The gemm of the block formats: sixteen weight rows x 256 elements of K are unpacked into a panel whose vectors hold
 * one row per 32-bit lane, and the panel meets all columns. A broadcast of two or four activation codes then serves
 * sixteen rows, no horizontal sum is needed, and the float chain of each output element stays in its lane. Between
 * chunks of K the partial sums lie in y. */
#ifndef GB_VEC32_GEMM_H
#define GB_VEC32_GEMM_H

#include "kernels/vec32/simd.h"

enum { GB_PANEL_ROWS = 16, GB_PANEL_K = 256, GB_TILE_COLS = 4 };

/* A pass: the part of the activations that stays in the second-level cache while all rows meet it. As many columns as
 * can be, and of K what is left: unpacking a panel costs as much as multiplying it by five columns, or by twenty
 * (iq4_xs). */
enum { GB_PASS_BYTES = 384 * 1024, GB_PASS_COLS = 512, GB_SUMS_AT_END = 65536 };
_Static_assert(GB_PASS_COLS *GB_PANEL_ROWS * sizeof(float) <= GB_SUMS_AT_END, "the sums of a pass, in scratch");

typedef struct {
    size_t elems; /* per block */
    size_t cols;  /* of a tile, at most GB_TILE_COLS */
    size_t bytes; /* of the activations of GB_PANEL_K elements of a column */
    /* blocks from .. from + count - 1 of sixteen rows into the panel */
    void (*panel)(const char *const row[GB_PANEL_ROWS], size_t from, size_t count, void *panel);
    /* acc[v][c] = acc[v][c] + terms of those blocks, rows 8v .. 8v + 7, columns col + c */
    void (*tile)(const void *panel, const gb_gemm_args *g, size_t col, size_t from, size_t count,
                 __m256 acc[2][GB_TILE_COLS]);
    void (*tile1)(const void *panel, const gb_gemm_args *g, size_t col, size_t from, size_t count,
                  __m256 acc[2][GB_TILE_COLS]); /* the same for one column */
} gb_gemm_format;

/* Where a pass stands: columns col .. col_end - 1; blocks begin .. end - 1 of K, of them from .. from + count - 1 in
 * the panel; rows from `row` on. */
typedef struct {
    size_t col, col_end, begin, end, row, from, count;
    float *sums; /* per column sixteen rows, between panels: columns of y may lie in few sets of the cache */
} gb_gemm_pass;

GB_INLINE void gb_gemm_tile(const gb_gemm_format *f, const gb_gemm_args *g, const void *panel, const gb_gemm_pass *p,
                            size_t col, size_t cols) {
    const ptrdiff_t rows = (ptrdiff_t)(g->rows - p->row);
    const __m256i mask[2] = {gb_lane_mask(rows), gb_lane_mask(rows - 8)};
    __m256 acc[2][GB_TILE_COLS];
    for (size_t c = 0; c < cols; c++) {
        const float *y = g->y + (col + c) * g->y_stride + p->row;
        const float *sums = p->sums + (col - p->col + c) * GB_PANEL_ROWS;
        for (size_t v = 0; v < 2; v++) {
            if (p->from > p->begin)
                acc[v][c] = _mm256_load_ps(sums + 8 * v);
            else
                acc[v][c] = p->from > 0 ? _mm256_maskload_ps(y + 8 * v, mask[v]) : _mm256_setzero_ps();
        }
    }
    if (cols == 1)
        f->tile1(panel, g, col, p->from, p->count, acc);
    else
        f->tile(panel, g, col, p->from, p->count, acc);
    for (size_t c = 0; c < cols; c++) {
        float *y = g->y + (col + c) * g->y_stride + p->row;
        float *sums = p->sums + (col - p->col + c) * GB_PANEL_ROWS;
        for (size_t v = 0; v < 2; v++) {
            if (p->from + p->count < p->end)
                _mm256_store_ps(sums + 8 * v, acc[v][c]);
            else
                _mm256_maskstore_ps(y + 8 * v, mask[v], acc[v][c]);
        }
    }
}

/* All rows of a pass. Rows behind the last are computed as copies of it and not stored. */
GB_INLINE void gb_gemm_rows(const gb_gemm_format *f, const gb_gemm_args *g, gb_gemm_pass *p, void *panel) {
    const size_t step = GB_PANEL_K / f->elems;
    for (p->row = 0; p->row < g->rows; p->row += GB_PANEL_ROWS) {
        const char *w[GB_PANEL_ROWS];
        for (size_t r = 0; r < GB_PANEL_ROWS; r++)
            w[r] = (const char *)g->w + (p->row + r < g->rows ? p->row + r : g->rows - 1) * g->w_stride;
        for (p->from = p->begin; p->from < p->end; p->from += step) {
            p->count = p->end - p->from < step ? p->end - p->from : step;
            f->panel(w, p->from, p->count, panel);
            size_t c = p->col;
            for (; c + f->cols <= p->col_end; c += f->cols) gb_gemm_tile(f, g, panel, p, c, f->cols);
            for (; c < p->col_end; c++) gb_gemm_tile(f, g, panel, p, c, 1);
        }
    }
}

GB_INLINE size_t gb_shares(size_t all, size_t most) {
    return (all + most - 1) / most;
}

/* Blocks of K in a pass of so many columns: equal shares of whole panels. */
GB_INLINE size_t gb_pass_span(const gb_gemm_format *f, size_t n, size_t cols) {
    const size_t fit = GB_PASS_BYTES / f->bytes / cols;
    const size_t panels = gb_shares(n, GB_PANEL_K);
    return gb_shares(panels, gb_shares(panels, fit > 0 ? fit : 1)) * (GB_PANEL_K / f->elems);
}

GB_INLINE void gb_block_gemm(const gb_gemm_format *f, const gb_gemm_args *g, void *panel) {
    const size_t blocks = g->n / f->elems;
    float *sums = (float *)(void *)((char *)g->scratch + gb_gemm_scratch(g->n, g->cols) - GB_SUMS_AT_END);
    for (size_t col = 0; col < g->cols; col += GB_PASS_COLS) {
        const size_t cols = g->cols - col < GB_PASS_COLS ? g->cols - col : GB_PASS_COLS;
        const size_t span = gb_pass_span(f, g->n, cols);
        for (size_t from = 0; from < blocks; from += span) {
            const size_t end = blocks - from < span ? blocks : from + span;
            gb_gemm_pass p = {.col = col, .col_end = col + cols, .begin = from, .end = end, .sums = sums};
            gb_gemm_rows(f, g, &p, panel);
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
        const gb_gemm_format gemm = {.elems = f.elems,                                                                 \
                                     .cols = 4,                                                                        \
                                     .bytes = gb_##kind##_panel_act(&f),                                               \
                                     .panel = name##_panel,                                                            \
                                     .tile = name##_tile4,                                                             \
                                     .tile1 = name##_tile1};                                                           \
        gb_##kind##_panel panel;                                                                                       \
        gb_##kind##_columns(&f, g);                                                                                    \
        gb_block_gemm(&gemm, g, &panel);                                                                               \
    }

#endif
