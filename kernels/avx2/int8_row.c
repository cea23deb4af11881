/* int8_row on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/int8_row.h"

void gb_int8_row_dequantize_avx2(const void *blocks, float *x, size_t n) {
    const __m256 d = gb_broadcast_f32(blocks);
    const int8_t *q = (const int8_t *)blocks + sizeof(float);
    for (size_t i = 0; i < n; i += 8) {
        const __m256i code = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(q + i)));
        _mm256_storeu_ps(x + i, _mm256_mul_ps(_mm256_cvtepi32_ps(code), d));
    }
}

GB_INT8_ROW_KERNELS(avx2, sums)
