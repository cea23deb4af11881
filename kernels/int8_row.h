/* int8_row: one integer sum for a row, one product of floats. The tier has defined
 * sums(w, rows, a, n, total): products of n codes of one or four rows with those of the activations, added to total; n
 * is at most GB_INT8_RUN, whose sum is below 2^31: 2^16 * 2^14. */
#ifndef GB_INT8_ROW_H
#define GB_INT8_ROW_H

#include "kernels/compiler.h"
#include "kernels/kernel.h"
#include "reference/number.h"

enum { GB_INT8_RUN = 1 << 16, GB_INT8_ROWS = 4 };

typedef void gb_int8_sums_fn(const int8_t *const w[GB_INT8_ROWS], size_t rows, const int8_t *a, size_t n,
                             int64_t total[GB_INT8_ROWS]);

/* The scale of a row of that largest magnitude, at its head; returns what the elements are multiplied with, so that the
 * products are at most 127 or NaN. */
static inline float gb_int8_head(void *row, float largest) {
    const float d = largest / 127.0F;
    memcpy(row, &d, sizeof d);
    return gb_finite_or_zero(127.0F / largest);
}

/* y[r] of one or four rows. */
GB_INLINE void gb_int8_rows(gb_int8_sums_fn *sums, const char *w, size_t w_stride, size_t rows, const char *a, size_t n,
                            float *y) {
    int64_t total[GB_INT8_ROWS] = {0};
    for (size_t from = 0; from < n; from += GB_INT8_RUN) {
        const int8_t *row[GB_INT8_ROWS] = {0};
        for (size_t r = 0; r < rows; r++) row[r] = (const int8_t *)w + r * w_stride + sizeof(float) + from;
        sums(row, rows, (const int8_t *)a + sizeof(float) + from, n - from < GB_INT8_RUN ? n - from : GB_INT8_RUN,
             total);
    }
    for (size_t r = 0; r < rows; r++) y[r] = (gb_load_f32(w + r * w_stride, 0) * gb_load_f32(a, 0)) * (float)total[r];
}

/* Four rows stay in the cache while all columns pass by. */
GB_INLINE void gb_int8_gemm(gb_int8_sums_fn *sums, const gb_gemm_args *g) {
    size_t r = 0;
    for (; r + GB_INT8_ROWS <= g->rows; r += GB_INT8_ROWS)
        for (size_t c = 0; c < g->cols; c++)
            gb_int8_rows(sums, (const char *)g->w + r * g->w_stride, g->w_stride, GB_INT8_ROWS,
                         (const char *)g->a + c * g->a_stride, g->n, g->y + c * g->y_stride + r);
    for (; r < g->rows; r++)
        for (size_t c = 0; c < g->cols; c++)
            gb_int8_rows(sums, (const char *)g->w + r * g->w_stride, 0, 1, (const char *)g->a + c * g->a_stride, g->n,
                         g->y + c * g->y_stride + r);
}

#define GB_INT8_ROW_KERNELS(isa, sums)                                                                                 \
    float gb_int8_row_dot_##isa(const void *w, const void *a, size_t n) {                                              \
        float y = 0.0F;                                                                                                \
        gb_int8_rows(sums, w, 0, 1, a, n, &y);                                                                         \
        return y;                                                                                                      \
    }                                                                                                                  \
    void gb_int8_row_gemm_##isa(const gb_gemm_args *g) {                                                               \
        gb_int8_gemm(sums, g);                                                                                         \
    }                                                                                                                  \
    void gb_int8_row_gemv_##isa(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {      \
        const gb_gemm_args g = {                                                                                       \
            .w = w, .w_stride = w_stride, .rows = rows, .a = a, .cols = 1, .n = n, .y = y, .y_stride = rows};          \
        gb_int8_gemm(sums, &g);                                                                                        \
    }

#endif
