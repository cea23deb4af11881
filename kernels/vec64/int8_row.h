/* int8_row in vectors of 64 bytes, the codes of both sides widened: pairs of products of at most 2^15 meet 32 bits. */
#include "kernels/int8_row.h"
#include "kernels/vec64/simd.h"

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

#define GB_INT8_ROW_DEQUANTIZE(isa)                                                                                    \
    void gb_int8_row_dequantize_##isa(const void *blocks, float *x, size_t n) {                                        \
        const __m512 d = gb_broadcast_f32(blocks);                                                                     \
        const int8_t *q = (const int8_t *)blocks + sizeof(float);                                                      \
        for (size_t i = 0; i < n; i += 16) _mm512_storeu_ps(x + i, _mm512_mul_ps(gb_bytes_to_f32(q + i), d));          \
    }
