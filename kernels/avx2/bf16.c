/* bf16, AVX2. The encoder looks for NaN in sixteen elements at once, and without one rounds in words, where both
 * vectors fit one. */
#include "kernels/avx2/rows.h"

/* Upper halves, rounded to nearest even by an integer addition; NaN made quiet. Result: 0..65535 in each lane. */
GB_INLINE __m256i to_bf16(__m256 v) {
    const __m256i u = _mm256_castps_si256(v);
    const __m256i upper = _mm256_srli_epi32(u, 16);
    const __m256i odd = _mm256_and_si256(upper, _mm256_set1_epi32(1));
    const __m256i rounded =
        _mm256_srli_epi32(_mm256_add_epi32(u, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff))), 16);
    const __m256i quiet = _mm256_or_si256(upper, _mm256_set1_epi32(0x40));
    return _mm256_blendv_epi8(rounded, quiet, _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q)));
}

GB_INLINE __m256i both_bf16(__m256 a, __m256 b) {
    return _mm256_permute4x64_epi64(_mm256_packus_epi32(to_bf16(a), to_bf16(b)), 0xd8);
}

/* The same of numbers, in words that alternate between a and b: the upper half, and one more where the lower half is
 * above 0x8000, or equal and the upper one odd. */
GB_INLINE __m256i numbers_bf16(__m256 x, __m256 y) {
    const __m256i a = _mm256_castps_si256(x);
    const __m256i b = _mm256_castps_si256(y);
    const __m256i upper = _mm256_blend_epi16(_mm256_srli_epi32(a, 16), b, 0xaa);
    const __m256i lower = _mm256_blend_epi16(a, _mm256_slli_epi32(b, 16), 0xaa);
    const __m256i even = _mm256_andnot_si256(upper, _mm256_set1_epi16(1));
    const __m256i up = _mm256_srli_epi16(_mm256_subs_epu16(lower, even), 15);
    const __m256i apart = _mm256_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15, 0, 1, 4, 5, 8, 9, 12,
                                           13, 2, 3, 6, 7, 10, 11, 14, 15);
    return _mm256_permute4x64_epi64(_mm256_shuffle_epi8(_mm256_add_epi16(upper, up), apart), 0xd8);
}

void gb_bf16_quantize_act_avx2(const float *x, void *blocks, size_t n) {
    char *to = blocks;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        const __m256 a = _mm256_loadu_ps(x + i);
        const __m256 b = _mm256_loadu_ps(x + i + 8);
        const int nan = _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_UNORD_Q));
        gb_store256(to + 2 * i, nan ? both_bf16(a, b) : numbers_bf16(a, b));
    }
    for (; i < n; i++) gb_store_u16(to, i, gb_bf16_from_f32(x[i]));
}

void gb_bf16_dequantize_avx2(const void *blocks, float *x, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) _mm256_storeu_ps(x + i, gb_load8_bf16((const char *)blocks + 2 * i));
    for (; i < n; i++) x[i] = gb_f32_from_bf16(gb_load_u16(blocks, i));
}

GB_ROW_KERNELS(bf16, GB_ROW_BF16, 0)
