/* int8_row in vectors of 64 bytes, the codes of both sides widened: pairs of products of at most 2^15 meet 32 bits. */
#include "kernels/int8_row.h"
#include "kernels/vec64/simd.h"

/* n, here and below, is a multiple of 32. */
GB_INLINE float largest_of(const float *x, size_t n) {
    __m512 m[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        GB_UNROLL
        for (size_t j = 0; j < 4; j++) m[j] = gb_max_magnitude(_mm512_loadu_ps(x + i + 16 * j), m[j]);
    }
    for (; i < n; i += 16) m[0] = gb_max_magnitude(_mm512_loadu_ps(x + i), m[0]);
    return _mm512_reduce_max_ps(_mm512_max_ps(_mm512_max_ps(m[0], m[1]), _mm512_max_ps(m[2], m[3])));
}

/* The nearest integers to x * inverse, ties to even; INT32_MIN, whose low byte is 0, for NaN. */
GB_INLINE __m512i nearest(const float *x, __m512 inverse) {
    return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x), inverse));
}

GB_INLINE void encode(const float *x, void *row, size_t n) {
    const __m512 inverse = _mm512_set1_ps(gb_int8_head(row, largest_of(x, n)));
    char *q = (char *)row + sizeof(float);
    for (size_t i = 0; i < n; i += 16)
        _mm_storeu_si128((__m128i *)(void *)(q + i), _mm512_cvtepi32_epi8(nearest(x + i, inverse)));
}

GB_INLINE __m512i widened(const int8_t *p) {
    return _mm512_cvtepi8_epi16(gb_load256(p));
}

GB_INLINE void sums(const int8_t *const w[GB_INT8_ROWS], size_t rows, const int8_t *a, size_t n,
                    int64_t total[GB_INT8_ROWS]) {
    __m512i sum[GB_INT8_ROWS];
    GB_UNROLL
    for (size_t r = 0; r < rows; r++) sum[r] = _mm512_setzero_si512();
    for (size_t i = 0; i < n; i += 32) {
        const __m512i q = widened(a + i);
        GB_UNROLL
        for (size_t r = 0; r < rows; r++) sum[r] = gb_add_pairs(sum[r], widened(w[r] + i), q);
    }
    GB_UNROLL
    for (size_t r = 0; r < rows; r++) total[r] += _mm512_reduce_add_epi32(sum[r]);
}

#define GB_INT8_ROW_CODEC(isa)                                                                                         \
    void gb_int8_row_quantize_act_##isa(const float *x, void *blocks, size_t n) {                                      \
        encode(x, blocks, n);                                                                                          \
    }                                                                                                                  \
    void gb_int8_row_dequantize_##isa(const void *blocks, float *x, size_t n) {                                        \
        const __m512 d = gb_broadcast_f32(blocks);                                                                     \
        const int8_t *q = (const int8_t *)blocks + sizeof(float);                                                      \
        for (size_t i = 0; i < n; i += 16) _mm512_storeu_ps(x + i, _mm512_mul_ps(gb_bytes_to_f32(q + i), d));          \
    }
