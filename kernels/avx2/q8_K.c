/* q8_K, AVX2. */
#include "kernels/q8_K.h"
#include "kernels/vec32/quant.h"

enum { SUB = 16 };

/* Low byte of the nearest integer to x * inverse, ties to even, as 0..255; an infinite or NaN product gives 0. */
GB_INLINE __m256i round_bytes(const float *x, __m256 inverse) {
    const __m256 t = _mm256_add_ps(_mm256_mul_ps(inverse, _mm256_loadu_ps(x)), _mm256_set1_ps(12582912.0F));
    const __m256 kept = _mm256_and_ps(t, _mm256_cmp_ps(t, t, _CMP_ORD_Q));
    return _mm256_and_si256(_mm256_castps_si256(kept), _mm256_set1_epi32(255));
}

GB_INLINE float extreme(const float *x) {
    return gb_extreme(x, BLOCK);
}

GB_INLINE void encode_codes(const float *x, float inverse, gb_block_q8_K *b) {
    const __m256 v = _mm256_set1_ps(inverse);
    for (size_t j = 0; j < BLOCK; j += 32) {
        const __m256i lo = _mm256_packus_epi32(round_bytes(x + j, v), round_bytes(x + j + 8, v));
        const __m256i hi = _mm256_packus_epi32(round_bytes(x + j + 16, v), round_bytes(x + j + 24, v));
        const __m256i q = gb_pack_order(_mm256_packus_epi16(lo, hi));
        const __m256i sum = _mm256_madd_epi16(gb_pair_sums16(q), _mm256_set1_epi16(1)); /* of sixteen, in every lane */
        gb_store256(b->qs + j, q);
        b->bsums[j / SUB] = (int16_t)_mm256_extract_epi16(sum, 0);
        b->bsums[j / SUB + 1] = (int16_t)_mm256_extract_epi16(sum, 8);
    }
}

GB_INLINE void decode(const gb_block_q8_K *b, float *x, size_t blocks) {
    for (size_t k = 0; k < blocks; k++) {
        const __m256 d = _mm256_set1_ps(b[k].d);
        for (size_t j = 0; j < BLOCK; j += 8, x += 8) _mm256_storeu_ps(x, _mm256_mul_ps(d, gb_floats8_s8(b[k].qs + j)));
    }
}

GB_Q8_K_KERNELS(avx2)
