/* What the kernels in vectors of 64 bytes share: unaligned loads, 16-row transposes, sums across lanes, conversions. */
#ifndef GB_VEC64_SIMD_H
#define GB_VEC64_SIMD_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/compiler.h"
#include "kernels/formats.h"

#if defined(__clang__)
typedef unsigned gb_shift16; /* how the compiler declares the count of a shift of 16-bit lanes */
#else
typedef int gb_shift16;
#endif

enum { GB_ROWS = 16 }; /* rows of a group: the lanes of a register */

GB_INLINE size_t gb_min(size_t a, size_t b) {
    return a < b ? a : b;
}

GB_INLINE size_t gb_max(size_t a, size_t b) {
    return a > b ? a : b;
}

GB_INLINE __m128i gb_load128(const void *p) {
    return _mm_loadu_si128((const __m128i *)p);
}

GB_INLINE __m256i gb_load256(const void *p) {
    return _mm256_loadu_si256((const __m256i *)p);
}

GB_INLINE __m512i gb_load512(const void *p) {
    return _mm512_loadu_si512(p);
}

/* Loaded once: short of registers, or for a shift with its source in memory, gcc 12 reads a vector again and again. */
GB_INLINE __m512i gb_load512_once(const void *p) {
    __m512i v = _mm512_loadu_si512(p);
    __asm__("" : "+v"(v));
    return v;
}

GB_INLINE uint32_t gb_load_u32(const void *p) {
    uint32_t u;
    memcpy(&u, p, sizeof u);
    return u;
}

GB_INLINE __m512i gb_broadcast32(const void *p) {
    return _mm512_set1_epi32((int)gb_load_u32(p));
}

GB_INLINE __m512 gb_broadcast_f32(const void *p) {
    float x;
    memcpy(&x, p, sizeof x);
    return _mm512_set1_ps(x);
}

/* Lanes 0 .. n-1, all for n >= 16. */
GB_INLINE __mmask16 gb_lanes(size_t n) {
    return (__mmask16)(n >= 16 ? 0xffffU : (1U << n) - 1U);
}

/* A prefetch may name an address past the end of the row: it never faults. */
GB_INLINE void gb_prefetch(const void *p, size_t ahead) {
    _mm_prefetch((const char *)((uintptr_t)p + ahead), _MM_HINT_T0);
}

GB_INLINE float gb_half(uint16_t h) {
    return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(h)));
}

/* Nearest even, subnormals, overflow to infinity; for a NaN the payload is kept (callers pass none). */
GB_INLINE uint16_t gb_to_half(float x) {
    return (uint16_t)_mm_cvtsi128_si32(_mm_cvtps_ph(_mm_set_ss(x), _MM_FROUND_TO_NEAREST_INT));
}

/* The low halves of 16 lanes as f16 -> f32. */
GB_INLINE __m512 gb_halves(__m512i v) {
    return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(v));
}

/* Sixteen dwords at p, p + stride, ... Masked broadcasts from memory, because gathers are slow where microcode guards
 * them. */
GB_INLINE __m512i gb_gather_dwords(const void *p, size_t stride) {
    const uint8_t *at = p;
    __m512i v[4];
    GB_UNROLL
    for (size_t i = 0; i < 4; i++) {
        v[i] = gb_broadcast32(at + 4 * i * stride);
        v[i] = _mm512_mask_broadcastd_epi32(v[i], 0x2222, _mm_loadu_si32(at + (4 * i + 1) * stride));
        v[i] = _mm512_mask_broadcastd_epi32(v[i], 0x4444, _mm_loadu_si32(at + (4 * i + 2) * stride));
        v[i] = _mm512_mask_broadcastd_epi32(v[i], 0x8888, _mm_loadu_si32(at + (4 * i + 3) * stride));
    }
    v[0] = _mm512_mask_mov_epi32(v[0], 0x00f0, v[1]);
    v[0] = _mm512_mask_mov_epi32(v[0], 0x0f00, v[2]);
    return _mm512_mask_mov_epi32(v[0], 0xf000, v[3]);
}

/* Sixteen f16 at p, p + stride, ..., each read with the two bytes above it. */
GB_INLINE __m512 gb_gather_halves(const void *p, size_t stride) {
    return gb_halves(gb_gather_dwords(p, stride));
}

/* In every quarter, elements of `bits` of the four vectors in turn: those of the first two, then pairs of pairs. */
#define GB_INTERLEAVE(v, bits, twice, out)                                                                             \
    do {                                                                                                               \
        const __m512i a = _mm512_unpacklo_epi##bits((v)[0], (v)[1]);                                                   \
        const __m512i b = _mm512_unpackhi_epi##bits((v)[0], (v)[1]);                                                   \
        const __m512i c = _mm512_unpacklo_epi##bits((v)[2], (v)[3]);                                                   \
        const __m512i d = _mm512_unpackhi_epi##bits((v)[2], (v)[3]);                                                   \
        (out)[0] = _mm512_unpacklo_epi##twice(a, c);                                                                   \
        (out)[1] = _mm512_unpackhi_epi##twice(a, c);                                                                   \
        (out)[2] = _mm512_unpacklo_epi##twice(b, d);                                                                   \
        (out)[3] = _mm512_unpackhi_epi##twice(b, d);                                                                   \
    } while (0)

/* Bytes at .. at + 15 of sixteen rows -> four vectors of dwords, lane = row. */
GB_INLINE void gb_load_rows(const uint8_t *const row[GB_ROWS], size_t at, __m512i out[4]) {
    __m512i v[4];
    GB_UNROLL
    for (size_t i = 0; i < 4; i++) {
        v[i] = _mm512_castsi128_si512(gb_load128(row[i] + at));
        v[i] = _mm512_inserti32x4(v[i], gb_load128(row[4 + i] + at), 1);
        v[i] = _mm512_inserti32x4(v[i], gb_load128(row[8 + i] + at), 2);
        v[i] = _mm512_inserti32x4(v[i], gb_load128(row[12 + i] + at), 3);
    }
    GB_INTERLEAVE(v, 32, 64, out);
}

/* Row pointers of a group; where fewer than sixteen rows are left, the last one stands in and its lanes are masked. */
GB_INLINE void gb_row_pointers(const void *w, size_t stride, size_t rows, const uint8_t *row[GB_ROWS]) {
    for (size_t i = 0; i < GB_ROWS; i++) row[i] = (const uint8_t *)w + gb_min(i, rows - 1) * stride;
}

/* Lane 4i + q of the result = sum of the four dwords of quarter q of v[i]. */
GB_INLINE __m512i gb_sum_quarters(const __m512i v[4]) {
    const __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(v[0], v[1]), _mm512_unpackhi_epi32(v[0], v[1]));
    const __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(v[2], v[3]), _mm512_unpackhi_epi32(v[2], v[3]));
    const __m512i sum = _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    return _mm512_permutexvar_epi32(order, sum);
}

/* Lane i of the result = dwords 2i + (2i + 1) of a, then of b. */
GB_INLINE __m512i gb_sum_pairs(__m512i a, __m512i b) {
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
    return _mm512_add_epi32(_mm512_permutex2var_epi32(a, even, b), _mm512_permutex2var_epi32(a, odd, b));
}

typedef __m256i gb_two_fn(__m256i a, __m256i b);

/* Lane i of the result = the lanes of v[i] put together by `both`, two and two: neighbours but one, neighbours, halves.
 */
GB_INLINE __m256i gb_fold_eight_by(gb_two_fn *both, const __m256i v[8]) {
    __m256i four[2];
    GB_UNROLL
    for (size_t i = 0; i < 2; i++) {
        const __m256i *u = v + 4 * i;
        const __m256i a = both(_mm256_unpacklo_epi32(u[0], u[1]), _mm256_unpackhi_epi32(u[0], u[1]));
        const __m256i b = both(_mm256_unpacklo_epi32(u[2], u[3]), _mm256_unpackhi_epi32(u[2], u[3]));
        four[i] = both(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
    }
    return both(_mm256_permute2x128_si256(four[0], four[1], 0x20), _mm256_permute2x128_si256(four[0], four[1], 0x31));
}

/* Lane 2i + h of the result = sum of the eight dwords of half h of v[i]. */
GB_INLINE __m512i gb_sum_halves(const __m512i v[8]) {
    __m512i quarter[4];
    GB_UNROLL
    for (size_t i = 0; i < 4; i++)
        quarter[i] = _mm512_add_epi32(_mm512_shuffle_i32x4(v[2 * i], v[2 * i + 1], 0x88),
                                      _mm512_shuffle_i32x4(v[2 * i], v[2 * i + 1], 0xdd));
    return gb_sum_quarters(quarter);
}

/* The fold of reference/lanes.h on one register: halves of 8, 4, 2, 1 lanes. */
GB_INLINE float gb_fold(__m512 v) {
    const __m256 a = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    const __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 c = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(c, _mm_movehdup_ps(c)));
}

GB_INLINE __m512 gb_fold_pair(__m512 a, __m512 b) {
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
}

/* Lane i of the result = gb_fold(v[i]): the same additions for sixteen registers at once. */
GB_INLINE __m512 gb_fold16(const __m512 v[16]) {
    __m512 p[4];
    GB_UNROLL
    for (size_t i = 0; i < 4; i++) {
        const __m512 x = gb_fold_pair(v[i], v[4 + i]);
        const __m512 y = gb_fold_pair(v[8 + i], v[12 + i]);
        p[i] = _mm512_add_ps(_mm512_shuffle_f32x4(x, y, 0x88), _mm512_shuffle_f32x4(x, y, 0xdd));
    }
    __m512 q[2];
    GB_UNROLL
    for (size_t i = 0; i < 2; i++) {
        const __m512d x = _mm512_castps_pd(p[2 * i]);
        const __m512d y = _mm512_castps_pd(p[2 * i + 1]);
        q[i] = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(x, y)), _mm512_castpd_ps(_mm512_unpackhi_pd(x, y)));
    }
    return _mm512_add_ps(_mm512_shuffle_ps(q[0], q[1], 0x88), _mm512_shuffle_ps(q[0], q[1], 0xdd));
}

/* max(|x|, m) per lane; vmaxps gives its second operand where one is NaN, so a NaN in x never becomes the maximum. */
GB_INLINE __m512 gb_max_magnitude(__m512 x, __m512 m) {
    return _mm512_max_ps(_mm512_abs_ps(x), m);
}

/* The first of n (a multiple of 16) elements whose magnitude is the largest lane of m, with its sign; +0 if that is 0.
 */
GB_INLINE float gb_extreme(const float *x, __m512 m, size_t n) {
    const float largest = _mm512_reduce_max_ps(m);
    if (largest == 0.0F) return 0.0F;
    for (size_t i = 0; i < n; i += 16) {
        const __m512 v = _mm512_abs_ps(_mm512_loadu_ps(x + i));
        const unsigned hit = _mm512_cmp_ps_mask(v, _mm512_set1_ps(largest), _CMP_EQ_OQ);
        if (hit) return x[i + (size_t)__builtin_ctz(hit)];
    }
    return largest; /* not reached: the largest is one of them */
}

/* Sixteen signed bytes -> floats. */
GB_INLINE __m512 gb_bytes_to_f32(const void *p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(gb_load128(p)));
}

#endif
