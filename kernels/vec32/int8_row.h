/* int8_row in vectors of 32 bytes. Without VNNI the codes of both sides are widened: pairs of products of at most 2^15
 * meet 32 bits. */
#include "kernels/int8_row.h"
#include "kernels/vec32/simd.h"

GB_INLINE __m256i widened(const int8_t *p) {
    return _mm256_cvtepi8_epi16(gb_load128(p));
}

/* Of unsigned codes, raised by 128, which is taken away with the sum of the activations. */
GB_INLINE void raised_sums(const int8_t *const w[GB_INT8_ROWS], size_t rows, const int8_t *a, size_t n,
                           __m256i sum[GB_INT8_ROWS]) {
    __m256i above = _mm256_setzero_si256();
    for (size_t i = 0; i < n; i += 32) {
        const __m256i q = gb_load256(a + i);
        above = gb_add_bytes(above, _mm256_set1_epi8(1), q);
        for (size_t r = 0; r < rows; r++)
            sum[r] = gb_add_bytes(sum[r], _mm256_xor_si256(gb_load256(w[r] + i), _mm256_set1_epi8(INT8_MIN)), q);
    }
    for (size_t r = 0; r < rows; r++) sum[r] = _mm256_sub_epi32(sum[r], _mm256_slli_epi32(above, 7));
}

GB_INLINE void sums(const int8_t *const w[GB_INT8_ROWS], size_t rows, const int8_t *a, size_t n,
                    int64_t total[GB_INT8_ROWS]) {
    __m256i sum[GB_INT8_ROWS];
    for (size_t r = 0; r < rows; r++) sum[r] = _mm256_setzero_si256();
    if (GB_SUMS_BYTES) raised_sums(w, rows, a, n, sum);
    for (size_t i = 0; !GB_SUMS_BYTES && i < n; i += 16) {
        const __m256i q = widened(a + i);
        for (size_t r = 0; r < rows; r++) sum[r] = gb_add_pairs(sum[r], widened(w[r] + i), q);
    }
    for (size_t r = 0; r < rows; r++) {
        const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sum[r]), _mm256_extracti128_si256(sum[r], 1));
        const __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
        total[r] += _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_srli_epi64(two, 32)));
    }
}
