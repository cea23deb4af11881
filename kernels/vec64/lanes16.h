/* dot, gemv and gemm of float rows in the sixteen-lane pattern of reference/lanes.h: a register is the sixteen lanes,
 * so element i meets lane i mod 16 without shuffles. The tail is loaded masked, zeros elsewhere: a lane starts at +0
 * and never becomes -0 by additions, so adding +0 * +0 changes nothing. */
#ifndef GB_VEC64_LANES16_H
#define GB_VEC64_LANES16_H

#include "kernels/kernel.h"
#include "kernels/vec64/simd.h"

enum { GB_QUAD = 4 /* rows (and columns) in flight */ };

/* Elements at p as floats: sixteen, or the masked ones and zeros. */
typedef __m512 gb_load16_fn(const void *p);
typedef __m512 gb_load_some_fn(const void *p, __mmask16 lanes);
/* acc + a * b with the roundings of the format. */
typedef __m512 gb_madd_fn(__m512 a, __m512 b, __m512 acc);

/* Block k of a row of n elements as floats, GB_DECODED vectors at the most. */
typedef __m512 gb_floats;
typedef void gb_decode_fn(const uint8_t *row, size_t n, size_t k, gb_floats *x);

enum { GB_DECODED = 4 };

/* Are all products of this row with another such row exact? */
typedef int gb_tame_fn(const uint8_t *row, size_t n);

typedef struct gb_lanes16 {
    size_t bytes; /* of an element; of one of the activations, where blocks of weights are decoded */
    gb_load16_fn *load;
    gb_load_some_fn *load_some;
    gb_madd_fn *madd;
    gb_decode_fn *decode; /* or NULL: weights are loaded as the activations are */
    size_t block;         /* elements that decode() writes, a multiple of 16 */
    gb_tame_fn *tame;     /* or NULL: no row is */
} gb_lanes16;

GB_INLINE __m512 gb_load_f32x16(const void *p) {
    return _mm512_loadu_ps(p);
}

GB_INLINE __m512 gb_load_some_f32x16(const void *p, __mmask16 lanes) {
    return _mm512_maskz_loadu_ps(lanes, p);
}

GB_INLINE __m512 gb_load_f16x16(const void *p) {
    return _mm512_cvtph_ps(gb_load256(p));
}

GB_INLINE __m512 gb_load_some_f16x16(const void *p, __mmask16 lanes) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(lanes, p));
}

/* Sixteen floats as elements of two bytes. */
typedef __m256i gb_convert16_fn(__m512 x);

/* An even number of vectors of x; returns whether a NaN is among them. */
GB_INLINE int gb_load_vectors(const float *x, size_t count, __m512 v[]) {
    GB_UNROLL_ALL
    for (size_t j = 0; j < count; j++) v[j] = _mm512_loadu_ps(x + 16 * j);
    __mmask16 nan = 0;
    GB_UNROLL_ALL
    for (size_t j = 0; j < count; j += 2) nan |= _mm512_cmp_ps_mask(v[j], v[j + 1], _CMP_UNORD_Q);
    return nan != 0;
}

/* What v, the vectors at x, becomes at h; nan: whether one is among them. */
typedef void gb_convert_fn(const float *x, const __m512 v[], int nan, uint16_t *h);

enum { GB_MOST_STEP = 8 };

/* A row of n floats: `step` vectors at a time, then one by one, the last one masked. */
GB_INLINE void gb_convert_row(const float *x, void *blocks, size_t n, size_t step, gb_convert_fn *some,
                              gb_convert16_fn *one) {
    uint16_t *h = blocks; /* any address: only vector stores go through it */
    size_t i = 0;
    for (; i + 16 * step <= n; i += 16 * step) {
        __m512 v[GB_MOST_STEP];
        const int nan = gb_load_vectors(x + i, step, v);
        some(x + i, v, nan, h + i);
    }
    for (; i < n; i += 16) {
        const __mmask16 lanes = gb_lanes(n - i);
        _mm256_mask_storeu_epi16(h + i, lanes, one(_mm512_maskz_loadu_ps(lanes, x + i)));
    }
}

/* Two roundings. */
GB_INLINE __m512 gb_madd_separate(__m512 a, __m512 b, __m512 acc) {
    return _mm512_add_ps(acc, _mm512_mul_ps(a, b));
}

/* One rounding: where the product is exact, the same. */
GB_INLINE __m512 gb_madd_fused(__m512 a, __m512 b, __m512 acc) {
    return _mm512_fmadd_ps(a, b, acc);
}

GB_INLINE void gb_lanes_decoded(const gb_lanes16 *f, const uint8_t *const row[], size_t rows,
                                const uint8_t *const col[], size_t cols, size_t n, __m512 lanes[GB_QUAD * GB_QUAD]) {
    for (size_t k = 0; k < n / f->block; k++) {
        GB_UNROLL_ALL
        for (size_t r = 0; r < rows; r++) {
            gb_floats w[GB_DECODED];
            f->decode(row[r], n, k, w);
            GB_UNROLL_ALL
            for (size_t c = 0; c < cols; c++) {
                GB_UNROLL_ALL
                for (size_t i = 0; i < f->block / 16; i++) {
                    const __m512 a = f->load(col[c] + (k * f->block + 16 * i) * f->bytes);
                    lanes[c * GB_QUAD + r] = f->madd(w[i], a, lanes[c * GB_QUAD + r]);
                }
            }
        }
    }
}

/* lanes[c * GB_QUAD + r] += row r times column c; rows and columns past the last are its copies. */
GB_INLINE void gb_lanes_tile(const gb_lanes16 *f, gb_madd_fn *madd, const uint8_t *const row[], size_t rows,
                             const uint8_t *const col[], size_t cols, size_t n, __m512 lanes[GB_QUAD * GB_QUAD]) {
    GB_UNROLL_ALL
    for (size_t c = 0; c < cols; c++) {
        GB_UNROLL_ALL
        for (size_t r = 0; r < rows; r++) lanes[c * GB_QUAD + r] = _mm512_setzero_ps();
    }
    if (f->decode) {
        gb_lanes_decoded(f, row, rows, col, cols, n, lanes);
        return;
    }
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m512 w[GB_QUAD];
        GB_UNROLL_ALL
        for (size_t r = 0; r < rows; r++) w[r] = f->load(row[r] + i * f->bytes);
        GB_UNROLL_ALL
        for (size_t c = 0; c < cols; c++) {
            const __m512 a = f->load(col[c] + i * f->bytes);
            GB_UNROLL_ALL
            for (size_t r = 0; r < rows; r++) lanes[c * GB_QUAD + r] = madd(w[r], a, lanes[c * GB_QUAD + r]);
        }
    }
    if (i == n) return;
    const __mmask16 tail = gb_lanes(n - i);
    GB_UNROLL_ALL
    for (size_t c = 0; c < cols; c++) {
        const __m512 a = f->load_some(col[c] + i * f->bytes, tail);
        GB_UNROLL_ALL
        for (size_t r = 0; r < rows; r++)
            lanes[c * GB_QUAD + r] = madd(f->load_some(row[r] + i * f->bytes, tail), a, lanes[c * GB_QUAD + r]);
    }
}

GB_INLINE void gb_lanes_dequantize(const gb_lanes16 *f, const void *blocks, float *x, size_t n) {
    for (size_t k = 0; k < n / f->block; k++, x += f->block) {
        gb_floats w[GB_DECODED];
        f->decode(blocks, n, k, w);
        GB_UNROLL_ALL
        for (size_t i = 0; i < f->block / 16; i++) _mm512_storeu_ps(x + 16 * i, w[i]);
    }
}

GB_INLINE float gb_lanes_dot(const gb_lanes16 *f, const void *w, const void *a, size_t n) {
    const uint8_t *row[1] = {w};
    const uint8_t *col[1] = {a};
    __m512 lanes[GB_QUAD * GB_QUAD];
    gb_lanes_tile(f, f->madd, row, 1, col, 1, n, lanes);
    return gb_fold(lanes[0]);
}

GB_INLINE void gb_lanes_gemv(const gb_lanes16 *f, const void *w, size_t w_stride, size_t rows, const void *a, size_t n,
                             float *y) {
    const uint8_t *col[1] = {a};
    for (size_t r = 0; r < rows; r += GB_QUAD) {
        const uint8_t *row[GB_QUAD];
        for (size_t i = 0; i < GB_QUAD; i++) row[i] = (const uint8_t *)w + gb_min(r + i, rows - 1) * w_stride;
        __m512 lanes[GB_QUAD * GB_QUAD];
        gb_lanes_tile(f, f->madd, row, GB_QUAD, col, 1, n, lanes);
        GB_UNROLL_ALL
        for (size_t i = 0; i < GB_QUAD; i++) {
            const float sum = gb_fold(lanes[i]);
            if (r + i < rows) y[r + i] = sum;
        }
    }
}

GB_INLINE int gb_all_tame(const gb_lanes16 *f, const void *rows, size_t stride, size_t count, size_t n) {
    int tame = f->tame != NULL;
    for (size_t i = 0; tame && i < count; i++) tame = f->tame((const uint8_t *)rows + i * stride, n);
    return tame;
}

/* Four rows from r on and columns first to end. */
GB_INLINE void gb_lanes_columns(const gb_lanes16 *f, gb_madd_fn *madd, const gb_gemm_args *g,
                                const uint8_t *const row[GB_QUAD], size_t r, size_t first, size_t end) {
    const __mmask8 keep = (__mmask8)(gb_lanes(g->rows - r) & 15U);
    for (size_t c = first; c < end; c += GB_QUAD) {
        const uint8_t *col[GB_QUAD];
        for (size_t i = 0; i < GB_QUAD; i++) col[i] = (const uint8_t *)g->a + gb_min(c + i, g->cols - 1) * g->a_stride;
        __m512 lanes[GB_QUAD * GB_QUAD];
        gb_lanes_tile(f, madd, row, GB_QUAD, col, GB_QUAD, g->n, lanes);
        _Alignas(64) float sum[GB_QUAD][GB_QUAD];
        _mm512_store_ps(sum, gb_fold16(lanes));
        for (size_t i = 0; i < GB_QUAD && c + i < end; i++)
            _mm_mask_storeu_ps(g->y + (c + i) * g->y_stride + r, keep, _mm_load_ps(sum[i]));
    }
}

/* Columns in blocks that stay in L2 while all rows pass by. Where all products are exact, they are added as they are
 * made; to look for that takes as long as it saves where columns are few. */
GB_INLINE void gb_lanes_gemm(const gb_lanes16 *f, const gb_gemm_args *g) {
    const size_t fit = ((size_t)1 << 18) / (g->n * f->bytes);
    const size_t block = fit < GB_QUAD ? GB_QUAD : fit / GB_QUAD * GB_QUAD;
    for (size_t first = 0; first < g->cols; first += block) {
        const size_t end = gb_min(g->cols, first + block);
        const int tame_cols = end - first > GB_QUAD && gb_all_tame(f, (const uint8_t *)g->a + first * g->a_stride,
                                                                   g->a_stride, end - first, g->n);
        for (size_t r = 0; r < g->rows; r += GB_QUAD) {
            const uint8_t *row[GB_QUAD];
            for (size_t i = 0; i < GB_QUAD; i++)
                row[i] = (const uint8_t *)g->w + gb_min(r + i, g->rows - 1) * g->w_stride;
            if (tame_cols && gb_all_tame(f, row[0], g->w_stride, gb_min(GB_QUAD, g->rows - r), g->n))
                gb_lanes_columns(f, gb_madd_fused, g, row, r, first, end);
            else
                gb_lanes_columns(f, f->madd, g, row, r, first, end);
        }
    }
}

/* The products of a format. */
#define GB_LANES_PRODUCTS(name, isa, format)                                                                           \
    float gb_##name##_dot_##isa(const void *w, const void *a, size_t n) {                                              \
        return gb_lanes_dot(&(format), w, a, n);                                                                       \
    }                                                                                                                  \
    void gb_##name##_gemv_##isa(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {      \
        gb_lanes_gemv(&(format), w, w_stride, rows, a, n, y);                                                          \
    }                                                                                                                  \
    void gb_##name##_gemm_##isa(const gb_gemm_args *g) {                                                               \
        gb_lanes_gemm(&(format), g);                                                                                   \
    }

/* And the decoder of one whose elements are loaded one by one. */
#define GB_FLOAT_KERNELS(name, isa, format)                                                                            \
    void gb_##name##_dequantize_##isa(const void *blocks, float *x, size_t n) {                                        \
        const uint8_t *from = blocks;                                                                                  \
        for (size_t i = 0; i < n; i += 16) {                                                                           \
            const __mmask16 lanes = gb_lanes(n - i);                                                                   \
            _mm512_mask_storeu_ps(x + i, lanes, (format).load_some(from + i * (format).bytes, lanes));                 \
        }                                                                                                              \
    }                                                                                                                  \
    GB_LANES_PRODUCTS(name, isa, format)

/* And the encoder, from to_halves(), of one whose elements have two bytes. */
#define GB_HALVES_KERNELS(name, isa, format)                                                                           \
    void gb_##name##_quantize_act_##isa(const float *x, void *blocks, size_t n) {                                      \
        to_halves(x, blocks, n);                                                                                       \
    }                                                                                                                  \
    GB_FLOAT_KERNELS(name, isa, format)

/* What a tier calls GB_DECODED_KERNELS: the operations of a format of decoded blocks. */
#define GB_DECODED_VEC64(name, isa, elems, decode_one)                                                                 \
    static const gb_lanes16 name##_format = {.bytes = sizeof(float),                                                   \
                                             .load = gb_load_f32x16,                                                   \
                                             .load_some = gb_load_some_f32x16,                                         \
                                             .madd = gb_madd_separate,                                                 \
                                             .decode = decode_one,                                                     \
                                             .block = elems};                                                          \
    void gb_##name##_dequantize_##isa(const void *blocks, float *x, size_t n) {                                        \
        gb_lanes_dequantize(&name##_format, blocks, x, n);                                                             \
    }                                                                                                                  \
    GB_LANES_PRODUCTS(name, isa, name##_format)

#endif
