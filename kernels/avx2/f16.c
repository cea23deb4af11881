/* f16, AVX2 with F16C. */
#include "kernels/avx2/rows.h"

/* Into a register: compilers merge the conversion with the store, and to memory it takes twice as long on Zen 4. */
GB_INLINE __m128i convert(__m256 v) {
    __m128i h = _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT);
    __asm__("" : "+x"(h));
    return h;
}

/* vcvtps2ph keeps NaN payloads; the format's rule is sign | 0x7e00. */
GB_INLINE __m128i to_f16(__m256 v) {
    const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    const __m128i mask = _mm_packs_epi32(_mm256_castsi256_si128(nan), _mm256_extracti128_si256(nan, 1));
    const __m128i h = convert(v);
    const __m128i quiet = _mm_or_si128(_mm_and_si128(h, _mm_set1_epi16(INT16_MIN)), _mm_set1_epi16(0x7e00));
    return _mm_blendv_epi8(h, quiet, mask);
}

GB_INLINE void store(char *to, __m128i h) {
    _mm_storeu_si128((__m128i *)(void *)to, h);
}

/* Looks for NaN in 32 elements at once. */
void gb_f16_quantize_act_avx2(const float *x, void *blocks, size_t n) {
    char *to = blocks;
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        __m256 v[4];
        for (size_t j = 0; j < 4; j++) v[j] = _mm256_loadu_ps(x + i + 8 * j);
        const __m256 nan =
            _mm256_or_ps(_mm256_cmp_ps(v[0], v[1], _CMP_UNORD_Q), _mm256_cmp_ps(v[2], v[3], _CMP_UNORD_Q));
        if (_mm256_movemask_ps(nan) == 0)
            for (size_t j = 0; j < 4; j++) store(to + 2 * i + 16 * j, convert(v[j]));
        else
            for (size_t j = 0; j < 4; j++) store(to + 2 * i + 16 * j, to_f16(v[j]));
    }
    for (; i + 8 <= n; i += 8) store(to + 2 * i, to_f16(_mm256_loadu_ps(x + i)));
    for (; i < n; i++) gb_store_u16(to, i, gb_f16_from_f32(x[i]));
}

void gb_f16_dequantize_avx2(const void *blocks, float *x, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) _mm256_storeu_ps(x + i, gb_load8_f16((const char *)blocks + 2 * i));
    for (; i < n; i++) x[i] = gb_half(gb_load_u16(blocks, i));
}

GB_ROW_KERNELS(f16, GB_ROW_F16, 1)
