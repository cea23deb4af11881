/* Dots of decoded weights with f32 rows, in the sixteen-lane pattern. */
#ifndef GB_VEC16_DECODED_H
#define GB_VEC16_DECODED_H

#include "kernels/decoded.h"
#include "kernels/vec16/lanes.h"

enum { GB_DECODED = 16 }; /* vectors that the longest block fills */

typedef void gb_decode_fn(const uint8_t *row, size_t n, size_t k, gb_floats *x);

/* Lane r * cols + c = the dot of row r and column c, at most four of them. A block is decoded once for all columns. */
GB_INLINE gb_floats gb_decoded_dots(gb_decode_fn *decode, size_t block, const char *w, size_t w_stride, size_t rows,
                                    const char *a, size_t a_stride, size_t cols, size_t n) {
    gb_floats4 lane[4];
    for (size_t i = 0; i < 4; i++) lane[i] = gb_zero_lanes();
    for (size_t k = 0; k < n / block; k++) {
        for (size_t r = 0; r < rows; r++) {
            gb_floats x[GB_DECODED];
            decode((const uint8_t *)w + r * w_stride, n, k, x);
            for (size_t c = 0; c < cols; c++) {
                const char *at = a + c * a_stride + k * block * sizeof(float);
                gb_floats4 *sum = &lane[r * cols + c];
                for (size_t i = 0; i < block / 4; i++)
                    sum->val[i % 4] = sum->val[i % 4] + x[i] * gb_v_fload(at + 16 * i);
            }
        }
    }
    return gb_fold_rows(lane);
}

/* Decoding costs more than the products: row after row with all columns, or all rows with a single one. */
GB_INLINE void gb_decoded_tile(gb_decode_fn *decode, size_t block, const char *w, size_t w_stride, size_t rows,
                               const char *a, size_t a_stride, size_t cols, size_t n, gb_floats *acc) {
    if (cols == 1) {
        acc[0] = gb_decoded_dots(decode, block, w, w_stride, rows, a, 0, 1, n);
        return;
    }
    float y[GB_TILE_ROWS][GB_TILE_COLS] = {{0}};
    for (size_t r = 0; r < rows; r++)
        gb_v_fstore(y[r], gb_decoded_dots(decode, block, w + r * w_stride, 0, 1, a, a_stride, GB_TILE_COLS, n));
    for (size_t c = 0; c < GB_TILE_COLS; c++) {
        const float column[GB_TILE_ROWS] = {y[0][c], y[1][c], y[2][c], y[3][c]};
        acc[c] = gb_v_fload(column);
    }
}

/* What a tier calls GB_DECODED_KERNELS: the operations of a format of decoded blocks. */
#define GB_DECODED_VEC16(name, isa, elems, decode_one)                                                                 \
    void gb_##name##_dequantize_##isa(const void *blocks, float *x, size_t n) {                                        \
        for (size_t k = 0; k < n / (elems); k++, x += (elems)) {                                                       \
            gb_floats v[GB_DECODED];                                                                                   \
            decode_one(blocks, n, k, v);                                                                               \
            for (size_t i = 0; i < (elems) / 4; i++) gb_v_fstore(x + 4 * i, v[i]);                                     \
        }                                                                                                              \
    }                                                                                                                  \
    GB_INLINE void name##_tile(const char *w, size_t w_stride, size_t rows, const char *a, size_t a_stride,            \
                               size_t cols, size_t n, gb_floats *acc) {                                                \
        gb_decoded_tile(decode_one, elems, w, w_stride, rows, a, a_stride, cols, n, acc);                              \
    }                                                                                                                  \
    GB_TILE_KERNELS(name, isa, name##_tile, GB_TILE_COLS)

#endif
