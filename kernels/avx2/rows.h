/* Shared by the AVX2 kernels of float rows: the sixteen-lane dot (reference/lanes.h) with lanes 0-7 in one vector and
 * 8-15 in another. An incomplete end of a row is padded with +0: a lane starts at +0 and rounding to nearest never
 * makes it -0, so adding +0 * +0 changes no lane. */
#ifndef GB_AVX2_ROWS_H
#define GB_AVX2_ROWS_H

#include "kernels/vec32/simd.h"
#include "reference/lanes.h"

typedef __m256 gb_floats;

/* A row format: its bytes an element, and eight elements as floats; or (weights only) its elements a block, and block k
 * of a row of n elements as floats, GB_DECODED vectors at the most. */
typedef struct {
    size_t bytes;
    __m256 (*load)(const void *p);
    size_t block; /* a multiple of 16 that divides GB_ROWS_K */
    void (*decode)(const uint8_t *row, size_t n, size_t k, gb_floats *x);
    int apart; /* elements are the upper halves of floats: gemv takes those of even and of odd place apart */
} gb_row_format;

enum { GB_DECODED = 8 };

GB_INLINE __m256 gb_load8_f32(const void *p) {
    return _mm256_castsi256_ps(gb_load256(p));
}

GB_INLINE __m256 gb_load8_f16(const void *p) {
    return _mm256_cvtph_ps(gb_load128(p));
}

GB_INLINE __m256 gb_load8_bf16(const void *p) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(gb_load128(p)), 16));
}

#define GB_ROW_F32                                                                                                     \
    { .bytes = 4, .load = gb_load8_f32 }
#define GB_ROW_F16                                                                                                     \
    { .bytes = 2, .load = gb_load8_f16 }
#define GB_ROW_BF16                                                                                                    \
    { .bytes = 2, .load = gb_load8_bf16, .apart = 1 }

/* acc + x * y. fused only where the product is exact (f16 times f16: 11 + 11 bits), so that both ways give one result.
 */
GB_INLINE __m256 gb_add_product(int fused, __m256 x, __m256 y, __m256 acc) {
    return fused ? _mm256_fmadd_ps(x, y, acc) : _mm256_add_ps(acc, _mm256_mul_ps(x, y));
}

/* gb_fold_lanes: 8, 4, 2, 1. */
GB_INLINE float gb_fold(__m256 low, __m256 high) {
    const __m256 eight = _mm256_add_ps(low, high);
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}

/* Sixteen elements: 0-7 and 8-15, or apart, by a shift and a mask instead of a shuffle for each eight. */
GB_INLINE void gb_load16(const gb_row_format *f, const char *p, __m256 out[2]) {
    if (f->apart) {
        const __m256i v = gb_load256(p);
        out[0] = _mm256_castsi256_ps(_mm256_slli_epi32(v, 16));
        out[1] = _mm256_castsi256_ps(_mm256_and_si256(v, _mm256_set1_epi32((int)0xffff0000U)));
        return;
    }
    for (size_t h = 0; h < 2; h++) out[h] = f->load(p + 8 * h * f->bytes);
}

/* gb_fold() of lanes so loaded. */
GB_INLINE float gb_fold16(const gb_row_format *f, const __m256 lane[2]) {
    if (!f->apart) return gb_fold(lane[0], lane[1]);
    const __m256 low = _mm256_unpacklo_ps(lane[0], lane[1]);  /* 0-3, 8-11 */
    const __m256 high = _mm256_unpackhi_ps(lane[0], lane[1]); /* 4-7, 12-15 */
    return gb_fold(_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31));
}

/* The last n % 16 elements, followed by zeros. */
GB_INLINE void gb_tail16(const gb_row_format *f, const char *p, size_t count, __m256 out[2]) {
    char padded[GB_LANES * 4] = {0};
    memcpy(padded, p, count * f->bytes);
    gb_load16(f, padded, out);
}

/* --- gemv: up to four rows at a time, lanes in registers over the whole of K --- */

GB_INLINE void gb_gemv_decoded(const gb_row_format *fw, const gb_row_format *fa, const char *w, size_t w_stride,
                               size_t rows, const char *a, size_t n, float *y) {
    __m256 lane[4][2];
    for (size_t r = 0; r < rows; r++) lane[r][0] = lane[r][1] = _mm256_setzero_ps();
    for (size_t k = 0; k < n / fw->block; k++, a += fw->block * fa->bytes) {
        for (size_t r = 0; r < rows; r++) {
            gb_floats v[GB_DECODED];
            fw->decode((const uint8_t *)w + r * w_stride, n, k, v);
            for (size_t j = 0; j < fw->block / 8; j++)
                lane[r][j % 2] = gb_add_product(0, v[j], fa->load(a + 8 * j * fa->bytes), lane[r][j % 2]);
        }
    }
    for (size_t r = 0; r < rows; r++) y[r] = gb_fold(lane[r][0], lane[r][1]);
}

GB_INLINE void gb_gemv_rows(const gb_row_format *fw, const gb_row_format *fa, int fused, const char *w, size_t w_stride,
                            size_t rows, const char *a, size_t n, float *y) {
    if (fw->decode) {
        gb_gemv_decoded(fw, fa, w, w_stride, rows, a, n, y);
        return;
    }
    __m256 lane[4][2];
    for (size_t r = 0; r < rows; r++) lane[r][0] = lane[r][1] = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + GB_LANES <= n; i += GB_LANES) {
        __m256 x[2];
        gb_load16(fa, a + i * fa->bytes, x);
        for (size_t r = 0; r < rows; r++) {
            __m256 v[2];
            gb_load16(fw, w + r * w_stride + i * fw->bytes, v);
            for (size_t h = 0; h < 2; h++) lane[r][h] = gb_add_product(fused, v[h], x[h], lane[r][h]);
        }
    }
    if (i < n) {
        __m256 x[2];
        gb_tail16(fa, a + i * fa->bytes, n - i, x);
        for (size_t r = 0; r < rows; r++) {
            __m256 v[2];
            gb_tail16(fw, w + r * w_stride + i * fw->bytes, n - i, v);
            for (size_t h = 0; h < 2; h++) lane[r][h] = gb_add_product(fused, v[h], x[h], lane[r][h]);
        }
    }
    for (size_t r = 0; r < rows; r++) y[r] = gb_fold16(fw, lane[r]);
}

/* A row alone is one chain of additions, and a fused one takes longer. */
GB_INLINE void gb_row_gemv(const gb_row_format *fw, const gb_row_format *fa, int fused, const void *w, size_t w_stride,
                           size_t rows, const void *a, size_t n, float *y) {
    size_t r = 0;
    for (; r + 4 <= rows; r += 4) gb_gemv_rows(fw, fa, fused, (const char *)w + r * w_stride, w_stride, 4, a, n, y + r);
    for (; r < rows; r++) gb_gemv_rows(fw, fa, 0, (const char *)w + r * w_stride, w_stride, 1, a, n, y + r);
}

/* --- gemm: tiles of 16 x 16 results, elements converted once per tile, lanes in a buffer between chunks of K --- */

enum { GB_ROWS_TILE = 16, GB_ROWS_K = 128 };

typedef struct {
    __m256 lane[GB_ROWS_TILE][GB_ROWS_TILE][2];
    float w[GB_ROWS_TILE][GB_ROWS_K];
    float a[GB_ROWS_TILE][GB_ROWS_K];
} gb_row_tile;

/* Converts `count` elements and pads to a multiple of sixteen. */
GB_INLINE void gb_convert_row(const gb_row_format *f, const char *p, size_t count, float *to) {
    size_t i = 0;
    for (; i + 8 <= count; i += 8) _mm256_storeu_ps(to + i, f->load(p + i * f->bytes));
    if (i < count) {
        char padded[8 * 4] = {0};
        memcpy(padded, p + i * f->bytes, (count - i) * f->bytes);
        _mm256_storeu_ps(to + i, f->load(padded));
        i += 8;
    }
    if (i % GB_LANES != 0) _mm256_storeu_ps(to + i, _mm256_setzero_ps());
}

/* `count` elements of a row of n from element k on, of blocks that are decoded or not. */
GB_INLINE void gb_convert_weights(const gb_row_format *f, const char *row, size_t n, size_t k, size_t count,
                                  float *to) {
    if (!f->decode) {
        gb_convert_row(f, row + k * f->bytes, count, to);
        return;
    }
    for (size_t i = 0; i < count; i += f->block) {
        gb_floats v[GB_DECODED];
        f->decode((const uint8_t *)row, n, (k + i) / f->block, v);
        for (size_t j = 0; j < f->block / 8; j++) _mm256_storeu_ps(to + i + 8 * j, v[j]);
    }
}

GB_INLINE void gb_row_dequantize(const gb_row_format *f, const void *blocks, float *x, size_t n) {
    for (size_t k = 0; k < n; k += f->block) gb_convert_weights(f, blocks, n, k, f->block, x + k);
}

/* Two rows by two columns of a tile; an odd last one is computed twice. */
GB_INLINE void gb_tile_2x2(gb_row_tile *t, int fused, size_t r, size_t r1, size_t c, size_t c1, size_t padded) {
    const float *w[2] = {t->w[r], t->w[r1]};
    const float *a[2] = {t->a[c], t->a[c1]};
    __m256 lane[2][2][2];
    memcpy(lane[0][0], t->lane[r][c], sizeof lane[0][0]);
    memcpy(lane[0][1], t->lane[r][c1], sizeof lane[0][0]);
    memcpy(lane[1][0], t->lane[r1][c], sizeof lane[0][0]);
    memcpy(lane[1][1], t->lane[r1][c1], sizeof lane[0][0]);
    for (size_t i = 0; i < padded; i += GB_LANES) {
        for (size_t h = 0; h < 2; h++) {
            const __m256 a0 = _mm256_loadu_ps(a[0] + i + 8 * h);
            const __m256 a1 = _mm256_loadu_ps(a[1] + i + 8 * h);
            for (size_t j = 0; j < 2; j++) {
                const __m256 x = _mm256_loadu_ps(w[j] + i + 8 * h);
                lane[j][0][h] = gb_add_product(fused, x, a0, lane[j][0][h]);
                lane[j][1][h] = gb_add_product(fused, x, a1, lane[j][1][h]);
            }
        }
    }
    memcpy(t->lane[r1][c1], lane[1][1], sizeof lane[0][0]);
    memcpy(t->lane[r1][c], lane[1][0], sizeof lane[0][0]);
    memcpy(t->lane[r][c1], lane[0][1], sizeof lane[0][0]);
    memcpy(t->lane[r][c], lane[0][0], sizeof lane[0][0]);
}

GB_INLINE void gb_tile_rows(gb_row_tile *t, int fused, size_t rows, size_t cols, size_t padded) {
    for (size_t r = 0; r < rows; r += 2)
        for (size_t c = 0; c < cols; c += 2)
            gb_tile_2x2(t, fused, r, r + 1 < rows ? r + 1 : r, c, c + 1 < cols ? c + 1 : c, padded);
}

GB_INLINE void gb_row_gemm(const gb_row_format *fw, const gb_row_format *fa, int fused, const gb_gemm_args *g) {
    gb_row_tile t;
    for (size_t col = 0; col < g->cols; col += GB_ROWS_TILE) {
        const size_t cols = g->cols - col < GB_ROWS_TILE ? g->cols - col : GB_ROWS_TILE;
        for (size_t row = 0; row < g->rows; row += GB_ROWS_TILE) {
            const size_t rows = g->rows - row < GB_ROWS_TILE ? g->rows - row : GB_ROWS_TILE;
            for (size_t r = 0; r < rows; r++) memset(t.lane[r], 0, cols * sizeof t.lane[r][0]);
            for (size_t k = 0; k < g->n; k += GB_ROWS_K) {
                const size_t count = g->n - k < GB_ROWS_K ? g->n - k : GB_ROWS_K;
                for (size_t r = 0; r < rows; r++)
                    gb_convert_weights(fw, (const char *)g->w + (row + r) * g->w_stride, g->n, k, count, t.w[r]);
                for (size_t c = 0; c < cols; c++)
                    gb_convert_row(fa, (const char *)g->a + (col + c) * g->a_stride + k * fa->bytes, count, t.a[c]);
                gb_tile_rows(&t, fused, rows, cols, (count + GB_LANES - 1) / GB_LANES * GB_LANES);
            }
            for (size_t c = 0; c < cols; c++)
                for (size_t r = 0; r < rows; r++)
                    g->y[(col + c) * g->y_stride + row + r] = gb_fold(t.lane[r][c][0], t.lane[r][c][1]);
        }
    }
}

/* dot, gemv and gemm of a float format; row, act: its own, that of its activations. */
#define GB_ROW_OPS(name, row, act, fused)                                                                              \
    void gb_##name##_gemv_avx2(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {       \
        gb_row_gemv(&(row), &(act), fused, w, w_stride, rows, a, n, y);                                                \
    }                                                                                                                  \
    float gb_##name##_dot_avx2(const void *w, const void *a, size_t n) {                                               \
        float y;                                                                                                       \
        gb_##name##_gemv_avx2(w, 0, 1, a, n, &y);                                                                      \
        return y;                                                                                                      \
    }                                                                                                                  \
    void gb_##name##_gemm_avx2(const gb_gemm_args *g) {                                                                \
        gb_row_gemm(&(row), &(act), fused, g);                                                                         \
    }

#define GB_ROW_KERNELS(name, ROW, fused)                                                                               \
    static const gb_row_format name##_row = ROW;                                                                       \
    GB_ROW_OPS(name, name##_row, name##_row, fused)

/* The operations of a format of decoded blocks. */
#define GB_DECODED_KERNELS(name, elems, decode_one)                                                                    \
    static const gb_row_format name##_row = {.block = (elems), .decode = decode_one};                                  \
    static const gb_row_format name##_act = GB_ROW_F32;                                                                \
    GB_ROW_OPS(name, name##_row, name##_act, 0)                                                                        \
    void gb_##name##_dequantize_avx2(const void *blocks, float *x, size_t n) {                                         \
        gb_row_dequantize(&name##_row, blocks, x, n);                                                                  \
    }

#endif
