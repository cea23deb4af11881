/* The eight-bit scales of reference/scale8.h, eight at a time: bytes 0..255 in dwords, halved as there. */
#ifndef GB_VEC32_SCALE8_H
#define GB_VEC32_SCALE8_H

#include "kernels/vec32/simd.h"
#include "reference/scale8.h"

/* 2^(e - 128): below e = 2 a subnormal number. */
GB_INLINE __m256 gb_e8m0_half(__m256i e) {
    const __m256i normal = _mm256_slli_epi32(_mm256_sub_epi32(e, _mm256_set1_epi32(1)), 23);
    const __m256i small = _mm256_sllv_epi32(_mm256_set1_epi32(0x200000), e);
    const __m256i is_normal = _mm256_cmpgt_epi32(e, _mm256_set1_epi32(1));
    return _mm256_castsi256_ps(_mm256_blendv_epi8(small, normal, is_normal));
}

/* Exponents are raised in place; exponent 0 counts steps of 2^-10; 0x7f alone is 0. */
GB_INLINE __m256 gb_ue4m3_half(__m256i b) {
    const __m256i bits = _mm256_and_si256(b, _mm256_set1_epi32(0x7f));
    const __m256i normal = _mm256_add_epi32(_mm256_slli_epi32(bits, 20), _mm256_set1_epi32((127 - 8) << 23));
    const __m256 small = _mm256_mul_ps(_mm256_cvtepi32_ps(bits), _mm256_set1_ps(0x1p-10F));
    const __m256i is_normal = _mm256_cmpgt_epi32(bits, _mm256_set1_epi32(7));
    const __m256 v = _mm256_blendv_ps(small, _mm256_castsi256_ps(normal), _mm256_castsi256_ps(is_normal));
    return _mm256_andnot_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(b, _mm256_set1_epi32(0x7f))), v);
}

/* The byte at an offset of eight rows, as dwords. */
GB_INLINE __m256i gb_row_bytes8(const char *const row[8], size_t offset) {
    uint8_t out[8];
    for (size_t r = 0; r < 8; r++) out[r] = (uint8_t)row[r][offset];
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)out));
}

#endif
