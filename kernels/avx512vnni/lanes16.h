/* dot, gemv and gemm of float rows in the sixteen-lane pattern of reference/lanes.h: a register is the sixteen lanes,
 * so element i meets lane i mod 16 without shuffles. The tail is loaded masked, zeros elsewhere: a lane starts at +0
 * and never becomes -0 by additions, so adding +0 * +0 changes nothing. */
#ifndef GB_AVX512VNNI_LANES16_H
#define GB_AVX512VNNI_LANES16_H

#include "kernels/avx512vnni/simd.h"
#include "kernels/kernel.h"

enum { GB_QUAD = 4 /* rows (and columns) in flight */ };

/* Elements at p as floats: sixteen, or the masked ones and zeros. */
typedef __m512 gb_load16_fn(const void *p);
typedef __m512 gb_load_some_fn(const void *p, __mmask16 lanes);
/* acc + a * b with the roundings of the format. */
typedef __m512 gb_madd_fn(__m512 a, __m512 b, __m512 acc);

typedef struct gb_lanes16 {
    size_t bytes; /* of an element */
    gb_load16_fn *load;
    gb_load_some_fn *load_some;
    gb_madd_fn *madd;
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

/* Two roundings. */
GB_INLINE __m512 gb_madd_separate(__m512 a, __m512 b, __m512 acc) {
    return _mm512_add_ps(acc, _mm512_mul_ps(a, b));
}

/* lanes[c * GB_QUAD + r] += row r times column c; rows and columns past the last are its copies. */
GB_INLINE void gb_lanes_tile(const gb_lanes16 *f, const uint8_t *const row[], size_t rows, const uint8_t *const col[],
                             size_t cols, size_t n, __m512 lanes[GB_QUAD * GB_QUAD]) {
    GB_UNROLL
    for (size_t c = 0; c < cols; c++) {
        GB_UNROLL
        for (size_t r = 0; r < rows; r++) lanes[c * GB_QUAD + r] = _mm512_setzero_ps();
    }
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m512 w[GB_QUAD];
        GB_UNROLL
        for (size_t r = 0; r < rows; r++) w[r] = f->load(row[r] + i * f->bytes);
        GB_UNROLL
        for (size_t c = 0; c < cols; c++) {
            const __m512 a = f->load(col[c] + i * f->bytes);
            GB_UNROLL
            for (size_t r = 0; r < rows; r++) lanes[c * GB_QUAD + r] = f->madd(w[r], a, lanes[c * GB_QUAD + r]);
        }
    }
    if (i == n) return;
    const __mmask16 tail = gb_lanes(n - i);
    GB_UNROLL
    for (size_t c = 0; c < cols; c++) {
        const __m512 a = f->load_some(col[c] + i * f->bytes, tail);
        GB_UNROLL
        for (size_t r = 0; r < rows; r++)
            lanes[c * GB_QUAD + r] = f->madd(f->load_some(row[r] + i * f->bytes, tail), a, lanes[c * GB_QUAD + r]);
    }
}

GB_INLINE float gb_lanes_dot(const gb_lanes16 *f, const void *w, const void *a, size_t n) {
    const uint8_t *row[1] = {w};
    const uint8_t *col[1] = {a};
    __m512 lanes[GB_QUAD * GB_QUAD];
    gb_lanes_tile(f, row, 1, col, 1, n, lanes);
    return gb_fold(lanes[0]);
}

GB_INLINE void gb_lanes_gemv(const gb_lanes16 *f, const void *w, size_t w_stride, size_t rows, const void *a, size_t n,
                             float *y) {
    const uint8_t *col[1] = {a};
    for (size_t r = 0; r < rows; r += GB_QUAD) {
        const uint8_t *row[GB_QUAD];
        for (size_t i = 0; i < GB_QUAD; i++) row[i] = (const uint8_t *)w + gb_min(r + i, rows - 1) * w_stride;
        __m512 lanes[GB_QUAD * GB_QUAD];
        gb_lanes_tile(f, row, GB_QUAD, col, 1, n, lanes);
        GB_UNROLL
        for (size_t i = 0; i < GB_QUAD; i++) {
            const float sum = gb_fold(lanes[i]);
            if (r + i < rows) y[r + i] = sum;
        }
    }
}

/* Columns in blocks that stay in L2 while all rows pass by. */
GB_INLINE void gb_lanes_gemm(const gb_lanes16 *f, const gb_gemm_args *g) {
    const size_t fit = ((size_t)1 << 18) / (g->n * f->bytes);
    const size_t block = fit < GB_QUAD ? GB_QUAD : fit / GB_QUAD * GB_QUAD;
    for (size_t first = 0; first < g->cols; first += block) {
        const size_t end = gb_min(g->cols, first + block);
        for (size_t r = 0; r < g->rows; r += GB_QUAD) {
            const uint8_t *row[GB_QUAD];
            for (size_t i = 0; i < GB_QUAD; i++)
                row[i] = (const uint8_t *)g->w + gb_min(r + i, g->rows - 1) * g->w_stride;
            const __mmask8 keep = (__mmask8)(gb_lanes(g->rows - r) & 15U);
            for (size_t c = first; c < end; c += GB_QUAD) {
                const uint8_t *col[GB_QUAD];
                for (size_t i = 0; i < GB_QUAD; i++)
                    col[i] = (const uint8_t *)g->a + gb_min(c + i, g->cols - 1) * g->a_stride;
                __m512 lanes[GB_QUAD * GB_QUAD];
                gb_lanes_tile(f, row, GB_QUAD, col, GB_QUAD, g->n, lanes);
                _Alignas(64) float sum[GB_QUAD][GB_QUAD];
                _mm512_store_ps(sum, gb_fold16(lanes));
                for (size_t i = 0; i < GB_QUAD && c + i < end; i++)
                    _mm_mask_storeu_ps(g->y + (c + i) * g->y_stride + r, keep, _mm_load_ps(sum[i]));
            }
        }
    }
}

#endif
