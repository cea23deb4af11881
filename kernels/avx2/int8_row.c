/* int8_row on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/int8_row.h"
#include "kernels/vec32/quant.h"

/* The nearest integers, ties to even; INT32_MIN for NaN. */
GB_INLINE __m256i nearest(const float *x, __m256 inverse) {
    return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x), inverse));
}

/* Saturated to bytes, what stands for NaN is -128, and nothing else is. */
void gb_int8_row_quantize_act_avx2(const float *x, void *blocks, size_t n) {
    const __m256 inverse = _mm256_set1_ps(gb_int8_head(blocks, gb_largest(x, n, 4)));
    int8_t *q = (int8_t *)blocks + sizeof(float);
    for (size_t i = 0; i < n; i += 32) {
        const __m256i low = _mm256_packs_epi32(nearest(x + i, inverse), nearest(x + i + 8, inverse));
        const __m256i high = _mm256_packs_epi32(nearest(x + i + 16, inverse), nearest(x + i + 24, inverse));
        const __m256i codes = gb_pack_order(_mm256_packs_epi16(low, high));
        const __m256i nan = _mm256_cmpeq_epi8(codes, _mm256_set1_epi8(INT8_MIN));
        gb_store256(q + i, _mm256_andnot_si256(nan, codes));
    }
}

void gb_int8_row_dequantize_avx2(const void *blocks, float *x, size_t n) {
    const __m256 d = gb_broadcast_f32(blocks);
    const int8_t *q = (const int8_t *)blocks + sizeof(float);
    for (size_t i = 0; i < n; i += 8) {
        const __m256i code = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(q + i)));
        _mm256_storeu_ps(x + i, _mm256_mul_ps(_mm256_cvtepi32_ps(code), d));
    }
}

GB_INT8_ROW_KERNELS(avx2, sums)
